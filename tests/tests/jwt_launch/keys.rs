//! Verification keys: secrets, PEM, DER, and combinations of keys.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secure_runtime::authentication::{Jwt, Key};
use secure_runtime::testing::{Issuer, published_keys};
use serde_json::json;

use super::jwk::rsa_jwk;
use super::{SECRET, check, complete, faults};

const RS256: &[u8] =
    include_bytes!("../../../secure-runtime/src/testing/keys/test-only-rs256.public.der");
const ES256: &[u8] =
    include_bytes!("../../../secure-runtime/src/testing/keys/test-only-es256.public.der");
const EDDSA: &[u8] =
    include_bytes!("../../../secure-runtime/src/testing/keys/test-only-eddsa.public.der");
const RS256_PRIVATE: &[u8] =
    include_bytes!("../../../secure-runtime/src/testing/keys/test-only-rs256.private.der");
const ES256_PRIVATE: &[u8] =
    include_bytes!("../../../secure-runtime/src/testing/keys/test-only-es256.private.der");
const EDDSA_PRIVATE: &[u8] =
    include_bytes!("../../../secure-runtime/src/testing/keys/test-only-eddsa.private.der");

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<_> =
        body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn secrets_are_as_long_as_the_hash() {
    check(Key::hs256([7; 32]), "");
    check(Key::hs384([7; 48]), "");
    check(Key::hs512([7; 64]), "");
    check(
        Key::hs256([7; 31]),
        "(HS256) has a secret of 31 bytes, expected at least 32 (RFC 7518 section 3.2)",
    );
    check(
        Key::hs384([7; 47]),
        "(HS384) has a secret of 47 bytes, expected at least 48 (RFC 7518 section 3.2)",
    );
    check(
        Key::hs512([7; 63]),
        "(HS512) has a secret of 63 bytes, expected at least 64 (RFC 7518 section 3.2)",
    );
    check(
        Key::hs256(""),
        "(HS256) has a secret of 0 bytes, expected at least 32 (RFC 7518 section 3.2)",
    );
    check(
        Key::hs256(pem("PUBLIC KEY", RS256)),
        "(HS256) has PEM for a secret, which is not secret",
    );
}

