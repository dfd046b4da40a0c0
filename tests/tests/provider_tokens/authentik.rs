//! authentik: access tokens and ID tokens have the client as audience; only access tokens have `azp`.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://auth.example/application/o/shop/";

pub(crate) fn header() -> Value {
    json!({ "kid": "a1", "typ": "JWT" })
}

pub(crate) fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "9f2c", "aud": "web", "auth_time": NOW - 60, "sid": "s-1", "amr": ["pwd"],
            "acr": "goauthentik.io/providers/oauth2/default", "groups": ["editors"],
            "email": "ada@shop.example", "preferred_username": "ada",
        }),
    )
}

pub(crate) fn user() -> Claims {
    id_token().with(json!({ "azp": "web", "uid": "u7", "scope": "openid profile" }))
}

const ADA: &str = "9f2c roles=editors scopes=openid,profile session=s-1";

#[test]
fn authentik() {
    let described = || Jwt::authentik(ISSUER).audience("web");
    let bench = Bench::rs256(header(), described());
    bench.check([row("good", user(), Ok(ADA))]);
    // A logout token is recognized by its header, and because it does not name its client.
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        with("issued 2 s early", json!({ "iat": NOW + 2 }), Ok(ADA)),
        with("issued 60 s early", json!({ "iat": NOW + 60 }), Err("`iat` is in the future")),
        with("expired", json!({ "exp": NOW }), Err("`exp` has passed")),
        with("bound by DPoP", json!({ "cnf": { "jkt": "x" } }), Err(cause::BOUND)),
        row("logout token", id_token().with(json!({ "events": {} })), Err(cause::TYPE))
            .header(json!({ "typ": "logout+jwt" })),
        row(
            "logout token without its type",
            id_token().with(json!({ "events": {} })),
            Err(cause::NO_CLIENT),
        ),
        row(
            "machine",
            user().with(json!({ "sub": "ak-web-client_credentials" })).without("groups"),
            Ok("ak-web-client_credentials scopes=openid,profile session=s-1"),
        ),
        row(
            "older versions: no scope",
            user().without("scope"),
            Ok("9f2c roles=editors session=s-1"),
        ),
        with("with the nonce of the sign-in", json!({ "nonce": "n" }), Ok(ADA)),
        with(
            "another application",
            json!({ "iss": "https://auth.example/application/o/wiki/" }),
            Err(cause::ISSUER),
        ),
        with("one issuer for all", json!({ "iss": "https://auth.example/" }), Err(cause::ISSUER)),
        with("another client", json!({ "aud": "wiki", "azp": "wiki" }), Err(cause::AUDIENCE)),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row(
            "ID token",
            id_token().with(json!({ "at_hash": "h", "nonce": "n" })),
            Err(cause::NO_CLIENT),
        ),
        row("ID token without marks", id_token(), Err(cause::NO_CLIENT)),
        row(
            "ID token that a mapping gave `azp`",
            id_token().with(json!({ "azp": "web" })),
            Err(cause::REQUIRED),
        ),
    ]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok("9f2c scopes=openid,profile session=s-1")),
        row("older versions: no scope", user().without("scope"), Err(cause::OWN)),
        row("ID token", id_token().with(json!({ "at_hash": "h", "nonce": "n" })), Err(cause::HASH)),
        row(
            "ID token without `at_hash`",
            id_token().with(json!({ "nonce": "n" })),
            Err(cause::NONCE),
        ),
    ]
}
