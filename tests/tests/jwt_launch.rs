//! What is wrong with a description is said when the service starts, all of it at once.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secure_runtime::authentication::{Algorithm, ClaimPath, IntoAuthenticator, Jwt, Key};
use secure_runtime::testing::Issuer;
use serde_json::{Value, json};

const SECRET: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

fn faults(jwt: Jwt) -> Vec<String> {
    jwt.into_authenticator().map(|_| ()).err().unwrap_or_default()
}

fn complete(key: Key) -> Jwt {
    Jwt::with_key(key).issuer("https://issuer.example").audience("shop")
}

/// `expected` is the fault without the key's number; empty where the key is good.
fn check(key: Key, expected: &str) {
    let found = faults(complete(key)).join("; ");
    let expected = if expected.is_empty() { String::new() } else { format!("key 1 {expected}") };
    assert_eq!(found, expected);
}

const RS256: &[u8] =
    include_bytes!("../../secure-runtime/src/testing/keys/test-only-rs256.public.der");
const ES256: &[u8] =
    include_bytes!("../../secure-runtime/src/testing/keys/test-only-es256.public.der");
const EDDSA: &[u8] =
    include_bytes!("../../secure-runtime/src/testing/keys/test-only-eddsa.public.der");
const RS256_PRIVATE: &[u8] =
    include_bytes!("../../secure-runtime/src/testing/keys/test-only-rs256.private.der");
const ES256_PRIVATE: &[u8] =
    include_bytes!("../../secure-runtime/src/testing/keys/test-only-es256.private.der");
const EDDSA_PRIVATE: &[u8] =
    include_bytes!("../../secure-runtime/src/testing/keys/test-only-eddsa.private.der");

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<_> =
        body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
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
            "no audience: name this service with `.audience(…)`, or spell out \
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
    assert_eq!(faults(jwt().cache_bytes(0)), [""; 0]);
    assert_eq!(faults(jwt().roles_claim("https://shop.example/roles")).len(), 1);
    assert_eq!(faults(jwt().roles_claim(["https://shop.example/roles"])), [""; 0]);
    assert_eq!(faults(jwt().roles_claim(ClaimPath::from(vec![]))).len(), 1);
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
    let private = "is a private key, and whoever verifies needs only the public one";
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

