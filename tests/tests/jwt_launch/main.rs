//! Startup errors of the JWT authenticator: all faults of a configuration are reported at once.

mod jwk;
mod keys;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secure_runtime::authentication::{ClaimPath, IntoAuthenticator, Jwt, Key};
use secure_runtime::testing::Issuer;
use serde_json::json;

const SECRET: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

fn faults(jwt: Jwt) -> Vec<String> {
    let errors = jwt.into_authenticator().err().into_iter().flatten();
    errors.map(|error| error.message().to_owned()).collect()
}

/// A complete description; the test issuer's keys are accepted as real ones.
fn complete(key: Key) -> Jwt {
    Jwt::with_key(key)
        .dangerously_accept_test_keys()
        .issuer("https://issuer.example")
        .audience("shop")
}

/// `expected` is the fault without the key's number, or empty if the key is valid.
fn check(key: Key, expected: &str) {
    let found = faults(complete(key)).join("; ");
    let expected = if expected.is_empty() { String::new() } else { format!("key 1 {expected}") };
    assert_eq!(found, expected);
}
#[test]
fn everything_that_is_wrong_is_listed() {
    let jwt = Jwt::hs256("short")
        .key(Key::rs256(b"nonsense").kid("b"))
        .leeway(Duration::from_secs(301))
        .max_token_bytes(0)
        .accept_typ("")
        .roles_claim("")
        .tenant_claim("sub");
    assert_eq!(
        faults(jwt),
        [
            "key 1 (HS256) has a secret of 5 bytes, expected at least 32 (RFC 7518 section 3.2)",
            "key 2 `b` (RS256) is not an RSA public key in PEM or DER",
            "no issuer: say whose tokens are good with `.issuer(…)`",
            "no audience: name this service with `.audience(…)`, or its clients with `.client_ids(…)` \
             where tokens have no `aud`, or spell out \
             `.dangerously_accept_any_audience()`",
            "an accepted `typ` is empty",
            "the leeway is 301 seconds, expected at most 300",
            "the longest token has 0 bytes, expected 256 to 65536",
            "the roles claim `` has an empty name",
            "the tenant claim `sub` has another meaning (RFC 9068)",
        ]
    );
}

#[test]
fn issuer_and_audience_are_needed() {
    let jwt = || Jwt::hs256(SECRET);
    assert_eq!(faults(jwt().issuer("i").audience("a")), [""; 0]);
    assert_eq!(faults(jwt().issuer("i").dangerously_accept_any_audience()), [""; 0]);
    for incomplete in [
        jwt(),
        jwt().issuer("i"),
        jwt().audience("a"),
        jwt().issuer("").audience("a"),
        jwt().issuer("i").audience(""),
        jwt().dangerously_accept_any_audience(),
        jwt().issuer("i").audience("a").dangerously_accept_any_audience(),
    ] {
        assert!(!faults(incomplete.clone()).is_empty(), "{incomplete:?}");
    }
}

#[test]
fn limits_have_limits() {
    let jwt = || complete(Key::hs256(SECRET));
    assert_eq!(faults(jwt().leeway(Duration::from_secs(300))), [""; 0]);
    assert_eq!(faults(jwt().leeway(Duration::MAX)).len(), 1);
    assert_eq!(faults(jwt().max_token_bytes(65_536)), [""; 0]);
    assert_eq!(faults(jwt().max_token_bytes(65_537)).len(), 1);
    assert_eq!(faults(jwt().cache_capacity_bytes(0)), [""; 0]);
    assert_eq!(faults(jwt().roles_claim("https://shop.example/roles")).len(), 1);
    assert_eq!(faults(jwt().roles_claim(["https://shop.example/roles"])), [""; 0]);
    assert_eq!(faults(jwt().roles_claim(ClaimPath::from(vec![]))).len(), 1);
}

#[test]
fn nothing_secret_is_in_debug_output() {
    let secret = "0123456789abcdef0123456789abcdef";
    let jwk =
        json!({"kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(secret)}).to_string();
    let issuer = Issuer::hs256_with(secret);
    let token = issuer.token("alice").claim("ssn", "078-05-1120");
    for output in [
        format!("{:?}", Key::hs256(secret)),
        format!("{:?}", Key::jwk(&jwk)),
        format!("{:?}", Key::jwk(jwk.replace("oct", "RSA"))),
        format!("{:?}", complete(Key::hs256(secret))),
        format!("{issuer:?}"),
        format!("{token:?}"),
        format!(
            "{:?}",
            faults(complete(Key::hs512(secret)).key(Key::jwk(jwk.replace("oct", "EC"))))
        ),
    ] {
        for private in [secret, &URL_SAFE_NO_PAD.encode(secret), "48, 49, 50", "30313233", "078-05"]
        {
            assert!(!output.contains(private), "{output}");
        }
    }
}
