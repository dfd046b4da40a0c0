//! Rules about the JOSE header: algorithm, type, extensions, keys.

use secure_runtime::authentication::{Jwt, Key, Profile};
use secure_runtime::testing::{FakeClock, Issuer};
use serde_json::json;

use super::{Bench, NO_ALG, NOT_SIGNED, NOW, SIGNATURE};

#[test]
fn alg_is_the_key_s_own_and_case_matters() {
    let bench = Bench::strict();
    bench.accepts_header("alg", json!("HS256"));
    for name in [
        "hs256", "HS384", "HS512", "RS256", "none", "None", "NONE", "nOnE", "", "HS256 ", "HS256\0",
    ] {
        bench.refuses_header("alg", json!(name), NO_ALG);
    }
    for value in [json!(null), json!(1), json!(["HS256"]), json!({"a": 1}), json!(true)] {
        bench.refuses_header("alg", value, "`alg` of the header is not a string");
    }
    bench.refuses(&bench.token().without_header("alg").sign(), "the header has no `alg`");
    for name in ["none", "None", "NONE", "nOnE"] {
        let token = bench.token().header("alg", name).sign();
        let unsigned = &token[..=token.rfind('.').unwrap()];
        bench.refuses(unsigned, NOT_SIGNED);
        bench.refuses(&format!("{unsigned}AA"), NO_ALG);
    }
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    let public =
        include_bytes!("../../../secure-runtime/src/testing/keys/test-only-rs256.public.der");
    let forger = Issuer::hs256_with(public);
    let bench = Bench::new(Issuer::rs256(), |jwt| jwt);
    bench.refuses(&forger.token("alice").sign(), NO_ALG);
    bench.refuses(&forger.token("alice").header("alg", "RS256").sign(), SIGNATURE);
    bench.accepts(&bench.token().sign());
}

#[test]
fn typ_is_at_jwt() {
    let wrong = "`typ` is not that of the tokens accepted here";
    let not_text = "`typ` of the header is not a string";
    let bench = Bench::strict();
    for name in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
        bench.accepts_header("typ", json!(name));
    }
    for name in ["JWT", "jwt", "", "at+jwt ", "text/at+jwt", "dpop+jwt", "logout+jwt", "xat+jwt"] {
        bench.refuses_header("typ", json!(name), wrong);
    }
    bench.refuses(&bench.token().without_header("typ").sign(), wrong);
    for value in [json!(null), json!(7), json!(["at+jwt"]), json!({})] {
        bench.refuses_header("typ", value, not_text);
    }

    for bench in [Bench::usual(), Bench::lenient()] {
        for name in ["at+jwt", "JWT", "jwt", "application/jwt"] {
            bench.accepts_header("typ", json!(name));
        }
        bench.accepts(&bench.token().without_header("typ").sign());
        for name in ["", "dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE"] {
            bench.refuses_header("typ", json!(name), wrong);
        }
        bench.refuses_header("typ", json!(null), not_text);
    }

    let bench =
        Bench::new(Issuer::hs256(), |jwt| jwt.profile(Profile::Rfc9068).accept_typ("vnd.shop+jwt"));
    bench.accepts_header("typ", json!("vnd.shop+jwt"));
    bench.accepts_header("typ", json!("application/VND.shop+jwt"));
    bench.accepts_header("typ", json!("at+jwt"));
    bench.refuses_header("typ", json!("JWT"), wrong);
}

#[test]
fn extensions_are_refused() {
    let bench = Bench::strict();
    let critical = "the header asks for extensions with `crit`, and none is understood";
    for value in [
        json!([]),
        json!(["exp"]),
        json!(["b64"]),
        json!(["x"]),
        json!(null),
        json!("x"),
        json!({}),
        json!([1]),
    ] {
        bench.refuses_header("crit", value, critical);
    }
    bench.refuses(&bench.token().header("crit", json!(["x"])).header("x", 1).sign(), critical);
    for value in [json!(true), json!(false), json!(null)] {
        bench.refuses_header(
            "b64",
            value,
            "the header has `b64`, which makes it an unencoded payload",
        );
    }
    let encrypted = "the header is that of an encrypted or compressed token";
    bench.refuses_header("zip", json!("DEF"), encrypted);
    // Some versions of ForgeRock AM write it into every token.
    bench.accepts_header("zip", json!("NONE"));
    bench.refuses_header("enc", json!("A256GCM"), encrypted);
    bench.accepts_header("x", json!({"y": [1, null]}));
    bench.accepts_header("cty", json!("JWT"));
}

