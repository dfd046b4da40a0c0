//! Spring Authorization Server: the audience is the client, unless a customizer changes it.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://auth.shop.example";

/// No `typ`.
pub(crate) fn header() -> Value {
    json!({ "kid": "2b6c" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "ada", "aud": "web", "nbf": NOW, "scope": ["openid", "orders.read"], "jti": "j-1",
        }),
    )
}

fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "ada", "aud": "web", "azp": "web", "auth_time": NOW - 60, "jti": "j-2", "sid": "s-1",
            "nonce": "n",
        }),
    )
}

const ADA: &str = "ada scopes=openid,orders.read id=j-1";

#[test]
fn spring_authorization_server() {
    let bench = Bench::rs256(header(), Jwt::spring_authorization_server(ISSUER).audience("web"));
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        with(
            "machine",
            json!({ "sub": "web", "scope": ["orders.read"] }),
            Ok("web scopes=orders.read id=j-1"),
        ),
        with(
            "roles of a customizer",
            json!({ "roles": ["editor"] }),
            Ok("ada roles=editor scopes=openid,orders.read id=j-1"),
        ),
        row("without scopes", user().without("scope"), Err(cause::REQUIRED)),
        with("another client", json!({ "aud": "other" }), Err(cause::AUDIENCE)),
        with("another server", json!({ "iss": "https://auth.other.example" }), Err(cause::ISSUER)),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("ID token", id_token(), Err(cause::NONCE)),
        row("ID token without `nonce`", id_token().without("nonce"), Err(cause::OWN)),
        row(
            "ID token without marks",
            id_token().without("nonce").without("azp"),
            Err(cause::REQUIRED),
        ),
    ]);
    // A customizer has to add the client to the token if it is to be checked.
    let jwt = Jwt::spring_authorization_server(ISSUER).audience("orders").client_ids(["web"]);
    Bench::rs256(header(), jwt).check([
        row("our client", user().with(json!({ "aud": "orders", "client_id": "web" })), Ok(ADA)),
        row(
            "another client",
            user().with(json!({ "aud": "orders", "client_id": "evil" })),
            Err(cause::CLIENT),
        ),
        row("no client", user().with(json!({ "aud": "orders" })), Err(cause::NO_CLIENT)),
    ]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok(ADA)),
        row("ID token", id_token(), Err(cause::NONCE)),
        row("ID token without `nonce`", id_token().without("nonce"), Err(cause::OWN)),
    ]
}
