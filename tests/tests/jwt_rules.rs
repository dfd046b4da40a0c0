//! Every rule about a token: the one that breaks it is refused with its cause, its twin is accepted.

use std::sync::Arc;
use std::time::Duration;

use secure_runtime::authentication::{
    Attempt, Authenticator, IntoAuthenticator, Jwt, Profile, RefusalCode,
};
use secure_runtime::testing::{FakeClock, Issuer, Token, authenticate};
use secure_runtime::{Clock, Principal};
use serde_json::{Value, json};

/// An issuer and a service that trusts it, at one frozen moment.
struct Bench {
    clock: FakeClock,
    issuer: Issuer,
    authenticator: Arc<dyn Authenticator>,
}

impl Bench {
    fn new(issuer: Issuer, describe: impl FnOnce(Jwt) -> Jwt) -> Self {
        let clock = FakeClock::at(NOW);
        let issuer = issuer.clock(clock.clone());
        let authenticator = describe(issuer.jwt()).into_authenticator().unwrap();
        Self { clock, issuer, authenticator }
    }

    fn strict() -> Self {
        Self::new(Issuer::hs256(), |jwt| jwt)
    }

    fn lenient() -> Self {
        Self::new(Issuer::hs256(), |jwt| jwt.profile(Profile::Jwt))
    }

    fn token(&self) -> Token<'_> {
        self.issuer.token("alice")
    }

    fn present(&self, token: &str) -> Result<Principal, String> {
        let line = format!("Bearer {token}");
        match authenticate(&*self.authenticator, &[("authorization", &line)], self.clock.now()) {
            Attempt::Accepted(principal) => Ok(principal),
            Attempt::Refused(refusal) => {
                assert!(token.len() < 20 || !refusal.cause().contains(token));
                assert_eq!(refusal.code(), RefusalCode::InvalidToken, "{}", refusal.cause());
                Err(refusal.cause().to_owned())
            }
            _ => panic!("neither accepted nor refused"),
        }
    }

    /// Presented twice: a verdict must not depend on the cache.
    fn refuses(&self, token: &str, cause: &str) {
        for _ in 0..2 {
            assert_eq!(self.present(token).unwrap_err(), cause, "{}", readable(token));
        }
    }

    fn accepts(&self, token: &str) -> Principal {
        self.present(token).unwrap_or_else(|cause| panic!("{cause}: {}", readable(token)));
        self.present(token).unwrap()
    }

    fn refuses_claim(&self, name: &str, value: Value, cause: &str) {
        self.refuses(&self.token().claim(name, value).sign(), cause);
    }

    fn accepts_claim(&self, name: &str, value: Value) {
        self.accepts(&self.token().claim(name, value).sign());
    }

    fn refuses_header(&self, name: &str, value: Value, cause: &str) {
        self.refuses(&self.token().header(name, value).sign(), cause);
    }

    fn accepts_header(&self, name: &str, value: Value) {
        self.accepts(&self.token().header(name, value).sign());
    }
}

fn readable(token: &str) -> String {
    use base64::Engine as _;
    let decode = |segment| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(segment);
    let texts = token.split('.').take(2).map(|segment| decode(segment).unwrap_or_default());
    texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect::<Vec<_>>().join(" . ")
}

const NOW: u64 = 1_767_225_600;