fn rsa_jwk(bits: usize) -> Value {
    let mut modulus = vec![0xff; bits / 8];
    modulus[0] = 0x80;
    json!({"kty": "RSA", "alg": "RS256", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB"})
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
    // The same through DER: `openssl genrsa 1024`, public half, PKCS#8 and PKCS#1.
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

const WEAK_PEM: &str = include_str!("../vectors/keys/rsa-1024.public.pem");

#[test]
fn a_jwk_says_that_it_verifies_and_is_whole() {
    let good = json!({
        "kty": "EC", "crv": "P-256", "kid": "a", "use": "sig", "alg": "ES256", "key_ops": ["verify"],
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        Key::jwk(jwk.to_string())
    };
    let without = |name: &str| {
        let mut jwk = good.clone();
        jwk.as_object_mut().unwrap().remove(name);
        Key::jwk(jwk.to_string())
    };
    check(Key::jwk(good.to_string()), "");
    for optional in ["kid", "use", "alg", "key_ops"] {
        check(without(optional), "");
    }
    check(with("key_ops", json!(["verify", "sign"])), "");
    check(with("x5c", json!(["MIIB"])), "");
    for value in [json!("enc"), json!(""), json!("SIG"), json!(null), json!(["sig"])] {
        check(with("use", value), "(JWK) has a `use` that is not `sig`");
    }
    for value in [json!([]), json!(["sign"]), json!(["encrypt"]), json!(["Verify"])] {
        check(with("key_ops", value), "(JWK) has a `key_ops` without `verify`");
    }
    for value in [json!("verify"), json!(null), json!(["verify", 1])] {
        check(with("key_ops", value), "(JWK) has a `key_ops` that is not a list");
    }
    check(
        with("key_ops", json!(["verify", "verify"])),
        "(JWK) has an operation twice in `key_ops`",
    );
    for value in ["none", "es256", "ES512", "RSA-OAEP", "A256GCM", "dir", "ES256K", ""] {
        check(
            with("alg", json!(value)),
            "(JWK) has an `alg` that is not a signature algorithm offered here",
        );
    }
    check(with("alg", json!(null)), "(JWK) has an `alg` that is not a string");
    check(with("alg", json!("RS256")), "(JWK) has a `kty` that is not `RSA`, which RS256 needs");
    check(with("alg", json!("HS256")), "(JWK) has a `kty` that is not `oct`, which HS256 needs");
    check(with("alg", json!("ES384")), "(JWK) has a `crv` that is not `P-384`");
    check(with("crv", json!("P-384")), "(JWK) has a `crv` that is not `P-256`");
    check(with("crv", json!("secp256k1")), "(JWK) has a `crv` that is not `P-256`");
    check(with("crv", json!(1)), "(JWK) has a `crv` that is not a string");
    check(with("kty", json!("ec")), "(JWK) has a `kty` that is not `EC`, which ES256 needs");
    check(without("kty"), "(JWK) has no `kty`");
    check(without("x"), "(JWK) has no `x`");
    check(with("x", json!(1)), "(JWK) has a `x` that is not a string");
    for code in [
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=",
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV",
        "a+b/",
        "a b",
        "a",
    ] {
        check(with("x", json!(code)), "(JWK) has a `x` that is not base64url");
    }
    for (code, length) in [("", 0), ("AAAA", 3)] {
        check(
            with("y", json!(code)),
            &format!(
                "(JWK) has coordinates of 32 and {length} bytes, expected 32 for P-256 (RFC 7518 section 6.2.1.2)"
            ),
        );
    }
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        check(
            with(name, json!("AAAA")),
            "(JWK) is a private key, and whoever verifies needs only the public one",
        );
    }
    for value in [json!(""), json!(1), json!(null), json!("k".repeat(257))] {
        check(with("kid", value), "(JWK) has a `kid` that is not a string of 1 to 256 bytes");
    }
    for text in ["", "[]", "null", "{", "{}x"] {
        check(Key::jwk(text), "(JWK) is not a JSON object");
    }
    check(Key::jwk(r#"{"kty":"EC","kty":"EC"}"#), "(JWK) has a member twice");
    check(
        Key::jwk(json!({"kty": "oct", "k": "AAAA", "alg": "HS256"}).to_string()),
        "(JWK) has a secret of 3 bytes, expected at least 32 (RFC 7518 section 3.2)",
    );
    check(
        Key::jwk(json!({"kty": "OKP", "crv": "Ed448", "x": "AAAA"}).to_string()),
        "(JWK) has a `crv` that is not offered here",
    );
    check(
        Key::jwk(json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}).to_string()),
        "(JWK) is 3 bytes, expected 32 for Ed25519",
    );
}

#[test]
fn the_algorithm_of_a_jwk_is_never_guessed() {
    let mut rsa = rsa_jwk(2048);
    rsa.as_object_mut().unwrap().remove("alg");
    check(
        Key::jwk(rsa.to_string()),
        "(JWK) has no `alg`, and its type does not tell: use `Key::jwk_for`",
    );
    check(Key::jwk_for(Algorithm::Ps256, rsa.to_string()), "");
    rsa["alg"] = json!("RS256");
    check(Key::jwk_for(Algorithm::Rs256, rsa.to_string()), "");
    check(
        Key::jwk_for(Algorithm::Ps256, rsa.to_string()),
        "(JWK) has `alg` RS256, and PS256 was asked for",
    );
    let secret = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET)}).to_string();
    check(Key::jwk(&secret), "(JWK) has no `alg`, and its type does not tell: use `Key::jwk_for`");
    check(Key::jwk_for(Algorithm::Hs256, &secret), "");
    check(
        Key::jwk_for(Algorithm::Hs512, &secret),
        "(JWK) has a secret of 32 bytes, expected at least 64 (RFC 7518 section 3.2)",
    );
}

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
