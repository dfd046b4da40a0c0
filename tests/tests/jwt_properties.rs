//! Properties of all tokens: no mutated token is accepted, and no token that `jsonwebtoken` refuses.

use std::sync::Arc;

use jsonwebtoken::{DecodingKey, Validation};
use proptest::prelude::*;
use secure_runtime::Clock;
use secure_runtime::authentication::{Attempt, Authenticator, IntoAuthenticator};
use secure_runtime::testing::{FakeClock, Issuer, Token, authenticate, verify_signature};
use serde_json::{Value, json};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn issuers() -> [Issuer; 4] {
    [Issuer::hs256(), Issuer::rs256(), Issuer::es256(), Issuer::eddsa()]
}

struct Bench {
    clock: FakeClock,
    issuer: Issuer,
    authenticator: Arc<dyn Authenticator>,
}

impl Bench {
    fn new(issuer: Issuer) -> Self {
        let clock = FakeClock::new();
        let issuer = issuer.clock(clock.clone());
        let authenticator = issuer.jwt().into_authenticator().unwrap();
        Self { clock, issuer, authenticator }
    }

    fn accepts(&self, token: &str) -> bool {
        let line = format!("Bearer {token}");
        let now = self.clock.now();
        matches!(
            authenticate(&*self.authenticator, &[("authorization", &line)], now),
            Attempt::Accepted(_)
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// One character is changed, dropped, doubled or inserted anywhere, with the valid token cached
    /// or not.
    #[test]
    fn no_mutation_is_accepted(
        which in 0..4_usize,
        warm in any::<bool>(),
        position in any::<prop::sample::Index>(),
        edit in 0..4_u8,
        character in "[!-~]",
    ) {
        let bench = Bench::new(issuers()[which].clone());
        let token = bench.issuer.token("alice").role("admin").sign();
        prop_assert!(!warm || bench.accepts(&token));
        let at = position.index(token.len());
        let mut mutant = token.clone();
        match edit {
            0 => mutant.replace_range(at..=at, &character),
            1 => drop(mutant.remove(at)),
            2 => mutant.insert(at, token.as_bytes()[at] as char),
            _ => mutant.insert_str(at, &character),
        }
        prop_assert_eq!(bench.accepts(&mutant), mutant == token, "{}", mutant);
        prop_assert!(bench.accepts(&token));
    }

    /// Segments of two valid tokens cannot be combined.
    #[test]
    fn segments_of_two_tokens_do_not_mix(which in 0..4_usize, choice in 1..7_u8) {
        let bench = Bench::new(issuers()[which].clone());
        let one = bench.issuer.token("alice").header("kid", "one").sign();
        let two = bench.issuer.token("mallory").header("kid", "two").role("admin").sign();
        prop_assert!(bench.accepts(&one) && bench.accepts(&two));
        let mixed: Vec<_> = one
            .split('.')
            .zip(two.split('.'))
            .enumerate()
            .map(|(index, (one, two))| if choice >> index & 1 == 1 { two } else { one })
            .collect();
        prop_assert!(!bench.accepts(&mixed.join(".")));
    }

    #[test]
    fn arbitrary_bytes_are_never_accepted(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(verify_signature(Issuer::hs256().key(), &bytes).is_err());
    }

    #[test]
    fn arbitrary_segments_are_never_accepted(token in "[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,90}") {
        prop_assert!(!Bench::new(Issuer::hs256()).accepts(&token));
    }

    /// No signed header or claims cause a panic.
    #[test]
    fn arbitrary_signed_bytes_do_no_harm(
        header in prop::collection::vec(any::<u8>(), 0..100),
        claims in prop::collection::vec(any::<u8>(), 0..100),
        keep_header in any::<bool>(),
    ) {
        let bench = Bench::new(Issuer::hs256());
        let token = bench.issuer.token("alice").raw_payload(claims);
        let token = if keep_header { token } else { token.raw_header(header) };
        prop_assert!(!bench.accepts(&token.sign()));
    }

    /// Claims of arbitrary types: we accept nothing that the library refuses.
    #[test]
    fn what_we_accept_the_library_accepts(
        claim in prop::sample::select(vec!["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "roles", "x"]),
        value in any_json(),
        dropped in any::<bool>(),
    ) {
        let bench = Bench::new(Issuer::hs256_with(SECRET));
        let token = bench.issuer.token("alice");
        let token = if dropped { token.without(claim) } else { token.claim(claim, value) }.sign();
        let ours = bench.accepts(&token);
        prop_assert!(!ours || library(&token), "{}", token);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (1_767_220_000_u64..1_767_232_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["test", "https://issuer.test", "alice", "admin", ""])
            .prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The verdict of `jsonwebtoken` with issuer and audience. It reads the machine's clock and ours
/// is frozen, so times are left to the rule tests.
fn library(token: &str) -> bool {
    let mut validation = Validation::new(jsonwebtoken::Algorithm::HS256);
    validation.set_audience(&["test"]);
    validation.set_issuer(&["https://issuer.test"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_secret(SECRET), &validation).is_ok()
}

/// Inputs that the library accepts and this crate must refuse; each one was measured.
#[test]
fn where_the_library_accepts_and_we_refuse() {
    let bench = Bench::new(Issuer::hs256_with(SECRET));
    let now = bench.clock.now().unix_seconds();
    let check = |what: &str, change: &dyn Fn(Token<'_>) -> Token<'_>| {
        let token = change(bench.issuer.token("alice")).sign();
        assert!(library(&token), "the library refuses {what}: no difference any more");
        assert!(!bench.accepts(&token), "{what} is accepted");
    };
    check("a missing `aud`", &|token| token.without("aud"));
    check("a null `aud`", &|token| token.claim("aud", Value::Null));
    check("a number for `aud`", &|token| token.claim("aud", 7));
    check("an object for `aud`", &|token| token.claim("aud", json!({"test": 1})));
    check("a missing `iss`", &|token| token.without("iss"));
    check("a null `iss`", &|token| token.claim("iss", Value::Null));
    check("a list for `iss`", &|token| token.claim("iss", json!(["https://issuer.test"])));
    check("an unknown `crit`", &|token| token.header("crit", json!(["x"])));
    check("an empty `crit`", &|token| token.header("crit", json!([])));
    check("any `typ`", &|token| token.header("typ", "logout+jwt"));
    check("a member twice", &|token| token.role("user").doubled("roles", json!(["admin"])));
    check("a `nbf` to come", &|token| token.claim("nbf", now + 60));
    check("an `iat` to come", &|token| token.claim("iat", now + 60));
    check("a megabyte of claims", &|token| token.claim("x", "y".repeat(1 << 20)));
    check("a `sub` that is a number", &|token| token.claim("sub", 7));
    check("a missing `sub`", &|token| token.without("sub"));
    check("`zip`", &|token| token.header("zip", "DEF"));
    check("a list for the whole claim set", &|token| {
        token.raw_payload(r#"[1767232000,0,"alice","https://issuer.test","test"]"#)
    });
    assert!(bench.accepts(&bench.issuer.token("alice").sign()));
}
