//! The log while an identity provider fails, recovers, and publishes unusable keys.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use secure_runtime::Clock;
use secure_runtime::authentication::{
    Attempt, Authenticator, IntoAuthenticator, Introspection, Jwt, Verdict,
};
use secure_runtime::testing::{FakeClock, Issuer, authenticate};
use secure_tests::{Behaviour, IdentityProvider, IntrospectionEndpoint, Manners, log};
use serde_json::json;

/// The log lines about this, by level, in order.
fn lines(about: &str) -> Vec<String> {
    log::lines().into_iter().filter(|line| line.contains(about)).collect()
}

/// Waits until there are this many lines about this, and returns them.
async fn until(about: &str, count: usize) -> Vec<String> {
    let begun = Instant::now();
    while lines(about).len() < count && begun.elapsed() < Duration::from_secs(10) {
        actix_web::rt::time::sleep(Duration::from_millis(1)).await;
    }
    // A superfluous line would appear at once.
    actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    let found = lines(about);
    assert_eq!(found.len(), count, "{found:#?}");
    found
}

fn has(lines: &[String], index: usize, level: &str, text: &str) {
    let line = lines.get(index).unwrap();
    assert!(line.starts_with(level) && line.contains(text), "{level} {text} in: {line}");
}

#[actix_web::test]
async fn an_outage_of_a_provider_is_told_when_it_begins_changes_and_ends() {
    log::record();
    let (provider, clock) = (IdentityProvider::start(), FakeClock::new());
    let jwt = Jwt::discover(provider.issuer()).dangerously_accept_test_keys().audience("test");
    let authenticator: Arc<dyn Authenticator> = jwt.into_authenticator().unwrap();
    let issuer = provider.issuer();
    // Only fetches send requests here, and each of them is due.
    let fetch = || {
        clock.advance(Duration::from_secs(301));
        drop(authenticator.ready(clock.now()));
    };
    provider.behave(Behaviour::Down(500));
    for count in 1..=3 {
        fetch();
        until(&issuer, count).await;
    }
    provider.behave(Behaviour::OtherIssuer);
    fetch();
    let told = until(&issuer, 4).await;
    has(&told, 0, "WARN", "/.well-known/openid-configuration` answered 500");
    has(&told, 1, "DEBUG", "answered 500");
    has(&told, 2, "DEBUG", "answered 500");
    has(&told, 3, "WARN", "write \"https://other.example\"");
    assert!(authenticator.ready(clock.now()).unwrap_err().contains("is that of"));

    let good = provider.signing(Issuer::es256(), "good");
    let mut encrypts = provider.signing(Issuer::rs256(), "encrypts").jwk();
    encrypts.as_object_mut().unwrap().insert("use".to_owned(), json!("enc"));
    let set = |more: &str| {
        let unknown = json!({ "kty": "EC", "crv": more, "kid": "unknown" });
        let keys = json!({ "keys": [good.jwk(), encrypts, unknown] });
        Behaviour::Saying(keys.to_string())
    };
    provider.behave(set("secp256k1"));
    fetch();
    let told = until(&issuer, 7).await;
    has(&told, 4, "WARN", "were left out: key 3 has a `crv` that is not offered here");
    assert!(!told.get(4).unwrap().contains("key 2"), "nothing is wrong with it");
    has(&told, 5, "DEBUG", "for encryption were left out: key 2 has a `use` that is not `sig`");
    has(&told, 6, "INFO", "and 4 failed attempts");
    // Fetching the same set again logs nothing.
    let asked = provider.asked();
    fetch();
    while provider.asked() == asked {
        actix_web::rt::time::sleep(Duration::from_millis(1)).await;
    }
    until(&issuer, 7).await;
    assert_eq!(authenticator.ready(clock.now()), Ok(()));
}

#[actix_web::test]
async fn an_outage_of_introspection_is_told_when_it_begins_and_ends() {
    log::record();
    let (endpoint, clock) = (IntrospectionEndpoint::start(), FakeClock::new());
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let opaque = Introspection::at(endpoint.url())
        .client_secret_basic(id, secret)
        .issuer("https://issuer.test")
        .audience("test");
    let authenticator = opaque.into_authenticator().unwrap();
    let ask = async |token: &str| {
        clock.advance(Duration::from_secs(60));
        let line = format!("Bearer {token}");
        match authenticate(&*authenticator, &[("authorization", &line)], clock.now()) {
            Attempt::Pending(asked) => matches!(asked.await, Verdict::Accepted(_)),
            _ => false,
        }
    };
    let about = "introspected";
    endpoint.behave(Manners::Down(503));
    for token in ["one", "two", "three"] {
        assert!(!ask(token).await);
    }
    endpoint.behave(Manners::Good);
    endpoint.know("four", json!({ "active": true, "sub": "ada", "aud": "test" }));
    assert!(ask("four").await);
    let told = until(about, 4).await;
    has(&told, 0, "WARN", "/introspect` answered 503");
    has(&told, 1, "DEBUG", "answered 503");
    has(&told, 2, "DEBUG", "answered 503");
    has(&told, 3, "INFO", "and 3 failed attempts");
}
