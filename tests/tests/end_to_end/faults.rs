//! Tokens with exactly one fault: every authenticator answers 401 `invalid_token`, and the handler does not
//! run.

use actix_web::{get, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secure_runtime::authentication::{Introspection, Jwt};
use secure_runtime::testing::{FakeClock, Issuer, Token};
use secure_runtime::{Clock, Security, SecurityBuilder, secure};
use secure_tests::{IdentityProvider, IntrospectionEndpoint, TestServer, bearer};
use serde_json::{Value, json};

use crate::Runs;

#[secure(roles = "admin")]
#[get("/admin")]
async fn admin(runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "welcome"
}

/// A fault, and a token with it.
fn faults(issuer: &Issuer, others: [&Issuer; 2], now: u64) -> Vec<(&'static str, String)> {
    let [stranger, other] = others;
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
        ("a logout token", header("typ", json!("logout+jwt"))),
        ("an ID token", signed(token().header("typ", json!("JWT")).claim("nonce", "n"))),
        ("a refresh token", claim("typ", json!("Refresh"))),
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
        ("another key", stranger.token("alice").role("admin").sign()),
        ("another algorithm's key", other.token("alice").role("admin").sign()),
        ("roles of the wrong type", claim("roles", json!({"admin": true}))),
    ]
}

/// Sends every fault to a service with these authenticators, and then a token without one.
async fn check(build: impl FnOnce(SecurityBuilder) -> SecurityBuilder, issuer: Issuer, what: &str) {
    let clock = FakeClock::new();
    let issuer = issuer.clock(clock.clone());
    let builder = Security::builder().answers_for(module_path!()).clock(clock.clone());
    let security = build(builder).build().unwrap();
    let runs = Runs::default();
    let data = web::Data::new(runs.clone());
    let server = TestServer::start(&security, move || {
        secure_runtime::scope("").app_data(data.clone()).service(admin)
    });
    let twin = || bearer(&issuer.token("alice").role("admin").sign());
    assert_eq!(server.get("/admin", &[&twin()]).await.body, "welcome", "{what}");
    let name = issuer_name(&issuer);
    let named = |it: Issuer| it.named(name.clone()).clock(clock.clone());
    let stranger = named(Issuer::hs256_with([7; 32]));
    let other = named(if what.contains("EdDSA") { Issuer::es256() } else { Issuer::eddsa() });
    let faults = faults(&issuer, [&stranger, &other], clock.now().unix_seconds());
    for (fault, token) in faults {
        // Twice: verified, and from the cache.
        for _ in 0..2 {
            let answer = server.get("/admin", &[&bearer(&token)]).await;
            assert_eq!(answer.status, 401, "{what}: {fault}: {answer:?}");
            answer.problem(401);
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(
                challenge.starts_with("Bearer ") && challenge.contains(r#"error="invalid_token""#),
                "{what}: {fault}"
            );
        }
    }
    assert_eq!(runs.so_far(), 1);
    assert_eq!(server.get("/admin", &[&twin()]).await.body, "welcome", "{what}");
    assert_eq!(runs.so_far(), 2);
}

#[actix_web::test]
async fn every_fault_is_refused_with_the_right_challenge_and_without_running_the_handler() {
    for (issuer, what) in [
        (Issuer::hs256(), "HS256"),
        (Issuer::rs256(), "RS256"),
        (Issuer::es256(), "ES256"),
        (Issuer::eddsa(), "EdDSA"),
    ] {
        let jwt = issuer.jwt();
        check(|builder| builder.authenticator("jwt", jwt), issuer, what).await;
    }
}

#[actix_web::test]
async fn keys_that_are_published_verify_as_strictly() {
    for (issuer, what) in [
        (Issuer::rs256(), "published RS256"),
        (Issuer::es256(), "published ES256"),
        (Issuer::eddsa(), "published EdDSA"),
    ] {
        let provider = IdentityProvider::start();
        let issuer = provider.signing(issuer, "key");
        provider.publish(&[&issuer]);
        let jwt = Jwt::discover(provider.issuer()).dangerously_accept_test_keys().audience("test");
        check(|builder| builder.authenticator("jwt", jwt), issuer, what).await;
    }
}

/// A token that the first authenticator does not accept is passed to the second, which introspects it.
#[actix_web::test]
async fn a_second_authenticator_does_not_let_in_what_the_first_refused() {
    let (endpoint, other) = (IntrospectionEndpoint::start(), IdentityProvider::start());
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let opaque = Introspection::at(endpoint.url()).client_secret_basic(id, secret);
    let opaque = opaque.issuer("https://issuer.test").audience("test").max_token_bytes(64 * 1024);
    let issuer = Issuer::es256();
    let second = other.signing(Issuer::rs256(), "key");
    other.publish(&[&second]);
    let jwts = (
        issuer.jwt(),
        Jwt::discover(other.issuer()).dangerously_accept_test_keys().audience("test"),
    );
    let build = |builder: SecurityBuilder| {
        let builder = builder.authenticator("jwt", jwts.0).authenticator("other", jwts.1);
        builder.authenticator("opaque", opaque)
    };
    check(build, issuer, "three authenticators").await;
    assert!(endpoint.asked() > 0);
}

fn issuer_name(issuer: &Issuer) -> String {
    let token = issuer.token("alice").sign();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["iss"].as_str().unwrap().to_owned()
}
