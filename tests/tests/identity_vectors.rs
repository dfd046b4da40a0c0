//! Public conformance cases for token validation, run through an authenticator with a key of the program.
//! Every case that this crate decides differently is listed with the reason.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header};
use secure_runtime::Clock;
use secure_runtime::authentication::{Attempt, IntoAuthenticator, Jwt, Key, Profile};
use secure_runtime::testing::{FakeClock, Issuer, authenticate};
use serde_json::{Value, json};

/// 2023-11-14T22:13:20Z, the `now` of every case.
const NOW: u64 = 1_700_000_000;
const ISSUER: &str = "https://issuer.example.com";
const AUDIENCE: &str = "test-client";

fn read(name: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/identity");
    fs::read(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn document(name: &str) -> Value {
    serde_json::from_slice(&read(name)).unwrap()
}

/// `-1m`, `2h`, `60s` in seconds.
fn seconds(text: &str) -> i64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => panic!("{text}"),
    };
    number.parse::<i64>().unwrap() * unit
}

/// The case's claims; times are relative to now.
fn claims(case: &Value) -> Value {
    let mut claims = case["claims"].clone();
    for name in ["exp", "nbf", "iat"] {
        if let Some(claim) = claims.get_mut(name) {
            *claim = json!(i64::try_from(NOW).unwrap() + seconds(claim.as_str().unwrap()));
        }
    }
    claims
}

fn token(case: &Value) -> String {
    if case.get("static").is_some() {
        return String::from_utf8(read("alg-none-token.txt")).unwrap().trim().to_owned();
    }
    let claims = claims(case);
    if case["signing_key"] == "ephemeral" {
        // A different key with the same `kid` as the right one.
        let issuer = Issuer::rs256().kid(case["header_kid"].as_str().unwrap());
        return issuer.token("user-123").raw_payload(claims.to_string()).sign();
    }
    let mut header = Header::new(jsonwebtoken::Algorithm::RS256);
    header.kid = Some("test-key-1".into());
    let key = EncodingKey::from_rsa_der(&read("signing-key.pkcs1.der"));
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

/// The result of an authenticator that trusts the fixture's key: the caller, or the reason of the refusal.
fn verdict(case: &Value, profile: Profile) -> Result<String, String> {
    let key = Key::jwk(document("jwks.json")["keys"][0].to_string());
    let skew = case["options"]["clock_skew"].as_str().map_or(0, seconds);
    let authenticator = Jwt::with_key(key)
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .profile(profile)
        .leeway(Duration::from_secs(u64::try_from(skew).unwrap()))
        .into_authenticator()
        .unwrap();
    let line = format!("Bearer {}", token(&case["token"]));
    let now = FakeClock::at(secure_tests::unix(NOW)).now();
    match authenticate(&*authenticator, &[("authorization", &line)], now) {
        Attempt::Accepted(caller) => {
            assert_eq!(caller.claims::<Value>().unwrap(), claims(&case["token"]));
            Ok(caller.subject().to_owned())
        }
        Attempt::Refused(refusal) => Err(refusal.cause().to_owned()),
        _ => panic!("neither accepted nor refused"),
    }
}

#[test]
fn validation_cases() {
    // Labelled to be rejected and accepted here:
    let differences: BTreeMap<(&str, usize), &str> = [
        (("JWT-004", 1), "a nonce belongs to an ID token; an access token's is not asked for"),
        (("JWT-012", 0), "which claims an application needs, it reads with `Principal::claims`"),
        (("JWT-013", 0), "RFC 7519 leaves `iat` out of what is required; RFC 9068 does not: below"),
    ]
    .into();
    let (mut agreed, mut differed) = (0, 0);
    let document = document("validation.json");
    for test in document["tests"].as_array().unwrap() {
        let id = test["id"].as_str().unwrap();
        // A key set that is fetched (JWT-010) has no case to replay.
        for (index, case) in test["vectors"].as_array().into_iter().flatten().enumerate() {
            let ours = verdict(case, Profile::Jwt);
            let accepted = case["expect"]["outcome"] == "accept";
            match differences.get(&(id, index)) {
                Some(reason) => {
                    assert!(ours.is_ok() && !accepted, "{id} {index} agrees now: {reason}");
                    differed += 1;
                }
                None => {
                    assert_eq!(ours.is_ok(), accepted, "{id} {index}: {ours:?}");
                    agreed += 1;
                }
            }
        }
    }
    assert_eq!((agreed, differed), (10, 3));
}

#[test]
fn the_strict_profile_takes_none_of_their_tokens_for_an_access_token() {
    let document = document("validation.json");
    let cases = document["tests"].as_array().unwrap().iter();
    for case in cases.filter_map(|test| test["vectors"].as_array()).flatten() {
        verdict(case, Profile::Rfc9068).unwrap_err();
    }
}

#[test]
fn every_key_of_the_valid_set_is_read_under_its_name() {
    let set = document("valid-jwks.json");
    let keys: Vec<Key> =
        set["keys"].as_array().unwrap().iter().map(|key| Key::jwk(key.to_string())).collect();
    let [rsa, ec] = keys.try_into().unwrap();
    let both = Jwt::with_key(rsa).key(ec).issuer(ISSUER).audience(AUDIENCE);
    both.into_authenticator().map(drop).unwrap();
}
