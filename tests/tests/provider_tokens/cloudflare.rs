//! Cloudflare Access: the token is in a header of its own; service tokens have no subject.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, cause, claims, row};

const ISSUER: &str = "https://shop.cloudflareaccess.com";

fn header() -> Value {
    json!({ "kid": "9338", "typ": "JWT" })
}

fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "aud": ["32eafc76"], "email": "ada@shop.example", "nbf": NOW, "type": "app",
            "identity_nonce": "6ei6", "sub": "7335d417", "country": "US",
        }),
    )
}

fn service() -> Claims {
    claims(
        ISSUER,
        json!({
            "aud": "32eafc76", "type": "app", "common_name": "e367.access", "sub": "",
        }),
    )
}

#[test]
fn cloudflare_access() {
    let jwt = Jwt::cloudflare_access("shop").audience("32eafc76");
    let bench = Bench::rs256(header(), jwt).in_header("cf-access-jwt-assertion");
    bench.check_common(&user(), "7335d417");
    let with = |name, others, expected| row(name, user().with(others), expected);
    let names_user = "the token names a user, and has no `sub`: its client is not the caller";
    bench.check([
        row("service token", service(), Ok("e367.access")),
        row("no `typ`", user(), Ok("7335d417")).header(json!({ "typ": null })),
        with("a user without `sub`", json!({ "sub": "" }), Err(names_user)),
        row(
            "a service without a name",
            service().without("common_name"),
            Err("`sub` is missing, and no claim names the client"),
        ),
        with("another application", json!({ "aud": ["4714c135"] }), Err(cause::AUDIENCE)),
        with(
            "another team",
            json!({ "iss": "https://evil.cloudflareaccess.com" }),
            Err(cause::ISSUER),
        ),
        with("the team's cookie", json!({ "type": "org" }), Err(cause::DEMAND)),
        row("no type", user().without("type"), Err(cause::DEMAND)),
    ]);
}
