//! `Jwt::discover(issuer).audience(audience)` with the tokens of every provider: access tokens are accepted,
//! without roles and scopes in non-standard claims; ID tokens and refresh tokens are refused.

use secure_runtime::authentication::Jwt;
use serde_json::Value;

use super::{
    Bench, Row, auth0, authentik, clerk, cognito, duende, entra, firebase, forgerock, google,
    hydra, keycloak, kinde, logto, okta, spring, supabase, workloads, zitadel,
};

fn check(issuer: &str, audience: &str, header: Value, rows: Vec<Row>) {
    Bench::rs256(header, Jwt::discover(issuer).audience(audience)).check(rows);
}

#[test]
fn without_a_preset() {
    check(keycloak::ISSUER, "shop-api", keycloak::header(), keycloak::without_preset());
    check(auth0::ISSUER, auth0::API, auth0::header(), auth0::without_preset());
    check(okta::ISSUER, "api://default", okta::header(), okta::without_preset());
    check(&entra::own_issuer(), entra::API, entra::header(), entra::without_preset());
    check(cognito::ISSUER, "1example", cognito::header(), cognito::without_preset());
    check(google::ISSUER, google::WEB, google::header(), google::without_preset());
    check(firebase::ISSUER, "shop-1234", firebase::header(), firebase::without_preset());
    check(supabase::ISSUER, "authenticated", supabase::header(), supabase::without_preset());
    check(clerk::ISSUER, "https://shop.example", clerk::header(), clerk::without_preset());
    check(zitadel::ISSUER, zitadel::AUDIENCE, zitadel::header(), zitadel::without_preset());
    check(hydra::ISSUER, "shop", hydra::header(), hydra::without_preset());
    check(duende::ISSUER, "shop", duende::header(), duende::without_preset());
    check(authentik::ISSUER, "web", authentik::header(), authentik::without_preset());
    check(spring::ISSUER, "web", spring::header(), spring::without_preset());
    check(forgerock::ISSUER, "web", forgerock::header(), forgerock::without_preset());
    check(kinde::ISSUER, kinde::API, kinde::header(), kinde::without_preset());
    check(logto::ISSUER, logto::API, logto::header(), logto::without_preset());
    let (github, cluster) = (workloads::GITHUB, workloads::CLUSTER);
    let rows = workloads::without_preset_of_github();
    check(github, "https://deploy.example", workloads::header_of_github(), rows);
    let rows = workloads::without_preset_of_kubernetes();
    check(cluster, "shop", workloads::header_of_kubernetes(), rows);
}

/// These tokens do not contain their kind, so a description without a preset
/// accepts them if a client is the audience.
#[test]
fn what_only_a_preset_can_tell() {
    check(&entra::own_issuer(), entra::API, entra::header(), entra::only_with_preset());
    check(auth0::ISSUER, "web", auth0::header(), auth0::only_with_preset());
    check(okta::ISSUER, "0oa1", okta::header(), okta::only_with_preset());
    check(zitadel::ISSUER, zitadel::AUDIENCE, zitadel::header(), zitadel::only_with_preset());
}
