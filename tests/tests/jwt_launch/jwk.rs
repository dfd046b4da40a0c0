//! Keys in JWK form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secure_runtime::authentication::{Algorithm, Key};
use serde_json::{Value, json};

use super::{SECRET, check};

pub(super) fn rsa_jwk(bits: usize) -> Value {
    let mut modulus = vec![0xff; bits / 8];
    modulus[0] = 0x80;
    json!({"kty": "RSA", "alg": "RS256", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB"})
}

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
    let beside_the_curve = with("y", json!(URL_SAFE_NO_PAD.encode([7; 32])));
    check(beside_the_curve, "`a` (ES256) is not a key that can verify");
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
            "(JWK) is a private key, and verifying needs only the public one",
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
