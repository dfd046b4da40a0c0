//! Tests of the verifier: its caches, and key rotation.

use std::time::Duration;

use super::super::key_set::{AcceptedKeys, KeySet};
use super::super::{Algorithm, Jwt};
use super::*;
use crate::support::time::Clock;
use crate::testing::{FakeClock, Issuer, authenticate};

fn entries(authenticator: &JwtAuthenticator) -> bool {
    !format!("{:?}", authenticator.0.cache).contains("entries: 0")
}

/// Whether a token is accepted, or why not.
fn present(authenticator: &JwtAuthenticator, clock: &FakeClock, token: &str) -> Result<(), String> {
    let line = format!("Bearer {token}");
    match authenticate(authenticator, &[("authorization", &line)], clock.now()) {
        Attempt::Accepted(_) => Ok(()),
        Attempt::Refused(refusal) => Err(refusal.cause().to_owned()),
        _ => panic!("neither accepted nor refused"),
    }
}

#[test]
fn a_refusal_is_never_kept_and_a_kept_token_ends_on_time() {
    let clock = FakeClock::new();
    let issuer = Issuer::rs256().clock(clock.clone());
    let authenticator = issuer.jwt().check().unwrap();
    let present = |token: &str| present(&authenticator, &clock, token);
    let token = issuer.token("alice").expires_in(Duration::from_secs(60)).sign();
    for bad in [
        issuer.token("alice").tampered(),
        issuer.token("alice").unsigned(),
        issuer.token("alice").without("aud").sign(),
        issuer.token("alice").claim("nbf", clock.now().unix_seconds() + 6).sign(),
        issuer.token("alice").claim("exp", clock.now().unix_seconds()).sign(),
    ] {
        present(&bad).unwrap_err();
    }
    assert!(!entries(&authenticator));
    assert_eq!(present(&token), Ok(()));
    assert!(entries(&authenticator));

    clock.advance(Duration::from_millis(59_999));
    assert_eq!(present(&token), Ok(()));
    clock.jump_wall(-66);
    assert_eq!(present(&token), Err("the token is not valid yet".to_owned()));
    clock.jump_wall(66);
    assert_eq!(present(&token), Ok(()));
    clock.advance(Duration::from_millis(1));
    assert_eq!(present(&token), Err("`exp` has passed".to_owned()));
    assert!(!entries(&authenticator));
    assert_eq!(present(&token), Err("`exp` has passed".to_owned()));
    assert!(!entries(&authenticator));
}

#[test]
fn what_is_refused_again_is_not_verified_again_unless_it_may_have_become_good() {
    let clock = FakeClock::new();
    let issuer = Issuer::rs256().clock(clock.clone());
    let authenticator = issuer.jwt().check().unwrap();
    let present = |token: &str| present(&authenticator, &clock, token);
    let (forged, bad) = (issuer.token("alice").tampered(), "the signature is not that of the key");
    assert_eq!(present(&forged).unwrap_err(), bad);
    assert_eq!(present(&forged).unwrap_err(), bad);
    assert_eq!(present(&forged).unwrap_err(), bad);
    assert_eq!(present(&issuer.token("bob").tampered()).unwrap_err(), bad);
    let token = issuer.token("alice").claim("nbf", clock.now().unix_seconds() + 6).sign();
    for _ in 0..2 {
        assert_eq!(present(&token).unwrap_err(), "`nbf` has not come yet");
    }
    clock.advance(Duration::from_secs(1));
    assert_eq!(present(&token), Ok(()));
    assert_eq!(present(&forged).unwrap_err(), bad);
    clock.advance(Duration::from_secs(3));
    assert_eq!(present(&forged).unwrap_err(), bad);
    let statistics = authenticator.token_cache_statistics().unwrap();
    assert_eq!((statistics.refused_again, statistics.hits, statistics.misses), (3, 0, 9));
}

#[test]
fn forgetting_makes_the_next_request_verify_again() {
    let issuer = Issuer::hs256();
    let authenticator = issuer.jwt().check().unwrap();
    let line = format!("Bearer {}", issuer.token("alice").sign());
    let now = crate::support::time::SystemClock::new().now();
    let accepted = || {
        let attempt = authenticate(&authenticator, &[("authorization", &line)], now);
        matches!(attempt, Attempt::Accepted(_))
    };
    assert!(accepted() && entries(&authenticator));
    authenticator.0.cache.clear();
    assert!(!entries(&authenticator));
    assert!(accepted() && entries(&authenticator));
}

