//! Ory Hydra: `aud` is empty if the client requested no audience.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://auth.example/";

pub(crate) fn header() -> Value {
    json!({ "kid": "1b7c", "typ": "JWT" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "aud": ["shop"], "client_id": "web", "ext": { "roles": ["editor"] }, "jti": "j-1", "nbf": NOW,
            "scp": ["openid", "orders.read"], "sub": "ada",
        }),
    )
}

fn machine() -> Claims {
    claims(
        ISSUER,
        json!({
            "aud": [], "client_id": "reports", "ext": {}, "jti": "j-2", "nbf": NOW, "scp": ["orders.read"],
            "sub": "reports",
        }),
    )
}

fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "acr": "0", "amr": ["password"], "at_hash": "h", "aud": ["web"], "auth_time": NOW - 60, "jti": "j-3",
            "nonce": "n", "rat": NOW - 70, "sid": "s-1", "sub": "ada",
        }),
    )
}

#[test]
fn hydra_with_an_audience() {
    let described = || Jwt::hydra(ISSUER).audience("shop").roles_claim("ext.roles");
    let bench = Bench::rs256(header(), described());
    let ada = "ada roles=editor scopes=openid,orders.read id=j-1";
    bench.check_common(&user(), ada);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        with("nothing in `ext`", json!({ "ext": {} }), Ok("ada scopes=openid,orders.read id=j-1")),
        row("no audience was asked for", machine(), Err(cause::NO_AUDIENCE)),
        with("another audience", json!({ "aud": ["stock"] }), Err(cause::AUDIENCE)),
        with(
            "another issuer, without its slash",
            json!({ "iss": "https://auth.example" }),
            Err(cause::ISSUER),
        ),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("ID token", id_token(), Err(cause::HASH)),
        row(
            "ID token without marks",
            id_token().without("at_hash").without("nonce"),
            Err(cause::AUDIENCE),
        ),
    ]);
    bench.check_text("ory_at_9H3k.L2mQ", cause::NOT_JWT);
    Bench::rs256(header(), described().client_ids(["web"])).check([
        row("our client", user(), Ok(ada)),
        row("another client", user().with(json!({ "client_id": "evil" })), Err(cause::CLIENT)),
    ]);
}

#[test]
fn hydra_with_clients() {
    let bench = Bench::rs256(header(), Jwt::hydra(ISSUER).client_ids(["reports", "web"]));
    bench.check([
        row("machine", machine(), Ok("reports scopes=orders.read id=j-2")),
        row(
            "no audience at all",
            machine().without("aud"),
            Ok("reports scopes=orders.read id=j-2"),
        ),
        row("another client", machine().with(json!({ "client_id": "evil" })), Err(cause::CLIENT)),
        row("an audience was asked for", user(), Err(cause::AUDIENCE)),
        row("ID token", id_token(), Err(cause::HASH)),
        row(
            "ID token without marks",
            id_token().without("at_hash").without("nonce"),
            Err(cause::AUDIENCE),
        ),
    ]);
}

/// An ID token is refused even where its client is named as the audience.
#[test]
fn hydra_with_a_client_as_audience() {
    let unmarked = id_token().without("at_hash").without("nonce");
    let bench = Bench::rs256(header(), Jwt::hydra(ISSUER).audience("web"));
    bench.check([row("ID token without marks", unmarked, Err(cause::NO_CLIENT))]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok("ada id=j-1")),
        row("no audience was asked for", machine(), Err(cause::NO_AUDIENCE)),
        row("ID token", id_token(), Err(cause::HASH)),
    ]
}
