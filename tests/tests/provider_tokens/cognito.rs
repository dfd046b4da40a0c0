//! AWS Cognito: access tokens have a client but no audience.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aB3dE6g8h";

/// No `typ`.
pub(crate) fn header() -> Value {
    json!({ "kid": "abcd" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "aaaa", "cognito:groups": ["editors"], "version": 2, "client_id": "1example",
            "origin_jti": "o-1", "event_id": "e-1", "token_use": "access", "jti": "j-1", "username": "ada",
            "scope": "openid orders/read", "auth_time": NOW - 60,
        }),
    )
}

fn machine() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "2reports", "client_id": "2reports", "token_use": "access", "version": 2, "jti": "j-2",
            "scope": "orders/read", "auth_time": NOW,
        }),
    )
}

fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "aaaa", "aud": "1example", "cognito:groups": ["editors"], "cognito:username": "ada",
            "email": "ada@shop.example", "email_verified": true, "event_id": "e-1", "origin_jti": "o-1",
            "jti": "j-3", "token_use": "id", "auth_time": NOW - 60,
        }),
    )
}

#[test]
fn cognito() {
    let described = || Jwt::cognito("eu-west-1", "eu-west-1_aB3dE6g8h");
    let bench = Bench::rs256(header(), described().client_ids(["1example", "2reports"]));
    let ada = "aaaa roles=editors scopes=openid,orders/read id=j-1";
    bench.check_common(&user(), ada);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        row("machine", machine(), Ok("2reports scopes=orders/read id=j-2")),
        with("another client of the pool", json!({ "client_id": "3evil" }), Err(cause::CLIENT)),
        row("no client", user().without("client_id"), Err(cause::NO_CLIENT)),
        with(
            "another pool",
            json!({ "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_other" }),
            Err(cause::ISSUER),
        ),
        with(
            "for another resource",
            json!({ "aud": "https://other.example" }),
            Err(cause::AUDIENCE),
        ),
        with("a refresh token's use", json!({ "token_use": "refresh" }), Err(cause::DEMAND)),
        row("no use", user().without("token_use"), Err(cause::DEMAND)),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("ID token", id_token(), Err(cause::AUDIENCE)),
        row(
            "ID token with a client",
            id_token().with(json!({ "client_id": "1example" })),
            Err(cause::AUDIENCE),
        ),
    ]);
    // A refresh token is encrypted.
    let encrypted = "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ.a.b.c.d";
    bench.check_text(encrypted, "the header is that of an encrypted or compressed token");
    let with_audience = described().audience("1example").client_ids(["1example"]);
    Bench::rs256(header(), with_audience).check([
        row("ID token where its audience is named", id_token(), Err(cause::NO_CLIENT)),
        row(
            "the same, with a client",
            id_token().with(json!({ "client_id": "1example" })),
            Err(cause::DEMAND),
        ),
        row("access token", user(), Err(cause::NO_AUDIENCE)),
    ]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Err(cause::NO_AUDIENCE)),
        row("ID token", id_token(), Err(cause::TOKEN_USE)),
    ]
}