#[test]
fn public_keys_are_pem_or_der_of_the_right_kind() {
    for key in [
        Key::rs256(RS256),
        Key::rs384(RS256),
        Key::rs512(RS256),
        Key::ps256(RS256),
        Key::ps384(RS256),
        Key::ps512(RS256),
        Key::es256(ES256),
        Key::eddsa(EDDSA),
        Key::rs256(pem("PUBLIC KEY", RS256)),
        Key::es256(pem("PUBLIC KEY", ES256)),
        Key::eddsa(format!("\n\n{}\n", pem("PUBLIC KEY", EDDSA))),
        Key::rs256(pem("PUBLIC KEY", RS256).replace('\n', "\r\n")),
    ] {
        check(key, "");
    }
    let private = "is a private key, and verifying needs only the public one";
    for key in [RS256_PRIVATE, ES256_PRIVATE, EDDSA_PRIVATE] {
        check(Key::rs256(key), &format!("(RS256) {private}"));
        check(Key::es256(key), &format!("(ES256) {private}"));
        check(Key::eddsa(key), &format!("(EdDSA) {private}"));
        check(Key::rs256(pem("PRIVATE KEY", key)), &format!("(RS256) {private}"));
        check(Key::es256(pem("EC PRIVATE KEY", key)), &format!("(ES256) {private}"));
        check(Key::ps256(pem("ENCRYPTED PRIVATE KEY", key)), &format!("(PS256) {private}"));
        check(Key::rs256(pem("PUBLIC KEY", key)), &format!("(RS256) {private}"));
    }
    let not_rsa = "(RS256) is not an RSA public key in PEM or DER";
    let not_p256 = "(ES256) is not an uncompressed P-256 public key in PEM or DER";
    let not_p384 = "(ES384) is not an uncompressed P-384 public key in PEM or DER";
    let not_ed = "(EdDSA) is not an Ed25519 public key in PEM or DER";
    for der in [&b""[..], b"nonsense", &[0x30], &[0x30, 0x82], ES256, EDDSA, &RS256[..200]] {
        check(Key::rs256(der), not_rsa);
    }
    for der in [&b""[..], RS256, EDDSA, &ES256[1..]] {
        check(Key::es256(der), not_p256);
    }
    check(Key::es256(&ES256[..ES256.len() - 33]), not_p256);
    check(
        Key::es256(&ES256[..ES256.len() - 1]),
        "(ES256) has coordinates of 32 and 31 bytes, expected 32 for P-256 (RFC 7518 section 6.2.1.2)",
    );
    check(
        Key::es256([ES256, &[0]].concat()),
        "(ES256) has coordinates of 32 and 33 bytes, expected 32 for P-256 (RFC 7518 section 6.2.1.2)",
    );
    check(Key::es384(ES256), not_p384);
    check(Key::eddsa(ES256), not_ed);
    check(Key::eddsa(&EDDSA[..43]), "(EdDSA) is 31 bytes, expected 32 for Ed25519");
    check(
        Key::rs256(pem("CERTIFICATE", RS256)),
        "(RS256) is a certificate, expected the public key in it (`openssl x509 -pubkey -noout`)",
    );
    check(
        Key::rs256(pem("X509 CRL", RS256)),
        "(RS256) is PEM of another kind, expected `PUBLIC KEY`",
    );
    check(
        Key::es256(pem("RSA PUBLIC KEY", ES256)),
        "(ES256) is PEM of another kind, expected `PUBLIC KEY`",
    );
    check(
        Key::rs256("-----BEGIN PUBLIC KEY-----\n????\n-----END PUBLIC KEY-----"),
        "(RS256) is broken PEM",
    );
    check(Key::rs256("-----BEGIN PUBLIC KEY-----\nAAAA\n"), "(RS256) is broken PEM");
    let two = pem("PUBLIC KEY", RS256).repeat(2);
    check(Key::rs256(two), "(RS256) is broken PEM, or several PEM blocks");
}
#[test]
fn rsa_keys_have_at_least_2048_bits() {
    check(Key::jwk(rsa_jwk(2048).to_string()), "");
    check(Key::jwk(rsa_jwk(8192).to_string()), "");
    for bits in [512, 1024, 2040, 8200] {
        let expected = format!(
            "(JWK) is an RSA key of {bits} bits, expected 2048 to 8192 (RFC 7518 section 3.3)"
        );
        check(Key::jwk(rsa_jwk(bits).to_string()), &expected);
    }
    // The same as DER: `openssl genrsa 1024`, public part, PKCS#8 and PKCS#1.
    check(
        Key::rs256(WEAK_PEM),
        "(RS256) is an RSA key of 1024 bits, expected 2048 to 8192 (RFC 7518 section 3.3)",
    );
    let mut jwk = rsa_jwk(2048);
    for exponent in ["AQ", "Ag", "AAAA", ""] {
        jwk["e"] = json!(exponent);
        let found = faults(complete(Key::jwk(jwk.to_string())));
        assert_eq!(found.len(), 1, "{exponent}: {found:?}");
    }
    jwk["e"] = json!("AAEAAQ");
    check(
        Key::jwk(jwk.to_string()),
        "(JWK) has `n` or `e` with a leading zero (RFC 7518 section 2)",
    );
}

const WEAK_PEM: &str = include_str!("../../vectors/keys/rsa-1024.public.pem");

