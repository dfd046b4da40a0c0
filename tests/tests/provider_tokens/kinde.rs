//! Kinde: roles are objects, scopes are in `scp`, and machines' tokens have no subject.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://shop.kinde.com";
pub(crate) const API: &str = "https://api.shop.example";

pub(crate) fn header() -> Value {
    json!({ "kid": "2c:4f", "typ": "JWT" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "aud": [API], "azp": "web", "jti": "j-1", "org_code": "org_1", "permissions": ["read:orders"],
            "roles": [{ "id": "1", "key": "editor", "name": "Editor" }],
            "scp": ["openid", "profile"], "sub": "kp_1",
        }),
    )
}

fn machine() -> Claims {
    claims(
        ISSUER,
        json!({
            "aud": [API], "azp": "reports", "gty": ["client_credentials"], "jti": "j-2",
            "scope": "read:orders", "scp": ["read:orders"], "v": "2",
        }),
    )
}

fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "aud": [ISSUER, "web"], "azp": "web", "at_hash": "h", "auth_time": NOW - 60, "jti": "j-3",
            "org_codes": ["org_1"], "rat": NOW - 70, "sub": "kp_1", "email": "ada@shop.example",
        }),
    )
}

const ADA: &str =
    "kp_1 roles=editor scopes=openid,profile permissions=read:orders tenant=org_1 id=j-1";

#[test]
fn kinde() {
    let described = || Jwt::kinde("shop.kinde.com").audience(API);
    let bench = Bench::rs256(header(), described());
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        row(
            "no roles",
            user().without("roles"),
            Ok("kp_1 scopes=openid,profile permissions=read:orders tenant=org_1 id=j-1"),
        ),
        row("machine", machine(), Err(cause::NO_SUBJECT)),
        with("no API", json!({ "aud": [] }), Err(cause::NO_AUDIENCE)),
        with("another API", json!({ "aud": ["https://other.example"] }), Err(cause::AUDIENCE)),
        with("another business", json!({ "iss": "https://other.kinde.com" }), Err(cause::ISSUER)),
        row("ID token", id_token(), Err(cause::HASH)),
        row("ID token without `at_hash`", id_token().without("at_hash"), Err(cause::AUDIENCE)),
    ]);
    Bench::rs256(header(), described().client_as_subject().client_ids(["web", "reports"])).check([
        row("user", user(), Ok(ADA)),
        row("machine", machine(), Ok("reports scopes=read:orders id=j-2")),
        row("another client", machine().with(json!({ "azp": "evil" })), Err(cause::CLIENT)),
    ]);
    Bench::rs256(header(), Jwt::kinde("shop.kinde.com").client_ids(["web"])).check([
        row("no API", user().with(json!({ "aud": [] })), Ok(ADA)),
        row("another client", user().with(json!({ "aud": [], "azp": "evil" })), Err(cause::CLIENT)),
        row("ID token without `at_hash`", id_token().without("at_hash"), Err(cause::AUDIENCE)),
    ]);
}

/// An ID token is refused even where its client is named as the audience.
#[test]
fn kinde_with_a_client_as_audience() {
    let bench = Bench::rs256(header(), Jwt::kinde("shop.kinde.com").audience("web"));
    bench.check([row(
        "ID token without `at_hash`",
        id_token().without("at_hash"),
        Err(cause::OWN),
    )]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok("kp_1 permissions=read:orders id=j-1")),
        row("machine", machine(), Err(cause::NO_SUBJECT)),
        row("ID token", id_token(), Err(cause::HASH)),
    ]
}