#[test]
fn keys_in_a_token_are_never_used() {
    let bench = Bench::new(Issuer::es256(), |jwt| jwt);
    let own_key = json!({"kty": "oct", "k": "AAAA"});
    for (name, value) in [
        ("jwk", own_key),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("http://169.254.169.254/")),
        ("x5c", json!(["MIIB"])),
    ] {
        bench.accepts_header(name, value.clone());
        let forger = Issuer::eddsa().clock(bench.clock.clone());
        let forged = forger.token("alice").header("alg", "ES256").header(name, value);
        bench.refuses(&forged.sign(), SIGNATURE);
    }
}

#[test]
fn kid_selects_among_the_configured_keys() {
    let old = Issuer::hs256_with([1; 32]).kid("old").clock(FakeClock::at(secure_tests::unix(NOW)));
    let bench = Bench::new(Issuer::hs256_with([2; 32]).kid("new"), |jwt| jwt.key(old.key()));
    bench.accepts(&bench.token().sign());
    bench.accepts(&old.token("alice").sign());
    bench.refuses(&old.token("alice").header("kid", "new").sign(), SIGNATURE);
    bench.refuses_header("kid", json!("other"), "no key has this `kid` and `alg`");
    bench.refuses_header("kid", json!(""), "no key has this `kid` and `alg`");
    bench.refuses_header("kid", json!("../../etc/passwd"), "no key has this `kid` and `alg`");
    bench.refuses_header("kid", json!("new' OR '1'='1"), "no key has this `kid` and `alg`");
    bench.refuses_header("kid", json!("k".repeat(257)), "`kid` of the header is too long");
    for value in [json!(null), json!(1), json!(["new"])] {
        bench.refuses_header("kid", value, "`kid` of the header is not a string");
    }
    // Without a `kid`, each key of the algorithm is tried.
    bench.accepts(&bench.token().without_header("kid").sign());
    bench.accepts(&old.token("alice").without_header("kid").sign());
    let stranger = Issuer::hs256_with([3; 32]).clock(bench.clock.clone());
    bench.refuses(&stranger.token("alice").without_header("kid").sign(), SIGNATURE);

    // Only one key fits, so a token without `kid` is unambiguous.
    let bench =
        Bench::new(Issuer::hs256_with([2; 32]).kid("new"), |jwt| jwt.key(Issuer::rs256().key()));
    bench.accepts(&bench.token().without_header("kid").sign());
    bench.refuses(&bench.token().header("kid", "other").sign(), "no key has this `kid` and `alg`");
    bench.refuses(&bench.token().header("alg", "RS256").sign(), "`alg` is not that of the key");

    // A key without a `kid` is used for any `kid`.
    let bench = Bench::strict();
    bench.accepts_header("kid", json!("whatever the issuer calls it"));
}

/// RFC 9864 gives `EdDSA` with this curve a name of its own; the key is the same.
#[test]
fn ed25519_is_another_name_of_eddsa() {
    let bench = Bench::new(Issuer::eddsa(), |jwt| jwt);
    bench.accepts_header("alg", json!("EdDSA"));
    bench.accepts_header("alg", json!("Ed25519"));
    for other in ["ed25519", "Ed448", "ES256"] {
        bench.refuses_header("alg", json!(other), NO_ALG);
    }
    let mut jwk = Issuer::eddsa().jwk();
    jwk["alg"] = json!("Ed25519");
    let by_jwk = Key::jwk(jwk.to_string());
    let jwt = Jwt::with_key(by_jwk)
        .dangerously_accept_test_keys()
        .issuer("https://issuer.test")
        .audience("test");
    Bench::new(Issuer::eddsa(), |_| jwt).accepts_header("alg", json!("EdDSA"));
}
