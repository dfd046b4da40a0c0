//! Duende IdentityServer: RFC 9068, except that clients' tokens have no subject.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://identity.shop.example";

pub(crate) fn header() -> Value {
    json!({ "kid": "F9A8", "typ": "at+jwt" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "nbf": NOW, "aud": "shop", "scope": ["openid", "orders.read"], "amr": ["pwd"], "client_id": "web",
            "sub": "88421113", "auth_time": NOW - 60, "idp": "local", "sid": "s-1", "jti": "j-1",
            "role": ["editor"],
        }),
    )
}

fn machine() -> Claims {
    claims(
        ISSUER,
        json!({
            "nbf": NOW, "aud": ["shop", "stock"], "scope": ["orders.read"], "client_id": "reports", "jti": "j-2",
        }),
    )
}

fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "nbf": NOW, "aud": "web", "amr": ["pwd"], "at_hash": "h", "nonce": "n", "sub": "88421113",
            "auth_time": NOW - 60, "idp": "local", "sid": "s-1",
        }),
    )
}

const ADA: &str = "88421113 roles=editor scopes=openid,orders.read session=s-1 id=j-1";

#[test]
fn duende() {
    let described = || Jwt::duende(ISSUER).audience("shop");
    let bench = Bench::rs256(header(), described());
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        with("scopes in one text", json!({ "scope": "openid orders.read" }), Ok(ADA)),
        with("one role", json!({ "role": "editor" }), Ok(ADA)),
        row("typ of other versions", user(), Ok(ADA)).header(json!({ "typ": "JWT" })),
        row("machine", machine(), Err(cause::NO_SUBJECT)),
        with(
            "the whole server's audience",
            json!({ "aud": format!("{ISSUER}/resources") }),
            Err(cause::AUDIENCE),
        ),
        row("ID token", id_token(), Err(cause::HASH)).header(json!({ "typ": "JWT" })),
        row(
            "ID token without marks",
            id_token().without("at_hash").without("nonce"),
            Err(cause::AUDIENCE),
        )
        .header(json!({ "typ": "JWT" })),
    ]);
    Bench::rs256(header(), described().client_as_subject().client_ids(["web", "reports"])).check([
        row("user", user(), Ok(ADA)),
        row("machine", machine(), Ok("reports scopes=orders.read id=j-2")),
        row("another client", machine().with(json!({ "client_id": "evil" })), Err(cause::CLIENT)),
        row(
            "a user without a subject",
            user().without("sub").with(json!({ "email": "ada@shop.example" })),
            Err("the token names a user, and has no `sub`: its client is not the caller"),
        ),
    ]);
}

/// An ID token is refused even where its client is named as the audience.
#[test]
fn duende_with_a_client_as_audience() {
    let unmarked = id_token().without("at_hash").without("nonce");
    let bench = Bench::rs256(header(), Jwt::duende(ISSUER).audience("web"));
    bench.check([row("ID token without marks", unmarked, Err(cause::NO_CLIENT))
        .header(json!({ "typ": "JWT" }))]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok("88421113 scopes=openid,orders.read session=s-1 id=j-1")),
        row("machine", machine(), Err(cause::NO_SUBJECT)),
        row("ID token", id_token(), Err(cause::HASH)).header(json!({ "typ": "JWT" })),
    ]
}
