//! Tests of key sets, valid and invalid, as providers publish them.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};

use super::*;

const EC: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;

const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const OTHER_X: &str = "afKTeBkupLTC3ZMCMqURSvbmujNpj-yd8AM1RQWTSvs";
const OTHER_Y: &str = "-qW4neyWLh4qiF8vCCHwsgxiUFjWG8y_d8wlnBz7D1w";
const SHORT_X: &str = "AB1ytgdsFqJA3n5leSfbAUBP8YN9C_MPvYny34leKU8";
const SHORT_Y: &str = "bI62dFci3MIbiH0PBIpID7CwJZe9jQ6O5R4WZB3Cq3U";
const RSA: &str = r#""kty":"RSA","e":"AQAB","n":"mre06mTuWO8YU-ZtuR9rnytIAh_5IefBzlFIGKf0qwNADbJEq6wdZisV3RdptvxRGfKuLHGYGPP2S8HthZIm8Ggbdb9sNoKI87Yi7U_jK7TQrh6oTJHacoKjowUxovTB0Cq5nawa0KTgAL-f-93ZgiFSVI5rIKhnNq6BWkwKMgA0lytm83httLRwZEbOcUpdW8NkRoBAAzzWO3CSJ7Z43yfQOJny-7plpYb-4UO9TvLkZ_l5hoa3BAqd_Q2xRg3UfCgzonDdnzDRjQ_ebTAkJbVmoflXVsGjW2oC7L7j6JcEKvVw4tLU7Hl7NQ7WlQhLSY9gp7OJitlXWUN-pYYTow""#;

fn any() -> AcceptedKeys {
    AcceptedKeys { algorithms: Algorithm::ASYMMETRIC.to_vec(), test_keys: false, of_tenants: false }
}

fn read(text: &str) -> Result<(usize, Vec<String>), String> {
    let algorithms = vec![Algorithm::Rs256, Algorithm::Es256];
    let accepted = AcceptedKeys { algorithms, test_keys: false, of_tenants: false };
    KeySet::read(text, &accepted).map(|set| (set.keys.len(), reasons(set.left_out)))
}

#[test]
fn keys_that_cannot_be_used_are_left_out_and_named() {
    let set = format!(
        r#"{{"keys":[{{{EC},"kid":"good","use":"sig"}},{{{EC},"kid":"enc","use":"enc"}},
            {{"kty":"oct","k":"c2VjcmV0"}},7,{{"kty":"OKP","crv":"Ed25519","kid":"ed",
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}},
            {{{EC},"kid":"ops","key_ops":["sign"]}},{{{EC},"kid":"alg","alg":"ES384"}}]}}"#
    );
    let (usable, left_out) = read(&set).unwrap();
    assert_eq!(usable, 1);
    assert_eq!(
        left_out,
        [
            "key 2 has a `use` that is not `sig`",
            "key 3 is a secret, which a published document must not hold",
            "key 4 is not an object",
            "key 5 is for EdDSA, which is not accepted",
            "key 6 has a `key_ops` without `verify`",
            "key 7 has a `crv` that is not `P-384`",
        ]
    );
}

#[test]
fn different_keys_of_one_name_and_algorithm_are_all_left_out() {
    let other = EC.replace(EC_X, OTHER_X).replace(EC_Y, OTHER_Y);
    let set = format!(
        r#"{{"keys":[{{{EC},"kid":"a"}},{{{other},"kid":"a"}},{{{EC},"kid":"a"}},{{{EC},"kid":"b"}}]}}"#
    );
    let (usable, left_out) = read(&set).unwrap();
    assert_eq!(usable, 1);
    assert_eq!(left_out, ["key `a` has the same `kid` and `alg` as a different key"; 2]);
}

