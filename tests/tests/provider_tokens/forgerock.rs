//! ForgeRock Access Management (PingAM): stateless tokens, whose header has `"zip": "NONE"`.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://am.example/am/oauth2/realms/root/realms/shop";

pub(crate) fn header() -> Value {
    json!({ "typ": "JWT", "zip": "NONE", "kid": "wU3i" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "(usr!ada)", "cts": "OAUTH2_STATELESS_GRANT", "auth_level": 0, "auditTrackingId": "t-1",
            "subname": "ada", "tokenName": "access_token", "token_type": "Bearer", "authGrantId": "g-1",
            "aud": "web", "nbf": NOW, "grant_type": "authorization_code", "scope": ["openid", "orders"],
            "auth_time": NOW - 60, "realm": "/shop", "expires_in": 3600, "jti": "j-1", "nonce": "n",
        }),
    )
}

fn machine() -> Claims {
    user().without("nonce").without("auth_time").with(json!({
        "sub": "(age!reports)", "subname": "reports", "grant_type": "client_credentials",
        "scope": ["orders"], "jti": "j-2",
    }))
}

fn id_token() -> Claims {
    claims(
        ISSUER,
        json!({
            "sub": "(usr!ada)", "auditTrackingId": "t-2", "subname": "ada", "tokenName": "id_token", "aud": "web",
            "azp": "web", "at_hash": "h", "c_hash": "c", "nonce": "n", "acr": "0", "auth_time": NOW - 60,
            "realm": "/shop", "tokenType": "JWTToken",
        }),
    )
}

fn refresh_token() -> Claims {
    user().with(json!({ "tokenName": "refresh_token" }))
}

const ADA: &str = "(usr!ada) scopes=openid,orders id=j-1";

#[test]
fn forgerock() {
    let bench = Bench::rs256(header(), Jwt::forgerock(ISSUER).audience("web"));
    bench.check_common(&user(), ADA);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        row("machine", machine(), Ok("(age!reports) scopes=orders id=j-2")),
        row("versions without `zip`", user(), Ok(ADA)).header(json!({ "zip": null })),
        row(
            "a compressed token",
            user(),
            Err("the header is that of an encrypted or compressed token"),
        )
        .header(json!({ "zip": "DEF" })),
        with("another client", json!({ "aud": "other" }), Err(cause::AUDIENCE)),
        with(
            "another realm",
            json!({ "iss": "https://am.example/am/oauth2/realms/root/realms/b2b" }),
            Err(cause::ISSUER),
        ),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("refresh token", refresh_token(), Err(cause::DEMAND)),
        row("ID token", id_token(), Err(cause::HASH)),
        row(
            "ID token without hashes",
            id_token().without("at_hash").without("c_hash"),
            Err(cause::NONCE),
        ),
        row(
            "ID token without marks",
            id_token().without("at_hash").without("c_hash").without("nonce").without("azp"),
            Err(cause::DEMAND),
        ),
    ]);
}

pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Ok(ADA)),
        row("machine", machine(), Ok("(age!reports) scopes=orders id=j-2")),
        row("ID token", id_token(), Err(cause::SAYS_OTHER)),
        row("refresh token", refresh_token(), Err(cause::SAYS_OTHER)),
    ]
}