fn keys(issuers: &[&Issuer]) -> Keys {
    let keys: Vec<_> = issuers.iter().map(|issuer| issuer.jwk()).collect();
    let document = serde_json::json!({ "keys": keys }).to_string();
    let algorithms = Algorithm::ASYMMETRIC.to_vec();
    let accepted = AcceptedKeys { algorithms, test_keys: true, of_tenants: false };
    Keys::published(KeySet::read(&document, &accepted).unwrap().keys)
}

#[test]
fn a_fetch_that_changed_nothing_forgets_no_refused_token() {
    let clock = FakeClock::new();
    let issuer = |issuer: Issuer, kid: &str| issuer.kid(kid).clock(clock.clone());
    let (first, second) = (issuer(Issuer::rs256(), "first"), issuer(Issuer::es256(), "second"));
    let jwt = Jwt::jwks_file("nowhere").issuer("https://issuer.test").audience("test");
    let authenticator = jwt.check().unwrap();
    let now = clock.now();
    let absorb = |fetched| authenticator.0.absorb(now.monotonic_nanos(), fetched);
    let line = format!("Bearer {}", first.token("mallory").tampered());
    let refused_again = || {
        drop(authenticate(&authenticator, &[("authorization", &line)], now));
        authenticator.token_cache_statistics().unwrap().refused_again
    };
    absorb(Ok(keys(&[&first])));
    assert_eq!([refused_again(), refused_again()], [0, 1]);
    absorb(Ok(keys(&[&first])));
    absorb(Err("down".to_owned()));
    assert_eq!(refused_again(), 2);
    absorb(Ok(keys(&[&first, &second])));
    assert_eq!([refused_again(), refused_again()], [2, 3]);
}

/// A request may find the old set, and then that the fetch of the new one is over already.
#[test]
fn a_key_that_came_while_the_old_set_was_looked_at_is_known() {
    let clock = FakeClock::new();
    let issuer = |issuer: Issuer, kid: &str| issuer.kid(kid).clock(clock.clone());
    let [first, second, third] = [
        issuer(Issuer::rs256(), "first"),
        issuer(Issuer::es256(), "second"),
        issuer(Issuer::eddsa(), "third"),
    ];
    let jwt = Jwt::jwks_file("nowhere").issuer("https://issuer.test").audience("test");
    let verifier = jwt.check().unwrap().0;
    let now = clock.now();
    verifier.absorb(now.monotonic_nanos(), Ok(keys(&[&first])));
    let KeySource::Published(provider) = &verifier.keys else { panic!("they are published") };
    let Look::Use(old) = provider.look(now) else { panic!("they are there") };
    verifier.absorb(now.monotonic_nanos(), Ok(keys(&[&first, &second])));

    let with_old = |issuer: &Issuer| {
        let token = issuer.token("alice").sign().into_bytes();
        let kept = (verifier.cache.generation(), verifier.refused.mark(&token, now));
        match verifier.authenticate_with(&old.keys, provider, &token, now, kept) {
            Attempt::Accepted(_) => Ok(()),
            Attempt::Refused(refusal) => Err(refusal.cause().to_owned()),
            _ => Err("it waits".to_owned()),
        }
    };
    assert_eq!(with_old(&first), Ok(()));
    assert_eq!(with_old(&second), Ok(()));
    // No set that was fetched since this token came lacks its key.
    assert_eq!(with_old(&third), Err("it waits".to_owned()));
}

/// A revoked token that is repeated causes no verification each time.
#[test]
fn a_revoked_token_is_not_verified_again_at_once() {
    let clock = FakeClock::new();
    let issuer = Issuer::rs256().clock(clock.clone());
    let revocations = Revocations::builder().clock(clock.clone()).in_memory();
    let authenticator = issuer.jwt().revocations(&revocations).check().unwrap();
    let [token, twin] = ["1", "2"].map(|id| issuer.token("alice").claim("jti", id).sign());
    let present = |token: &str| {
        let line = format!("Bearer {token}");
        match authenticate(&authenticator, &[("authorization", &line)], clock.now()) {
            Attempt::Accepted(_) => "accepted".to_owned(),
            Attempt::Refused(refusal) => refusal.cause().to_owned(),
            _ => panic!("neither accepted nor refused"),
        }
    };
    assert_eq!(present(&token), "accepted");
    drop(revocations.revoke_token("https://issuer.test", "1"));
    for _ in 0..4 {
        assert_eq!(present(&token), "the token was revoked");
        assert_eq!(present(&twin), "accepted");
    }
    clock.advance(Duration::from_secs(4));
    assert_eq!(present(&token), "the token was revoked");
    assert_eq!(authenticator.token_cache_statistics().unwrap().refused_again, 2);
}
