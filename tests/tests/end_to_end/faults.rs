//! Tokens with one thing wrong: 401 `invalid_token`, and the handler did not run.

use actix_web::{get, web};
use secure_runtime::testing::{Issuer, Token};
use secure_runtime::{Clock, secure};
use secure_tests::{TestServer, bearer};
use serde_json::{Value, json};

use crate::Runs;

#[secure(roles = "admin")]
#[get("/admin")]
async fn admin(runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "welcome"
}

/// What is wrong with a token, and the token.
fn faults(issuer: &Issuer, now: u64) -> Vec<(&'static str, String)> {
    let token = || issuer.token("alice").role("admin");
    let claim = |name: &str, value: Value| token().claim(name, value).sign();
    let header = |name: &str, value: Value| token().header(name, value).sign();
    let without = |name: &str| token().without(name).sign();
    let signed = |token: Token<'_>| token.sign();
    vec![
        ("no aud", without("aud")),
        ("a null aud", claim("aud", Value::Null)),
        ("a numeric aud", claim("aud", json!(1))),
        ("an object as aud", claim("aud", json!({"a": 1}))),
        ("an aud of mixed types", claim("aud", json!(["test", 1]))),
        ("another aud", claim("aud", json!("elsewhere"))),
        ("no iss", without("iss")),
        ("a null iss", claim("iss", Value::Null)),
        ("an array as iss", claim("iss", json!(["https://issuer.test"]))),
        ("another iss", claim("iss", json!("https://elsewhere.test"))),
        ("an unknown crit", header("crit", json!(["x"]))),
        ("an empty crit", header("crit", json!([]))),
        ("a plain JWT", header("typ", json!("JWT"))),
        ("no typ", token().without_header("typ").sign()),
        ("another alg", header("alg", json!("HS512"))),
        ("alg none", token().unsigned()),
        ("a doubled claim", signed(token().doubled("sub", "mallory"))),
        ("a doubled header member", signed(token().doubled_header("alg", "HS256"))),
        ("an array as payload", signed(token().raw_payload("[]"))),
        ("no exp", without("exp")),
        ("exp now", claim("exp", json!(now))),
        ("exp a minute ago", claim("exp", json!(now - 60))),
        ("exp as text", claim("exp", json!("9999999999"))),
        ("nbf in a minute", claim("nbf", json!(now + 60))),
        ("iat in a minute", claim("iat", json!(now + 60))),
        ("20 kB of claims", claim("x", json!("x".repeat(20_000)))),
        ("a broken signature", token().tampered()),
        ("another key", Issuer::hs256_with([7; 32]).token("alice").role("admin").sign()),
        ("another algorithm's key", Issuer::rs256().token("alice").role("admin").sign()),
        ("roles of the wrong type", claim("roles", json!({"admin": true}))),
    ]
}

#[actix_web::test]
async fn every_fault_is_refused_with_the_right_challenge_and_without_running_the_handler() {
    let (builder, issuer, clock) = crate::security(module_path!());
    let runs = Runs::default();
    let data = web::Data::new(runs.clone());
    let server = TestServer::start(&builder.build().unwrap(), move || {
        secure_runtime::scope("").app_data(data.clone()).service(admin)
    });
    let now = clock.now().unix_seconds();
    for (fault, token) in faults(&issuer, now) {
        let answer = server.get("/admin", &[&bearer(&token)]).await;
        assert_eq!(answer.status, 401, "{fault}: {answer:?}");
        answer.problem(401);
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with("Bearer ") && challenge.contains(r#"error="invalid_token""#),
            "{fault}"
        );
    }
    assert_eq!(runs.so_far(), 0);

    let twin = issuer.token("alice").role("admin").sign();
    assert_eq!(server.get("/admin", &[&bearer(&twin)]).await.body, "welcome");
    assert_eq!(runs.so_far(), 1);
}
