//! The startup errors of each preset, with their texts.

use secure_runtime::authentication::{IntoAuthenticator, Jwt};

fn faults(jwt: Jwt) -> Vec<String> {
    let errors = jwt.into_authenticator().err().into_iter().flatten();
    errors.map(|error| error.message().to_owned()).collect()
}

fn check(jwt: Jwt, expected: &[&str]) {
    let shown = format!("{jwt:?}");
    assert_eq!(faults(jwt), expected, "{shown}");
}

const TENANT: &str = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";

#[test]
fn what_no_preset_can_know_must_be_named() {
    for (jwt, fault) in [
        (
            Jwt::keycloak("https://login.example", "shop"),
            "Keycloak: tokens are for `account`, or for nobody, until an audience mapper of the client \
             adds this API: name the audience that it adds with `.audience(…)`",
        ),
        (Jwt::auth0("x.auth0.com"), "Auth0: name the API's identifier with `.audience(…)`"),
        (
            Jwt::okta("x.okta.com", "default"),
            "Okta: name the audience of the authorization server with `.audience(…)`: `api://default`, say",
        ),
        (Jwt::entra(TENANT), ENTRA),
        (Jwt::entra_any_tenant(|_| true), ENTRA),
        (
            Jwt::azure_b2c("contoso", TENANT, "B2C_1_signin"),
            "Azure AD B2C: name the API's application ID with `.audience(…)`",
        ),
        (
            Jwt::cognito("eu-west-1", "eu-west-1_a"),
            "AWS Cognito: access tokens of a user pool have no `aud`: name the app clients whose tokens \
             are accepted with `.client_ids([…])`",
        ),
        (
            Jwt::google(),
            "Google: name the OAuth client whose users call with `.audience(…)`: an ID token is for a \
             client",
        ),
        (
            Jwt::google_iap(),
            "Google Identity-Aware Proxy: name the audience of the backend with `.audience(…)`: \
             `/projects/NUMBER/…`",
        ),
        (
            Jwt::clerk("clerk.shop.example"),
            "Clerk: session tokens have no `aud`: name the origins of the front ends with \
             `.client_ids([…])`, which `azp` holds: `https://shop.example`",
        ),
        (
            Jwt::zitadel("https://x.zitadel.cloud"),
            "Zitadel: name the project's ID with `.audience(…)`, and have clients ask for the scope \
             `urn:zitadel:iam:org:project:id:PROJECT:aud`",
        ),
        (
            Jwt::hydra("https://auth.example/"),
            "Ory Hydra: `aud` is empty where a client asks for no audience: name the audience that \
             clients ask for with `.audience(…)`, or the clients with `.client_ids([…])`",
        ),
        (
            Jwt::duende("https://identity.example"),
            "Duende IdentityServer: name the API that tokens are for with `.audience(…)`",
        ),
        (
            Jwt::authentik("https://auth.example/application/o/shop/"),
            "authentik: name the client's ID with `.audience(…)`: authentik's tokens are for their client",
        ),
        (
            Jwt::spring_authorization_server("https://auth.example"),
            "Spring Authorization Server: name the client's ID with `.audience(…)`: the tokens are for \
             their client, unless a customizer writes another `aud`",
        ),
        (
            Jwt::forgerock("https://am.example/am/oauth2"),
            "ForgeRock Access Management: name the audience of the tokens with `.audience(…)`: the \
             client's ID, unless a script writes another",
        ),
        (
            Jwt::kinde("x.kinde.com"),
            "Kinde: `aud` is empty where an application has no API: name the API's audience with \
             `.audience(…)`, or the applications with `.client_ids([…])`",
        ),
        (
            Jwt::logto("https://x.logto.app"),
            "Logto: name the API resource's identifier with `.audience(…)`",
        ),
        (
            Jwt::cloudflare_access("shop"),
            "Cloudflare Access: name the application's audience tag with `.audience(…)`",
        ),
    ] {
        check(jwt, &[fault]);
    }
}

const ENTRA: &str = "Microsoft Entra ID: name the API's application ID with `.audience(…)` (tokens of \
                     version 2), or its application ID URI, `api://…` (version 1)";

/// These presets have a fixed audience.
#[test]
fn some_presets_need_nothing() {
    for jwt in [
        Jwt::firebase("shop-1234"),
        Jwt::firebase_session_cookie("shop-1234"),
        Jwt::supabase("https://abcd.supabase.co"),
    ] {
        check(jwt, &[]);
    }
}

#[test]
fn github_serves_everybody() {
    let demand = "GitHub Actions: every workflow at GitHub gets tokens for any audience it asks for: say \
                  whose workflows may call with `.claim(\"repository_owner_id\").is(…)`, `repository_id`, \
                  `repository_owner`, `repository` or `sub`";
    let audience = "no audience: name this service with `.audience(…)`, or its clients with \
                    `.client_ids(…)` where tokens have no `aud`, or spell out \
                    `.dangerously_accept_any_audience()`";
    check(Jwt::github_actions(), &[audience, demand]);
    let named = || Jwt::github_actions().audience("https://deploy.example");
    check(named(), &[demand]);
    check(named().claim("ref").is("refs/heads/main"), &[demand]);
    for claim in ["repository_owner_id", "repository_id", "repository_owner", "repository", "sub"] {
        check(named().claim(claim).is("octo-org"), &[]);
    }
    let owner = Jwt::github_actions().claim("repository_owner").is("octo-org");
    check(owner, &[audience]);
}

#[test]
fn a_tenant_is_named_by_its_id() {
    let fault =
        "Microsoft Entra ID: `contoso.onmicrosoft.com` is not the ID of a tenant, expected a GUID";
    check(Jwt::entra("contoso.onmicrosoft.com").audience("api"), &[fault]);
    check(Jwt::entra("common"), &[ENTRA, &fault.replace("contoso.onmicrosoft.com", "common")]);
    let fault = "Azure AD B2C: `contoso` is not the ID of a tenant, expected a GUID";
    check(Jwt::azure_b2c("contoso", "contoso", "B2C_1_signin").audience("api"), &[fault]);
}

/// The keys of a cluster are fetched with the credentials of a pod.
#[test]
fn outside_of_a_pod_kubernetes_does_not_start() {
    let issuer = "https://kubernetes.default.svc.cluster.local";
    let found = faults(Jwt::kubernetes(issuer)).join("\n");
    assert!(found.contains("Kubernetes: name the audience that pods ask for"), "{found}");
    assert!(
        found.contains("outside of a pod, use `Jwt::discover(…)`, or `Jwt::jwks_file(…)`"),
        "{found}"
    );
}