#[test]
fn a_right_token_of_every_algorithm_is_accepted() {
    for issuer in [Issuer::hs256(), Issuer::rs256(), Issuer::es256(), Issuer::eddsa()] {
        let bench = Bench::new(issuer, |jwt| jwt);
        let caller = bench.accepts(
            &bench.token().role("admin").scope("a").scope("b").permission("p").claim("x", 7).sign(),
        );
        assert_eq!(caller.subject(), "alice");
        assert_eq!(caller.issuer(), Some("https://issuer.test"));
        assert_eq!(caller.expires_at(), Some(NOW + 3600));
        assert_eq!(caller.roles().collect::<Vec<_>>(), ["admin"]);
        assert_eq!(caller.scopes().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(caller.permissions().collect::<Vec<_>>(), ["p"]);
        assert_eq!(caller.claims::<Value>().unwrap()["x"], 7);
        bench.refuses(&bench.token().tampered(), SIGNATURE);
        bench.refuses(&bench.token().unsigned(), NOT_SIGNED);
    }
}

const SIGNATURE: &str = "the signature is not that of the key";
const NOT_SIGNED: &str = "the token is not signed";
const NO_ALG: &str = "no key has this `alg`";

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
    let public = include_bytes!("../../secure-runtime/src/testing/keys/test-only-rs256.public.der");
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

    let bench = Bench::lenient();
    for name in ["at+jwt", "JWT", "jwt", "application/jwt"] {
        bench.accepts_header("typ", json!(name));
    }
    bench.accepts(&bench.token().without_header("typ").sign());
    for name in ["", "dpop+jwt", "logout+jwt", "JOSE"] {
        bench.refuses_header("typ", json!(name), wrong);
    }
    bench.refuses_header("typ", json!(null), not_text);

    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.accept_typ("vnd.shop+jwt"));
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
    let old = Issuer::hs256_with([1; 32]).kid("old").clock(FakeClock::at(NOW));
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
    let nameless = bench.token().without_header("kid").sign();
    bench.refuses(&nameless, "several keys have this `alg`, and there is no `kid`");

    // One key fits, so a token without `kid` can mean no other.
    let bench =
        Bench::new(Issuer::hs256_with([2; 32]).kid("new"), |jwt| jwt.key(Issuer::rs256().key()));
    bench.accepts(&bench.token().without_header("kid").sign());
    bench.refuses(&bench.token().header("kid", "other").sign(), "no key has this `kid` and `alg`");
    bench.refuses(&bench.token().header("alg", "RS256").sign(), "`alg` is not that of the key");

    // A key without a name answers to any.
    let bench = Bench::strict();
    bench.accepts_header("kid", json!("whatever the issuer calls it"));
}

#[test]
fn the_form_is_compact_and_canonical() {
    let bench = Bench::strict();
    let token = bench.token().sign();
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let segments = "the token does not have three segments";
    let more = "the token has more than three segments";
    let header_code = "the header is not canonical base64url";
    let signature_code = "the signature is not canonical base64url";
    bench.accepts(&token);
    bench.refuses("a", segments);
    bench.refuses(header, segments);
    bench.refuses(&format!("{header}.{claims}"), segments);
    bench.refuses(&format!("{token}."), more);
    bench.refuses(&format!("{token}.{signature}"), more);
    bench.refuses(&format!("{header}.{claims}.{signature}.{claims}.{signature}"), more);
    bench.refuses(&format!(".{claims}.{signature}"), "the token has an empty segment");
    bench.refuses(&format!("{header}..{signature}"), "the token has an empty segment");
    bench.refuses(&format!("{header}.{claims}."), NOT_SIGNED);
    bench.refuses("..", "the token has an empty segment");
    bench.refuses(&format!("{token}="), signature_code);
    bench.refuses(&format!("{header}+.{claims}.{signature}"), header_code);
    bench.refuses(&format!("{header}/.{claims}.{signature}"), header_code);
    bench.refuses(&format!("~.{claims}.{signature}"), header_code);

    // 32 bytes leave two bits over in the last character: another one decodes to the same bytes.
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let twin = alphabet.chars().nth(alphabet.find(last).unwrap() ^ 1).unwrap();
    bench.refuses(&format!("{}{twin}", &token[..token.len() - 1]), signature_code);

    // The signature covers the segments as they are, so a payload that is not canonical has to be
    // signed as such; a prefix or suffix of a good token is simply not signed.
    bench.refuses(&token[..token.len() - 2], signature_code);
    bench.refuses(&token[..token.len() - 3], SIGNATURE);
    bench.refuses(&format!("{token}AAAA"), SIGNATURE);
}

