//! Firebase Authentication: ID tokens and session cookies, for the project.

use secure_runtime::authentication::Jwt;
use serde_json::{Value, json};

use super::{Bench, Claims, NOW, Row, cause, claims, row};

pub(crate) const ISSUER: &str = "https://securetoken.google.com/shop-1234";
const COOKIES: &str = "https://session.firebase.google.com/shop-1234";

pub(crate) fn header() -> Value {
    json!({ "kid": "8e8f", "typ": "JWT" })
}

pub(crate) fn user(issuer: &str) -> Claims {
    claims(
        issuer,
        json!({
            "name": "Ada Lovelace", "aud": "shop-1234", "auth_time": NOW - 60, "user_id": "uid1", "sub": "uid1",
            "email": "ada@shop.example", "email_verified": true, "admin": true, "level": ["gold"],
            "firebase": { "identities": {}, "sign_in_provider": "password", "tenant": "acme" },
        }),
    )
}

fn check(bench: &Bench, issuer: &'static str, other_issuer: &'static str) {
    let user = || user(issuer);
    bench.check_common(&user(), "uid1 tenant=acme");
    let with = |name, others, expected| row(name, user().with(others), expected);
    bench.check([
        with("no tenant", json!({ "firebase": { "sign_in_provider": "custom" } }), Ok("uid1")),
        with("another project", json!({ "iss": issuer.replace("shop", "evil"), "aud": "evil-1234" }), Err(cause::ISSUER)),
        with("another audience", json!({ "aud": "evil-1234" }), Err(cause::AUDIENCE)),
        with("the other kind", json!({ "iss": other_issuer }), Err(cause::ISSUER)),
        with("a custom token, before the sign-in", json!({
            "iss": "firebase-adminsdk@shop-1234.iam.gserviceaccount.com",
            "aud": "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit",
        }), Err(cause::ISSUER)),
        with("App Check", json!({ "iss": "https://firebaseappcheck.googleapis.com/71" }), Err(cause::ISSUER)),
        row("without `sub`", user().without("sub"), Err(cause::NO_SUBJECT)),
        row("without `iat`", user().without("iat"), Err("`iat` is missing (OpenID Connect Core section 2)")),
        row("access token's type", user(), Err(cause::TYPE)).header(json!({ "typ": "at+jwt" })),
        with("of another client", json!({ "azp": "evil" }), Err(cause::OTHER_AZP)),
    ]);
}

#[test]
fn firebase() {
    check(&Bench::rs256(header(), Jwt::firebase("shop-1234")), ISSUER, COOKIES);
    let roles = Jwt::firebase("shop-1234").roles_claim("level").claim("admin").is(true);
    Bench::rs256(header(), roles).check([
        row("custom claims", user(ISSUER), Ok("uid1 roles=gold tenant=acme")),
        row("no administrator", user(ISSUER).without("admin"), Err(cause::DEMAND)),
    ]);
    let a_flag = Jwt::firebase("shop-1234").roles_claim("admin");
    let form = "the roles claim is not a string or a list of strings";
    Bench::rs256(header(), a_flag).check([row("a flag is no role", user(ISSUER), Err(form))]);
}

#[test]
fn firebase_session_cookie() {
    let bench = Bench::rs256(header(), Jwt::firebase_session_cookie("shop-1234"));
    check(&bench, COOKIES, ISSUER);
}

/// Nothing marks these tokens as ID tokens, and they are what Firebase's APIs accept.
pub(crate) fn without_preset() -> Vec<Row> {
    vec![row("user", user(ISSUER), Ok("uid1"))]
}
