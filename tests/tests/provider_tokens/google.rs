//! Google: ID tokens of its users and service accounts, and the tokens of the Identity-Aware Proxy.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://accounts.google.com";
pub(crate) const WEB: &str = "1234-web.apps.googleusercontent.com";

pub(crate) fn header() -> Value {
    json!({ "kid": "f833", "typ": "JWT" })
}

pub(crate) fn user() -> Claims {
    claims(
        ISSUER,
        json!({
            "azp": WEB, "aud": WEB, "sub": "110169484474386276334", "at_hash": "HK6E", "hd": "shop.example",
            "email": "ada@shop.example", "email_verified": true, "nonce": "0394852",
        }),
    )
}

/// A service account can get a token for any audience, and has its own name in `azp`.
fn service_account() -> Claims {
    claims(
        ISSUER,
        json!({
            "aud": WEB, "azp": "1029", "sub": "1029", "email": "reports@p.iam.gserviceaccount.com",
            "email_verified": true,
        }),
    )
}

#[test]
fn google() {
    let bench = Bench::rs256(header(), Jwt::google().audience(WEB));
    let ada = "110169484474386276334";
    bench.check_common(&user(), ada);
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        with("the other spelling", json!({ "iss": "accounts.google.com" }), Ok(ada)),
        row("no `azp`", user().without("azp"), Ok(ada)),
        with("another client", json!({ "aud": "other", "azp": "other" }), Err(cause::OTHER_AZP)),
        row(
            "another client, no `azp`",
            user().without("azp").with(json!({ "aud": "other" })),
            Err(cause::AUDIENCE),
        ),
        with("of another client, for ours", json!({ "azp": "other" }), Err(cause::OTHER_AZP)),
        row("of anybody's service account", service_account(), Err(cause::OTHER_AZP)),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row(
            "without `iat`",
            user().without("iat"),
            Err("`iat` is missing (OpenID Connect Core section 2)"),
        ),
        row("access token's type", user(), Err(cause::TYPE)).header(json!({ "typ": "at+jwt" })),
        with(
            "a use that is another",
            json!({ "token_use": "access" }),
            Err("the token is not an ID token"),
        ),
    ]);
    bench.check_text("ya29.a0AfH6SM", cause::NOT_JWT);
    let jwt = Jwt::google().audience(WEB).client_ids([WEB, "1029"]).claim("hd").is("shop.example");
    Bench::rs256(header(), jwt).check([
        row("our domain", user(), Ok(ada)),
        row("another domain", user().with(json!({ "hd": "evil.example" })), Err(cause::DEMAND)),
        row("a private account", user().without("hd"), Err(cause::DEMAND)),
        row(
            "our service account",
            service_account().with(json!({ "hd": "shop.example" })),
            Ok("1029"),
        ),
        row("another client", user().with(json!({ "azp": "other" })), Err(cause::OTHER_AZP)),
    ]);
}

#[test]
fn google_iap() {
    let issuer = "https://cloud.google.com/iap";
    let backend = "/projects/71/global/backendServices/4";
    let user = || {
        claims(
            issuer,
            json!({
                "aud": backend, "azp": backend, "sub": "accounts.google.com:110", "email": "ada@shop.example",
                "hd": "shop.example", "google": { "access_levels": ["x"] },
            }),
        )
    };
    let bench = Bench::es256(header(), Jwt::google_iap().audience(backend))
        .in_header("x-goog-iap-jwt-assertion");
    bench.check_common(&user(), "accounts.google.com:110");
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        row("no `azp`", user().without("azp"), Ok("accounts.google.com:110")),
        with(
            "another backend",
            json!({ "aud": "/projects/71/global/backendServices/5" }),
            Err(cause::AUDIENCE),
        ),
        with(
            "another backend, in `azp`",
            json!({ "azp": "/projects/71/apps/x" }),
            Err(cause::OTHER_AZP),
        ),
        with("Google's own ID token", json!({ "iss": ISSUER }), Err(cause::ISSUER)),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("access token's type", user(), Err(cause::TYPE)).header(json!({ "typ": "at+jwt" })),
    ]);
}

/// By default, access tokens are expected.
pub(crate) fn without_preset() -> Vec<Row> {
    vec![
        row("user", user(), Err(cause::HASH)),
        row("no hash", user().without("at_hash"), Err(cause::NONCE)),
        row("neither", user().without("at_hash").without("nonce"), Err(cause::OWN)),
    ]
}
