//! Clerk: session tokens of both versions; `azp` is the front end's origin.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://clerk.shop.example";

pub(crate) fn header() -> Value {
    json!({ "cat": "cl_B7d4PD111AAA", "kid": "ins_2", "typ": "JWT" })
}

fn session(others: Value) -> Claims {
    claims(
        ISSUER,
        json!({
            "azp": "https://shop.example", "exp": NOW + 60, "nbf": NOW - 10, "fva": [9, -1],
            "sid": "sess_1", "sub": "user_1",
        }),
    )
    .with(others)
}

pub(crate) fn user() -> Claims {
    session(json!({
        "jti": "j-1", "v": 2, "sts": "active", "fea": "o:articles", "pla": "o:pro",
        "o": { "id": "org_1", "slg": "acme", "rol": "admin", "per": "read,manage", "fpm": "3" },
    }))
}

fn user_of_version_1() -> Claims {
    session(json!({
        "org_id": "org_1", "org_role": "org:admin", "org_slug": "acme",
        "org_permissions": ["org:articles:read"],
    }))
}

const ADA: &str = "user_1 roles=admin tenant=org_1 session=sess_1 id=j-1";

#[test]
fn clerk() {
    let bench = Bench::rs256(
        header(),
        Jwt::clerk("clerk.shop.example").client_ids(["https://shop.example"]),
    );
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        row("no organization", session(json!({ "v": 2, "jti": "j-2" })), Ok("user_1 session=sess_1 id=j-2")),
        row(
            "version 1",
            user_of_version_1(),
            Ok("user_1 roles=org:admin permissions=org:articles:read session=sess_1"),
        ),
        with("another front end", json!({ "azp": "https://evil.example" }), Err(cause::CLIENT)),
        row("no front end: a native application", user().without("azp"), Err(cause::NO_CLIENT)),
        with("another instance", json!({ "iss": "https://x.clerk.accounts.dev" }), Err(cause::ISSUER)),
        with("of a template with an audience", json!({ "aud": "https://api.example" }), Err(cause::AUDIENCE)),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("ID token", claims(ISSUER, json!({
            "aud": "client_1", "azp": "client_1", "sub": "user_1", "nonce": "n", "at_hash": "h",
        })), Err(cause::HASH)),
        row("ID token without marks", claims(ISSUER, json!({ "aud": "client_1", "sub": "user_1" })), Err(cause::AUDIENCE)),
        row("OAuth access token of a client", claims(ISSUER, json!({
            "client_id": "client_1", "sub": "user_1", "jti": "oat_1", "scope": "profile",
        })), Err(cause::CLIENT)).header(json!({ "typ": "at+jwt" })),
        with("a session that is not complete", json!({ "sts": "pending" }), Ok(ADA)),
    ]);
    let complete = Jwt::clerk("clerk.shop.example")
        .client_ids(["https://shop.example"])
        .claim("sts")
        .is("active");
    Bench::rs256(header(), complete).check([
        row("complete", user(), Ok(ADA)),
        row("not complete", user().with(json!({ "sts": "pending" })), Err(cause::DEMAND)),
    ]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![row("user", user(), Err(cause::NO_AUDIENCE))]
}