#[test]
fn equal_entries_are_one_key() {
    let set = format!(r#"{{"keys":[{{{EC},"kid":"a"}},{{{EC},"kid":"a"}},{{{EC},"kid":"b"}}]}}"#);
    assert_eq!(read(&set), Ok((2, vec![])));
    let set = format!(r#"{{"keys":[{{{EC},"kid":"a"}},{{{EC},"kid":"a","alg":"ES256"}}]}}"#);
    assert_eq!(read(&set), Ok((1, vec![])));
}

/// ForgeRock AM publishes one key once for each algorithm.
#[test]
fn one_key_may_be_there_for_several_algorithms() {
    let key = |kid: &str, alg: &str| format!(r#"{{{RSA},"kid":"{kid}","alg":"{alg}"}}"#);
    for (first, second) in [("a", "a"), ("a", "b")] {
        let set = format!(r#"{{"keys":[{},{}]}}"#, key(first, "RS256"), key(second, "PS256"));
        let set = KeySet::read(&set, &any()).unwrap();
        assert_eq!((set.keys.len(), set.left_out), (2, vec![]));
    }
}

#[test]
fn keys_without_a_name_stand_side_by_side() {
    let other = EC.replace(EC_X, OTHER_X).replace(EC_Y, OTHER_Y);
    let set = format!(r#"{{"keys":[{{{EC}}},{{{other}}},{{{EC}}}]}}"#);
    assert_eq!(read(&set), Ok((2, vec![])));
}

#[test]
fn numbers_that_are_written_otherwise_are_the_same_numbers() {
    let good = KeySet::read(&format!(r#"{{"keys":[{{{RSA}}}]}}"#), &any()).unwrap();
    let number = |name: &str, octets: &[u8]| {
        let code = URL_SAFE_NO_PAD.encode(octets);
        format!(r#""{name}":"{code}""#)
    };
    let member = |name: &str, text: &str| {
        let start = text.find(&format!("\"{name}\":")).unwrap();
        let value = text[start..].split('"').nth(3).unwrap();
        (format!(r#""{name}":"{value}""#), URL_SAFE_NO_PAD.decode(value).unwrap())
    };
    let same = |set: &str| {
        let found = KeySet::read(set, &any()).unwrap();
        assert!(matches!(
            (found.keys.as_slice(), good.keys.as_slice()),
            ([found], [good]) if found.is_identical(good)
        ));
    };
    let ((n, modulus), (e, exponent)) = (member("n", RSA), member("e", RSA));
    for (name, written, octets) in [("n", &n, &modulus), ("e", &e, &exponent)] {
        let zeros =
            RSA.replace(written.as_str(), &number(name, &[&[0, 0], octets.as_slice()].concat()));
        same(&format!(r#"{{"keys":[{{{zeros}}}]}}"#));
    }
    let padded = RSA.replace(&n, &format!("\"n\":\"{}\"", URL_SAFE.encode(&modulus)));
    assert!(padded.contains("=="));
    same(&format!(r#"{{"keys":[{{{padded}}}]}}"#));

    // Padding that does not fit, another alphabet, and a number that is zero stay wrong.
    for (wrong, cause) in [
        (RSA.replace(&n, &n.replacen("\"n\":\"", "\"n\":\"=", 1)), "not base64url"),
        (RSA.replace(&n, &format!("{}=\"", &n[..n.len() - 1])), "not base64url"),
        (RSA.replace(&n, &number("n", &[0; 256])), "an RSA key of 0 bits"),
        (RSA.replace(&e, &number("e", &[0, 1])), "modulus or exponent cannot be one"),
    ] {
        let fault = read(&format!(r#"{{"keys":[{{{wrong}}}]}}"#)).unwrap_err();
        assert!(fault.contains(cause), "{cause} in: {fault}");
    }
}

/// One coordinate of 256 begins with a zero octet, which some writers drop and others add.
#[test]
fn coordinates_have_the_length_of_their_curve_whatever_was_written() {
    let read = |x: &[u8], y: &[u8]| {
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        read(&format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}]}}"#))
    };
    let octets = |code: &str| URL_SAFE_NO_PAD.decode(code).unwrap();
    let (x, y) = (octets(SHORT_X), octets(SHORT_Y));
    assert_eq!((x.len(), x.first()), (32, Some(&0)));
    assert_eq!(read(&x, &y), Ok((1, vec![])));
    assert_eq!(read(&x[1..], &y), Ok((1, vec![])), "without its leading zero octet");
    assert_eq!(
        read(&[&[0], x.as_slice()].concat(), &[&[0], y.as_slice()].concat()),
        Ok((1, vec![]))
    );
    // The point is on the curve or it is no key.
    assert!(read(&x[2..], &y).is_err());
    assert!(read(&[], &y).unwrap_err().contains("coordinates of 0 and 32 bytes"));
    assert!(read(&[&[1], x.as_slice()].concat(), &y).unwrap_err().contains("of 33 and 32 bytes"));
}

#[test]
fn both_names_of_ed25519_are_names_of_one_algorithm() {
    let key = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    for alg in ["", r#","alg":"Ed25519""#, r#","alg":"EdDSA""#] {
        let set = KeySet::read(&format!(r#"{{"keys":[{{{key}{alg}}}]}}"#), &any()).unwrap();
        assert!(matches!(set.keys.as_slice(), [key] if key.algorithm == Algorithm::EdDsa));
    }
}

#[test]
fn a_key_for_encryption_is_told_from_one_with_which_something_is_wrong() {
    let set =
        format!(r#"{{"keys":[{{{EC},"kid":"a"}},{{{EC},"use":"enc"}},{{{EC},"use":"other"}}]}}"#);
    let set = KeySet::read(&set, &any()).unwrap();
    let told: Vec<_> = set.left_out.iter().map(|it| it.is_for_encryption).collect();
    assert_eq!(told, [true, false]);
}

#[test]
fn a_document_that_is_no_key_set_is_refused() {
    for (text, cause) in [
        ("", "the key set is not a JSON object"),
        ("[]", "the key set is not a JSON object"),
        ("{}", "the key set has no list `keys`"),
        (r#"{"keys":{}}"#, "the key set has no list `keys`"),
        (r#"{"keys":[],"keys":[]}"#, "the key set has a member twice"),
        (r#"{"a":"-----BEGIN CERTIFICATE-----"}"#, PEM_MAP),
        (r#"{"a":"-----BEGIN CERTIFICATE-----","b":1}"#, "the key set has no list `keys`"),
        (r#"{"keys":[]}"#, "the key set has no usable key: "),
        (r#"{"keys":[{}]}"#, "the key set has no usable key: key 1 has no `kty`"),
    ] {
        assert_eq!(read(text).unwrap_err(), cause, "{text}");
    }
    let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 101].join(","));
    assert_eq!(read(&many).unwrap_err(), "the key set has more than 100 keys");
}
