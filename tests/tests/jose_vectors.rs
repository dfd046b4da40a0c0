//! Public JOSE test vectors, run through key parsing and signature verification.
//!
//! Most payloads are not claim sets, so the tests call [`verify_signature`] instead of an authenticator.
//! Every vector that this crate decides differently is listed here with the reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use secure_runtime::Clock;
use secure_runtime::authentication::{
    Algorithm, Attempt, ConfigurationErrors, IntoAuthenticator, Jwt, Key, Profile,
};
use secure_runtime::testing::{FakeClock, authenticate, verify_signature};
use serde_json::Value;

fn read(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/jose");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

/// The public part of the key: vectors also contain the private part, which a verifier refuses.
fn public(jwk: &Value) -> String {
    let mut jwk = jwk.clone();
    if jwk["kty"] != "oct" {
        jwk.as_object_mut()
            .unwrap()
            .retain(|name, _| !["d", "p", "q", "dp", "dq", "qi", "oth"].contains(&name.as_str()));
    }
    jwk.to_string()
}

#[test]
fn wycheproof() {
    let other_alg = "`alg` is not that of the key";
    let no_p521 = "(JWK) has an `alg` that is not a signature algorithm offered here";
    let empty = "the token has an empty segment";
    // Labelled valid, but refused here:
    let differences: BTreeMap<u64, &str> = [
        // A JWT is never empty.
        (259, empty),
        (264, empty),
        (268, empty),
        (272, empty),
        (320, empty),
        (325, empty),
        // The header contains PS384, but the key is pinned to PS256 (RFC 8725 section 3.1).
        (346, other_alg),
        (350, other_alg),
        // ES512 is not supported, and the key misspells it as ES521.
        (347, no_p521),
        (351, no_p521),
    ]
    .into();
    let mut found = BTreeMap::new();
    let mut agreed = 0;
    for group in json("wycheproof/json_web_signature.json")["testGroups"].as_array().unwrap() {
        let jwk = group.get("public").unwrap_or(&group["private"]);
        for case in group["tests"].as_array().unwrap() {
            let token = case["jws"].as_str().unwrap();
            let verdict = verify_signature(Key::jwk(public(jwk)), token.as_bytes());
            match (case["result"] == "valid", verdict) {
                (true, Ok(_)) | (false, Err(_)) => agreed += 1,
                (true, Err(faults)) => {
                    found.insert(case["tcId"].as_u64().unwrap(), faults);
                }
                (false, Ok(_)) => panic!("accepted although invalid: {case}"),
            }
        }
    }
    let found: BTreeMap<u64, &str> = found.iter().map(|(id, cause)| (*id, &**cause)).collect();
    assert_eq!(found, differences);
    assert_eq!(agreed, 346);
}

#[test]
fn wycheproof_keys_that_do_not_verify_are_refused_at_launch() {
    let vectors = json("wycheproof/json_web_signature.json");
    let groups = vectors["testGroups"].as_array().unwrap();
    let mut refused = 0;
    for group in groups {
        let jwk = group.get("public").unwrap_or(&group["private"]);
        let key = Key::jwk_for(Algorithm::Rs256, public(jwk));
        let comment = group["comment"].as_str().unwrap();
        if comment == "rsa_encryption" {
            let faults = launch(key).unwrap_err().to_string();
            assert!(faults.contains("`use`") || faults.contains("`key_ops`"), "{faults}");
            refused += 1;
        }
    }
    assert_eq!(refused, 2);
}

fn launch(key: Key) -> Result<(), ConfigurationErrors> {
    let jwt = Jwt::with_key(key).issuer("https://issuer.example").audience("shop");
    jwt.into_authenticator().map(|_| ())
}

#[test]
fn rfc_7515_and_7520_compact_examples() {
    let text = "It\u{2019}s a dangerous business, Frodo, going out your door. You step onto the road, and if you \
        don't keep your feet, there\u{2019}s no knowing where you might be swept off to.";
    let joe = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    let check = |name: &str, algorithm: Option<Algorithm>, expected: Result<&str, &str>| {
        let jwk = json(&format!(
            "rfc/{}.jwk",
            match name {
                "rfc7520_4.1" | "rfc7520_4.2" => "rfc7520_3.4",
                "rfc7520_4.3" => "rfc7520_3.2",
                "rfc7520_4.4" | "rfc7520_4.5" => "rfc7520_3.5",
                own => own,
            }
        ));
        let key = match algorithm {
            Some(algorithm) => Key::jwk_for(algorithm, public(&jwk)),
            None => Key::jwk(public(&jwk)),
        };
        let token = read(&format!("rfc/{name}.jwsc"));
        let found = verify_signature(key, token.trim().as_bytes());
        let found = found.map(|payload| String::from_utf8(payload).unwrap());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{name}");
    };
    check("rfc7515_A.1", Some(Algorithm::Hs256), Ok(joe));
    check("rfc7515_A.2", Some(Algorithm::Rs256), Ok(joe));
    check("rfc7515_A.3", None, Ok(joe));
    check("rfc7515_A.4", None, Err("(JWK) has a `crv` that is not offered here"));
    check("rfc7520_4.1", Some(Algorithm::Rs256), Ok(text));
    check("rfc7520_4.2", Some(Algorithm::Ps384), Ok(text));
    check("rfc7520_4.3", None, Err("(JWK) has a `crv` that is not offered here"));
    check("rfc7520_4.4", None, Ok(text));
    // Detached content (RFC 7515 appendix F) is not a bearer token.
    check("rfc7520_4.5", None, Err("the token has an empty segment"));
    // A key for one algorithm is not used for another.
    check("rfc7515_A.1", Some(Algorithm::Hs512), Err("no key has this `alg`"));
    check("rfc7515_A.2", Some(Algorithm::Ps256), Err("no key has this `alg`"));
    check("rfc7520_4.2", Some(Algorithm::Rs256), Err("`alg` is not that of the key"));
}

#[test]
fn rfc_7515_a_5_is_not_signed() {
    let token = read("rfc/rfc7515_A.5.jwsc");
    let key = Key::hs256([0; 32]);
    let faults = verify_signature(key, token.trim().as_bytes()).unwrap_err();
    assert_eq!(faults, "the token is not signed");
}

/// The claims of RFC 7515 appendix A are from 2011 and have neither `sub` nor `aud`: at a frozen
/// clock the tokens pass every check up to those rules.
#[test]
fn rfc_7515_claims_at_a_frozen_clock() {
    for (name, algorithm) in [
        ("rfc7515_A.1", Algorithm::Hs256),
        ("rfc7515_A.2", Algorithm::Rs256),
        ("rfc7515_A.3", Algorithm::Es256),
    ] {
        let token = read(&format!("rfc/{name}.jwsc"));
        let header = format!("Bearer {}", token.trim());
        let check = |change: fn(Jwt) -> Jwt, expected: &str| {
            let key = Key::jwk_for(algorithm, public(&json(&format!("rfc/{name}.jwk"))));
            let jwt = change(Jwt::with_key(key).issuer("joe").profile(Profile::Jwt));
            let authenticator = jwt.into_authenticator().unwrap();
            let now = FakeClock::at(secure_tests::unix(1_300_819_379)).now();
            match authenticate(&*authenticator, &[("authorization", &header)], now) {
                Attempt::Refused(refusal) => assert_eq!(refusal.cause(), expected, "{name}"),
                _ => panic!("{name} is accepted"),
            }
        };
        check(|jwt| jwt.audience("shop"), "`aud` is missing");
        check(Jwt::dangerously_accept_any_audience, "`sub` is missing");
        check(|jwt| jwt.issuer("jim").audience("shop"), "`iss` is another issuer");
        if algorithm == Algorithm::Hs256 {
            // A.1 has `typ` JWT, the others have none: neither is an access token.
            check(|jwt| jwt.profile(Profile::Rfc9068).audience("shop"), TYPE);
        }
    }
}

const TYPE: &str = "`typ` is not that of the tokens accepted here";

#[test]
fn the_cookbook_agrees() {
    for (name, algorithm, accepted) in [
        ("jws/4_1.rsa_v15_signature", Some(Algorithm::Rs256), true),
        ("jws/4_2.rsa-pss_signature", Some(Algorithm::Ps384), true),
        // ES512 is not supported.
        ("jws/4_3.ecdsa_signature", None, false),
        ("jws/4_4.hmac-sha2_integrity_protection", None, true),
        ("curve25519/jws", None, true),
    ] {
        let example = json(&format!("cookbook/{name}.json"));
        let jwk = public(&example["input"]["key"]);
        let key = match algorithm {
            Some(algorithm) => Key::jwk_for(algorithm, jwk),
            None => Key::jwk(jwk),
        };
        let token = example["output"]["compact"].as_str().unwrap();
        let verdict = verify_signature(key, token.as_bytes());
        assert_eq!(verdict.is_ok(), accepted, "{name}: {verdict:?}");
        if let Ok(payload) = verdict {
            assert_eq!(payload, example["input"]["payload"].as_str().unwrap().as_bytes(), "{name}");
        }
    }
}

#[test]
fn joserfc_unencoded_payloads_are_refused_whatever_b64_says() {
    let vectors = json("joserfc/jws_rfc7797.json");
    let jwk = json("cookbook/rfc7797/4.2.hmac-sha2_b64_false.json")["input"]["key"].clone();
    let mut accepted = Vec::new();
    for case in vectors["tests"].as_array().unwrap() {
        let Some(token) = case["compact"].as_str() else { continue };
        if verify_signature(Key::jwk(jwk.to_string()), token.as_bytes()).is_ok() {
            accepted.push(case["name"].as_str().unwrap());
        }
    }
    assert_eq!(accepted, ["4.1 HS256"]);
}

#[test]
fn joserfc_secrets_are_too_short_to_start_with() {
    for file in ["joserfc/jws_examples.json", "joserfc/jwt_use_jws.json"] {
        for case in json(file)["tests"].as_array().unwrap() {
            let Some(secret) = case["secret"].as_str() else { continue };
            let faults = launch(Key::hs256(secret)).unwrap_err().to_string();
            assert!(faults.contains("expected at least 32 (RFC 7518 section 3.2)"), "{faults}");
        }
    }
}

#[test]
fn rfc_7517_keys() {
    // The set of appendix A.1: an EC key for encryption, an RSA key for RS256.
    let set = json("rfc/rfc7517_A.1.jwkset");
    let faults = launch(Key::jwk(set["keys"][0].to_string())).unwrap_err().to_string();
    assert!(faults.contains("has a `use` that is not `sig`"), "{faults}");
    launch(Key::jwk(set["keys"][1].to_string())).unwrap();
    // Appendix A.2 contains the private parts of these keys.
    let set = json("rfc/rfc7517_A.2.jwkset");
    let faults = launch(Key::jwk(set["keys"][1].to_string())).unwrap_err().to_string();
    assert!(faults.contains("is a private key"), "{faults}");
}
