//! ECDSA signatures are malleable: if (r, s) verifies, (r, n − s) verifies as well.
//!
//! Anyone can therefore turn a token into a second one with the same claims and expiry. This must gain
//! nothing: no other caller, no longer lifetime, no memory beyond the bound.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secure_runtime::testing::Issuer;

use super::Bench;

/// The order of P-256 (FIPS 186-4 section D.1.2.3).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The same token with n − s in place of s.
fn twin(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = false;
    for (digit, order) in signature[32..].iter_mut().zip(&ORDER).rev() {
        let (difference, first) = order.overflowing_sub(*digit);
        let (difference, second) = difference.overflowing_sub(u8::from(borrow));
        (*digit, borrow) = (difference, first || second);
    }
    assert!(!borrow, "s is below n");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn both_forms_are_one_caller_and_end_together() {
    let bench = Bench::new(Issuer::es256(), |jwt| jwt);
    let token = bench.token().role("admin").sign();
    let other = twin(&token);
    assert_ne!(token, other);
    assert_eq!(twin(&other), token);
    for token in [&token, &other] {
        let caller = bench.accepts(token);
        assert_eq!(caller.subject(), "alice");
        assert!(caller.has_role("admin"));
    }
    bench.refuses(&bench.token().tampered(), "the signature is not that of the key");
    bench.clock.advance(Duration::from_secs(3600 + 61));
    for token in [&token, &other] {
        assert!(bench.present(token).is_err());
        assert!(bench.present(token).is_err(), "nor once it is forgotten");
    }
}

/// A cache with few entries, filled with both forms of many tokens: all are verified, and the caller is
/// always the right one. The cache's own tests check that its size stays within its bound.
#[test]
fn a_small_cache_stays_right_when_it_is_filled_with_both_forms() {
    let bench = Bench::new(Issuer::es256(), |jwt| jwt.cache_capacity_bytes(16 * 1024));
    let tokens: Vec<(String, String)> = (0..60)
        .map(|number| {
            let subject = format!("caller-{number}");
            (bench.issuer.token(subject.as_str()).sign(), subject)
        })
        .collect();
    for _ in 0..2 {
        for (token, subject) in &tokens {
            assert_eq!(bench.accepts(token).subject(), subject);
            assert_eq!(bench.accepts(&twin(token)).subject(), subject);
        }
    }
}