/// A key of sufficient length from a faulty generator (ROCA), whose public keys reveal the private ones.
#[test]
fn rsa_keys_with_a_known_weakness_are_refused_however_they_are_written() {
    let weak = "is an RSA key with the ROCA weakness (CVE-2017-15361), expected one whose private \
                half cannot be computed from it";
    check(Key::rs256(ROCA_PEM), &format!("(RS256) {weak}"));
    check(Key::ps512(ROCA_PEM), &format!("(PS512) {weak}"));
    let body: String = ROCA_PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    check(Key::rs256(&der), &format!("(RS256) {weak}"));
    // The modulus: the 256 bytes before the exponent.
    let modulus = &der[der.len() - 261..][..256];
    let jwk = |modulus: &[u8], kid: &str| {
        let n = URL_SAFE_NO_PAD.encode(modulus);
        json!({ "kty": "RSA", "alg": "RS256", "kid": kid, "n": n, "e": "AQAB" })
    };
    check(Key::jwk(jwk(modulus, "weak").to_string()), &format!("(JWK) {weak}"));
    // The accepted counterpart: the same key with two bits changed.
    let mut strong = modulus.to_vec();
    strong[255] ^= 6;
    check(Key::jwk(jwk(&strong, "strong").to_string()), "");
    let set = json!({ "keys": [jwk(modulus, "weak"), jwk(&strong, "strong")] });
    assert_eq!(published_keys(&set.to_string()), Ok((1, vec![format!("key 1 {weak}")])));
}

const ROCA_PEM: &str = include_str!("../../vectors/keys/roca-2048.public.pem");

/// The private parts of these keys are public; the keys are recognized by their bytes.
#[test]
fn published_test_keys_are_refused_however_they_are_written() {
    let check = |key: Key| {
        let jwt = || Jwt::with_key(key.clone()).issuer("https://issuer.example").audience("shop");
        assert_eq!(faults(jwt()), [format!("key 1 {TEST_KEY}")]);
        assert_eq!(faults(jwt().dangerously_accept_test_keys()), [""; 0]);
    };
    check(Key::hs256("test only: this secret of secure-runtime is known to everybody"));
    check(Key::hs384("test only: this secret of secure-runtime is known to everybody"));
    for key in [Key::rs256(RS256), Key::ps384(RS256), Key::es256(ES256), Key::eddsa(EDDSA)] {
        check(key);
    }
    check(Key::rs256(pem("PUBLIC KEY", RS256)));
    check(Key::es256(pem("PUBLIC KEY", ES256)));
    check(Key::eddsa(pem("PUBLIC KEY", EDDSA)));
    let issuers = [Issuer::rs256(), Issuer::es256(), Issuer::eddsa()];
    let mut published: Vec<_> = issuers.iter().map(Issuer::jwk).collect();
    for jwk in &published {
        check(Key::jwk(jwk.to_string()));
    }
    // In a published set they are left out, and the other keys are used.
    published.push(rsa_jwk(2048));
    let left_out = (1..=3).map(|number| format!("key {number} {TEST_KEY}")).collect();
    let set = json!({ "keys": published }).to_string();
    assert_eq!(published_keys(&set), Ok((1, left_out)));
}

const TEST_KEY: &str = "is a test key of this crate, with which everybody can sign: tests accept it \
                        by `.dangerously_accept_test_keys()`";

#[test]
fn keys_can_be_told_apart() {
    let two = |one: Key, two: Key| faults(complete(one).key(two)).join("; ");
    assert_eq!(two(Key::hs256([1; 32]).kid("a"), Key::hs256([2; 32]).kid("b")), "");
    assert_eq!(two(Key::hs256([1; 32]).kid("a"), Key::hs256([2; 32])), "");
    assert_eq!(two(Key::hs256([1; 32]), Key::rs256(RS256)), "");
    assert_eq!(
        two(Key::hs256([1; 32]).kid("a"), Key::rs256(RS256).kid("a")),
        "key 2 `a` has the same `kid` as another key"
    );
    assert_eq!(
        two(Key::hs256([1; 32]), Key::hs256([2; 32])),
        "key 2 cannot be told from another key of its algorithm: give both a `.kid(…)`"
    );
    let twice = "is there for two algorithms, and a key has one (RFC 8725 section 3.1)";
    assert_eq!(two(Key::rs256(RS256), Key::ps256(RS256)), format!("key 2 {twice}"));
    assert_eq!(two(Key::hs256([1; 64]), Key::hs512([1; 64])), format!("key 2 {twice}"));
    assert_eq!(faults(complete(Key::hs256(SECRET).kid(""))).len(), 1);
}
