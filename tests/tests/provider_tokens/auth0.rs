//! Auth0: both profiles of access tokens.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://shop.eu.auth0.com/";
pub(crate) const API: &str = "https://api.shop.example";

pub(crate) fn header() -> Value {
    json!({ "typ": "JWT", "kid": "Uz3jG" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "auth0|6553", "aud": [API, "https://shop.eu.auth0.com/userinfo"], "azp": "web",
            "scope": "openid profile read:orders", "permissions": ["read:orders"], "org_id": "org_9",
            "https://shop.example/roles": ["editor"],
        }),
    )
}

fn machine() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "reports@clients", "aud": API, "azp": "reports", "gty": "client-credentials",
            "scope": "read:orders", "permissions": ["read:orders"],
        }),
    )
}

/// The profile of RFC 9068: `client_id` and `jti`, and no `azp`.
fn user_of_rfc9068() -> Claims {
    user().without("azp").with(json!({ "client_id": "web", "jti": "Rk1x" }))
}

fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "auth0|6553", "aud": "web", "sid": "s-1", "nonce": "n-0S6", "nickname": "ada",
            "email": "ada@shop.example", "email_verified": true, "updated_at": "2026-01-01T00:00:00.000Z",
        }),
    )
}

fn described() -> Jwt {
    Jwt::auth0("shop.eu.auth0.com").audience(API)
}

const ADA: &str = "auth0|6553 scopes=openid,profile,read:orders permissions=read:orders";

#[test]
fn auth0() {
    let bench = Bench::rs256(header(), described());
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        row("machine", machine(), Ok("reports@clients scopes=read:orders permissions=read:orders")),
        row(
            "RFC 9068",
            user_of_rfc9068(),
            Ok("auth0|6553 scopes=openid,profile,read:orders permissions=read:orders id=Rk1x"),
        )
        .header(json!({ "typ": "at+jwt" })),
        row(
            "without RBAC",
            user().without("permissions"),
            Ok("auth0|6553 scopes=openid,profile,read:orders"),
        ),
        with(
            "issuer without its slash",
            json!({ "iss": "https://shop.eu.auth0.com" }),
            Err(cause::ISSUER),
        ),
        with("another tenant", json!({ "iss": "https://other.eu.auth0.com/" }), Err(cause::ISSUER)),
        with(
            "no API was asked for",
            json!({ "aud": "https://shop.eu.auth0.com/userinfo" }),
            Err(cause::AUDIENCE),
        ),
        with("another API", json!({ "aud": ["https://api.other.example"] }), Err(cause::AUDIENCE)),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("ID token", id_token(), Err(cause::NONCE)),
        row("ID token without `nonce`", id_token().without("nonce"), Err(cause::AUDIENCE)),
    ]);
    bench.check_text("v1.MRrt", cause::NOT_JWT);
}

#[test]
fn auth0_with_clients_organizations_and_roles() {
    let jwt = described()
        .client_ids(["web"])
        .tenant_claim("org_id")
        .roles_claim(["https://shop.example/roles"]);
    let ada = "auth0|6553 roles=editor scopes=openid,profile,read:orders permissions=read:orders \
               tenant=org_9";
    Bench::rs256(header(), jwt).check([
        row("our client", user(), Ok(ada)),
        row("another client", machine(), Err(cause::CLIENT)),
        row(
            "another client, RFC 9068",
            user_of_rfc9068().with(json!({ "client_id": "evil" })),
            Err(cause::CLIENT),
        )
        .header(json!({ "typ": "at+jwt" })),
    ]);
}

/// An ID token is refused even where its client is named as the audience.
#[test]
fn auth0_with_a_client_as_audience() {
    let bench = Bench::rs256(header(), Jwt::auth0("shop.eu.auth0.com").audience("web"));
    bench.check([
        row("ID token", id_token(), Err(cause::NONCE)),
        row("ID token without `nonce`", id_token().without("nonce"), Err(cause::NO_CLIENT)),
    ]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok(ADA)),
        row("machine", machine(), Ok("reports@clients scopes=read:orders permissions=read:orders")),
        row("ID token", id_token(), Err(cause::NONCE)),
        row("ID token without `nonce`", id_token().without("nonce"), Err(cause::AUDIENCE)),
    ]
}

pub(crate) fn only_with_preset() -> Vec<Row> {
    vec![row("ID token", id_token().without("nonce"), Ok("auth0|6553 session=s-1"))]
}