#[test]
fn the_json_is_strict() {
    let bench = Bench::strict();
    let header = r#"{"alg":"HS256","typ":"at+jwt"}"#;
    bench.accepts(&bench.token().raw_header(header).sign());
    bench.accepts(&bench.token().raw_header(format!(" {header}\r\n")).sign());
    let not_object = "the header is not a JSON object";
    for text in ["", "null", "[]", "\"x\"", "{", "{} {}", "{}{}", "\u{feff}{}", "{'alg':'HS256'}"] {
        let token = bench.token().raw_header(text).sign();
        let cause = if text.is_empty() { "the token has an empty segment" } else { not_object };
        bench.refuses(&token, cause);
    }
    bench.refuses(&bench.token().raw_header(format!("[{header}]")).sign(), not_object);
    bench.refuses(
        &bench.token().raw_header(b"{\"alg\":\"\xff\"}".to_vec()).sign(),
        "the header is not UTF-8",
    );
    for (name, value) in [("alg", "HS256"), ("alg", "none"), ("typ", "at+jwt"), ("x", "y")] {
        let doubled = bench.token().header("x", "y").doubled_header(name, value).sign();
        bench.refuses(&doubled, "the header has a member twice");
    }
    bench.refuses_header("x", json!("y".repeat(4096)), "the header is too long");

    let claims = |extra: &str| {
        format!(
            r#"{{"iss":"https://issuer.test","sub":"alice","aud":"test","exp":{},"iat":{NOW},"jti":"1","client_id":"c"{extra}}}"#,
            NOW + 60
        )
    };
    let not_object = "the claims are not a JSON object";
    let twice = "the claims have a member twice";
    let raw = |payload: String| bench.token().raw_payload(payload).sign();
    bench.accepts(&raw(claims("")));
    bench.accepts(&raw(claims(r#","x":{"a":1,"b":[{"a":1},{"a":1}]}"#)));
    bench.refuses(&raw(format!("[{}]", claims(""))), not_object);
    bench.refuses(&raw(r#"["https://issuer.test","alice"]"#.to_owned()), not_object);
    bench.refuses(&raw(format!("{} {{}}", claims(""))), not_object);
    bench.refuses(&raw("null".to_owned()), not_object);
    bench.refuses(&raw(claims(r#","x":1e999"#)), not_object);
    bench.refuses(&raw(claims(r#","x":"\ud800""#)), not_object);
    bench.refuses(
        &raw(claims(&format!(r#","x":{}{}"#, "[".repeat(200), "]".repeat(200)))),
        not_object,
    );
    bench.refuses(&raw(claims(r#","x":{"a":1,"a":2}"#)), twice);
    bench.refuses(&raw(claims(r#","x":[[{"a":1,"a":1}]]"#)), twice);
    bench.refuses(&raw(claims(r#","\u0073ub":"mallory""#)), twice);
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let token = bench.token().doubled(name, "https://issuer.test").sign();
        bench.refuses(&token, twice);
    }
    let not_text = bench.token().raw_payload(b"{\"iss\":\"\xff\"}".to_vec()).sign();
    bench.refuses(&not_text, "the claims are not UTF-8");
}

#[test]
fn iss_is_the_issuer_exactly() {
    for bench in [Bench::strict(), Bench::lenient()] {
        bench.accepts_claim("iss", json!("https://issuer.test"));
        for name in [
            "https://issuer.test/",
            "https://ISSUER.test",
            "http://issuer.test",
            "",
            " https://issuer.test",
            "https://issuer.test.evil.example",
        ] {
            bench.refuses_claim("iss", json!(name), "`iss` is another issuer");
        }
        for value in [json!(null), json!(["https://issuer.test"]), json!({}), json!(1), json!(true)]
        {
            bench.refuses_claim("iss", value, "`iss` is not a string");
        }
        bench.refuses(&bench.token().without("iss").sign(), "`iss` is missing");
    }
}

#[test]
fn aud_holds_ours() {
    let wrong = "`aud` is another audience";
    let not_text = "`aud` is not a string or a list of strings";
    for bench in [Bench::strict(), Bench::lenient()] {
        for value in
            [json!("test"), json!(["test"]), json!(["other", "test"]), json!(["test", "test"])]
        {
            bench.accepts_claim("aud", value);
        }
        for value in [
            json!("other"),
            json!(""),
            json!("TEST"),
            json!("test "),
            json!(["other"]),
            json!([""]),
            json!("test other"),
        ] {
            bench.refuses_claim("aud", value, wrong);
        }
        for value in [
            json!(null),
            json!(1),
            json!({"test": "test"}),
            json!(true),
            json!([]),
            json!([1]),
            json!(["test", 1]),
            json!(["test", null]),
            json!([["test"]]),
            json!([{"a": "test"}]),
        ] {
            bench.refuses_claim("aud", value, not_text);
        }
        bench.refuses(&bench.token().without("aud").sign(), "`aud` is missing");
    }
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.audience("second"));
    bench.accepts_claim("aud", json!("second"));
    bench.accepts_claim("aud", json!("test"));
    bench.refuses_claim("aud", json!("third"), wrong);

    let issuer = Issuer::hs256();
    let any =
        Jwt::with_key(issuer.key()).issuer("https://issuer.test").dangerously_accept_any_audience();
    let bench = Bench::new(issuer, |_| any);
    bench.accepts_claim("aud", json!("third"));
    bench.accepts(&bench.token().without("aud").sign());
    for value in [json!(null), json!([]), json!([1]), json!(7)] {
        bench.refuses_claim("aud", value, not_text);
    }
}

#[test]
fn sub_is_a_name() {
    for bench in [Bench::strict(), Bench::lenient()] {
        for name in ["alice", "auth0|5f7c8ec7c33c6c004bbafe82", "Ålice", "a b", &"a".repeat(1024)]
        {
            bench.accepts_claim("sub", json!(name));
        }
        for value in [
            json!(""),
            json!(null),
            json!(7),
            json!(["alice"]),
            json!({}),
            json!("a\nb"),
            json!("a\u{0}"),
            json!("\u{85}"),
            json!("a".repeat(1025)),
        ] {
            bench.refuses_claim("sub", value, "`sub` is not a name");
        }
        bench.refuses(&bench.token().without("sub").sign(), "`sub` is missing");
    }
}

#[test]
fn times_are_numbers_and_are_kept() {
    let not_time = |claim| format!("`{claim}` is not a time");
    for bench in [Bench::strict(), Bench::lenient()] {
        for claim in ["exp", "nbf", "iat"] {
            for value in [
                json!(null),
                json!("1767225601"),
                json!([NOW]),
                json!({}),
                json!(true),
                json!(-1),
                json!(-0.5),
                json!(253_402_300_800_u64),
                json!(u64::MAX),
                json!(1e300),
                json!((NOW + 60) * 1000),
            ] {
                bench.refuses_claim(claim, value, &not_time(claim));
            }
        }
        for value in [
            json!(NOW + 1),
            json!(NOW as f64 + 0.001),
            json!(253_402_300_799_u64),
            json!(9_999_999_999_u64),
        ] {
            bench.accepts_claim("exp", value);
        }
        for value in [
            json!(NOW),
            json!(NOW - 1),
            json!(NOW - 60),
            json!(NOW as f64 - 0.001),
            json!(0),
            json!(1),
        ] {
            bench.refuses_claim("exp", value, "`exp` has passed");
        }
        bench.refuses(&bench.token().without("exp").sign(), "`exp` is missing");
        for value in [json!(NOW), json!(NOW - 1), json!(0), json!(NOW as f64 - 0.5)] {
            bench.accepts_claim("nbf", value.clone());
            bench.accepts_claim("iat", value);
        }
        for value in
            [json!(NOW + 1), json!(NOW as f64 + 0.5), json!(NOW + 3000), json!(253_402_300_799_u64)]
        {
            bench.refuses_claim("nbf", value.clone(), "`nbf` has not come yet");
            bench.refuses_claim("iat", value, "`iat` is in the future");
        }
        bench.accepts(&bench.token().without("nbf").sign());
    }
    let bench = Bench::strict();
    bench.refuses(&bench.token().without("iat").sign(), "`iat` is missing (RFC 9068 section 2.2)");
    let bench = Bench::lenient();
    bench.accepts(&bench.token().without("iat").sign());
}

#[test]
fn numbers_may_have_a_fraction_or_an_exponent() {
    let bench = Bench::strict();
    let token = |times: &str| {
        let claims = format!(
            r#"{{"iss":"https://issuer.test","sub":"alice","aud":"test","jti":"1","client_id":"c",{times}}}"#
        );
        bench.token().raw_payload(claims).sign()
    };
    bench.accepts(&token(r#""exp":1767225600.001,"iat":1767225600.0"#));
    bench.accepts(&token(r#""exp":1.7672256010e9,"iat":1767225599.999"#));
    bench.accepts(&token(r#""exp":17672256001E-1,"iat":0"#));
    bench.refuses(&token(r#""exp":1767225600.0,"iat":0"#), "`exp` has passed");
    bench.refuses(&token(r#""exp":1767225601,"iat":1767225600.001"#), "`iat` is in the future");
    bench.refuses(&token(r#""exp":1e400,"iat":0"#), "the claims are not a JSON object");
    bench.refuses(&token(r#""exp":NaN,"iat":0"#), "the claims are not a JSON object");
    bench.refuses(&token(r#""exp":Infinity,"iat":0"#), "the claims are not a JSON object");
    bench.refuses(&token(r#""exp":01767225601,"iat":0"#), "the claims are not a JSON object");
    bench.refuses(&token(r#""exp":0x6955B981,"iat":0"#), "the claims are not a JSON object");
}

#[test]
fn leeway_is_taken_only_when_asked_for() {
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.leeway(Duration::from_secs(5)));
    bench.accepts_claim("exp", json!(NOW - 4));
    bench.refuses_claim("exp", json!(NOW - 5), "`exp` has passed");
    bench.accepts_claim("nbf", json!(NOW + 5));
    bench.refuses_claim("nbf", json!(NOW + 6), "`nbf` has not come yet");
    bench.accepts_claim("iat", json!(NOW + 5));
    bench.refuses_claim("iat", json!(NOW + 6), "`iat` is in the future");
}

#[test]
fn identifiers_are_names_and_rfc_9068_requires_them() {
    for claim in ["jti", "client_id"] {
        let wrong = format!("`{claim}` is not a name");
        for bench in [Bench::strict(), Bench::lenient()] {
            bench.accepts_claim(claim, json!("x"));
            for value in [json!(""), json!(null), json!(7), json!(["x"]), json!("a\tb")] {
                bench.refuses_claim(claim, value, &wrong);
            }
        }
        let bench = Bench::strict();
        let missing = format!("`{claim}` is missing (RFC 9068 section 2.2)");
        bench.refuses(&bench.token().without(claim).sign(), &missing);
        let bench = Bench::lenient();
        bench.accepts(&bench.token().without(claim).sign());
    }
}

#[test]
fn grants_are_where_the_description_says() {
    let bench = Bench::new(Issuer::hs256(), |jwt| {
        jwt.roles_claim("realm_access.roles")
            .scopes_claim("scp")
            .permissions_claim(["https://shop.example/permissions"])
            .tenant_claim("tid")
    });
    let token = bench
        .token()
        .role("ignored")
        .scope("ignored")
        .claim("realm_access", json!({"roles": ["admin", "Domain Admins"]}))
        .claim("scp", "read write")
        .claim("https://shop.example/permissions", json!(["refund"]))
        .claim("tid", "t1");
    let caller = bench.accepts(&token.clone().sign());
    assert_eq!(caller.roles().collect::<Vec<_>>(), ["admin", "Domain Admins"]);
    assert_eq!(caller.scopes().collect::<Vec<_>>(), ["read", "write"]);
    assert_eq!(caller.permissions().collect::<Vec<_>>(), ["refund"]);
    assert_eq!(caller.tenant(), Some("t1"));
    let caller = bench.accepts(&token.claim("scp", json!(["read", "write"])).sign());
    assert_eq!(caller.scopes().collect::<Vec<_>>(), ["read", "write"]);
    let caller = bench.accepts(&bench.token().role("ignored").sign());
    assert_eq!(caller.roles().count() + caller.scopes().count(), 0);
    assert_eq!(caller.tenant(), None);
}

#[test]
fn grants_of_a_wrong_type_refuse_the_token() {
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.tenant_claim("tid"));
    for (claim, what) in [("roles", "roles"), ("scope", "scopes"), ("permissions", "permissions")] {
        let cause = format!("the {what} claim is not a string or a list of strings");
        bench.accepts_claim(claim, json!("a"));
        bench.accepts_claim(claim, json!(["a", "b"]));
        bench.accepts_claim(claim, json!([]));
        for value in [
            json!(null),
            json!(7),
            json!(true),
            json!({"a": true}),
            json!([1]),
            json!(["a", null]),
            json!([["a"]]),
            json!([""]),
            json!("a\nb"),
        ] {
            bench.refuses_claim(claim, value, &cause);
        }
    }
    bench.accepts_claim("tid", json!("t"));
    for value in [json!(null), json!(7), json!(""), json!(["t"])] {
        bench.refuses_claim("tid", value, "the tenant claim is not a name");
    }
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.roles_claim("a.b.c"));
    bench.accepts_claim("a", json!({"b": {"c": ["x"]}}));
    bench.accepts_claim("a", json!({"b": {}}));
    for value in [json!(null), json!("b"), json!([]), json!({"b": null}), json!({"b": ["c"]})] {
        bench.refuses_claim("a", value, "a claim that should hold grants is not an object");
    }
}

#[test]
fn a_token_is_not_too_long() {
    let bench = Bench::strict();
    let padding = |bytes| bench.token().claim("padding", "x".repeat(bytes)).sign();
    let base = padding(0).len();
    let fits = padding((8192 - base) / 4 * 3);
    assert!((8180..=8192).contains(&fits.len()), "{}", fits.len());
    bench.accepts(&fits);
    bench.refuses(&padding(8192 - base), "the token is too long");
    bench.refuses(&padding(1_000_000), "the token is too long");
    let bench = Bench::new(Issuer::hs256(), |jwt| jwt.max_token_bytes(16 * 1024));
    bench.accepts(&bench.token().claim("padding", "x".repeat(8192)).sign());
}

#[test]
fn the_authorization_header_is_read_by_its_grammar() {
    let bench = Bench::strict();
    let token = bench.token().sign();
    let check = |lines: &[String], expected: Result<&str, Option<RefusalCode>>| {
        let lines: Vec<_> = lines.iter().map(|line| ("authorization", line.as_str())).collect();
        let found = match authenticate(&*bench.authenticator, &lines, bench.clock.now()) {
            Attempt::Accepted(caller) => Ok(caller.subject().to_owned()),
            Attempt::Refused(refusal) => Err(Some(refusal.code())),
            Attempt::Absent => Err(None),
            _ => panic!("pending"),
        };
        assert_eq!(found.as_deref().map_err(|code| *code), expected, "{lines:?}");
    };
    let (malformed, refused) = (Some(RefusalCode::InvalidRequest), Some(RefusalCode::InvalidToken));
    let one = |line: String| [line];
    // First without, then with the token in the cache.
    for _ in 0..2 {
        check(&[], Err(None));
        check(&one(String::new()), Err(None));
        check(&one("Basic YWxpY2U6eA==".to_owned()), Err(None));
        check(&one(format!("DPoP {token}")), Err(None));
        check(&one(format!("BearerX {token}")), Err(None));
        check(&one(format!("Bear {token}")), Err(None));
        check(&one(token.clone()), Err(None));
        check(&one("Bearer".to_owned()), Err(malformed));
        check(&one("Bearer ".to_owned()), Err(malformed));
        check(&one("bearer    ".to_owned()), Err(malformed));
        check(&one(format!("Bearer\t{token}")), Err(malformed));
        check(&one(format!("Bearer {token} ")), Err(malformed));
        check(&one(format!("Bearer {token} {token}")), Err(malformed));
        check(&one(format!("Bearer {token}, Bearer {token}")), Err(malformed));
        check(&one(format!("Bearer {token},")), Err(malformed));
        check(&one(format!("Bearer \"{token}\"")), Err(malformed));
        check(&one(format!("Bearer token={token}")), Err(malformed));
        check(&one(format!("Bearer  \t{token}")), Err(malformed));
        check(&one(format!("Bearer {}", token.replacen('.', "=.", 1))), Err(malformed));
        check(&one(format!("Bearer {}", token.replacen('.', "?.", 1))), Err(malformed));
        check(&one(format!("Bearer {token}\u{e9}")), Err(malformed));
        check(&one(format!("Bearer {token}==")), Err(refused));
        check(&one("Bearer abc".to_owned()), Err(refused));
        check(&[format!("Bearer {token}"), format!("Bearer {token}")], Err(malformed));
        check(&[format!("Bearer {token}"), "Basic YTpi".to_owned()], Err(malformed));
        check(&["Basic YTpi".to_owned(), format!("Bearer {token}")], Err(malformed));
        check(&[String::new(), format!("Bearer {token}")], Err(malformed));
        check(&one(format!("Bearer {token}")), Ok("alice"));
        check(&one(format!("bearer {token}")), Ok("alice"));
        check(&one(format!("BEARER     {token}")), Ok("alice"));
    }
}
