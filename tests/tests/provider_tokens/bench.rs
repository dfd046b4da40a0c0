//! The helper `Bench`: a JWT authenticator, the signing key for it, and a fixed time.

use std::fmt::Write as _;
use std::sync::Arc;

use secure_runtime::authentication::{Attempt, Authenticator, IntoAuthenticator, Jwt, RefusalCode};
use secure_runtime::testing::{FakeClock, Issuer, authenticate};
use secure_runtime::{Clock, Principal};
use serde_json::{Map, Value, json};

use super::cause;

pub(crate) const NOW: u64 = 1_767_225_600;

/// The claims of a token.
#[derive(Clone)]
pub(crate) struct Claims(Map<String, Value>);

/// The claims that this issuer writes into a token that was just issued and expires in an hour.
pub(crate) fn claims(issuer: &str, others: Value) -> Claims {
    let common = json!({ "iss": issuer, "iat": NOW, "exp": NOW + 3600 });
    Claims(Map::new()).with(common).with(others)
}

impl Claims {
    /// The claims, with these in place of the previous ones.
    pub(crate) fn with(mut self, others: Value) -> Self {
        let Value::Object(others) = others else { panic!("claims are an object") };
        self.0.extend(others);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        assert!(self.0.remove(name).is_some(), "no `{name}`");
        self
    }
}

/// One token, and its expected result.
pub(crate) struct Row {
    name: &'static str,
    header: Value,
    claims: Claims,
    expected: Result<&'static str, &'static str>,
}

/// A row: a token, and the expected caller (see [`described`]) or the expected cause of the refusal.
pub(crate) fn row(
    name: &'static str,
    claims: Claims,
    expected: Result<&'static str, &'static str>,
) -> Row {
    Row { name, header: json!({}), claims, expected }
}

impl Row {
    /// Adds these parameters to the provider's header; `null` removes one.
    pub(crate) fn header(mut self, parameters: Value) -> Self {
        self.header = parameters;
        self
    }
}

pub(crate) struct Bench {
    jwt: Jwt,
    issuer: Issuer,
    algorithm: &'static str,
    header: Map<String, Value>,
    authenticator: Arc<dyn Authenticator>,
    /// The header that carries the token, and the text before the token in it.
    place: (&'static str, &'static str),
}

impl Bench {
    /// Signs tokens with RS256, with these parameters in their headers.
    pub(crate) fn rs256(header: Value, jwt: Jwt) -> Self {
        Self::new(Issuer::rs256(), "RS256", header, jwt)
    }

    pub(crate) fn es256(header: Value, jwt: Jwt) -> Self {
        Self::new(Issuer::es256(), "ES256", header, jwt)
    }

    fn new(issuer: Issuer, algorithm: &'static str, header: Value, jwt: Jwt) -> Self {
        let Value::Object(header) = header else { panic!("a header is an object") };
        let issuer = issuer.clock(FakeClock::at(secure_tests::unix(NOW)));
        let jwt = issuer.verifying(jwt);
        let authenticator = jwt.clone().into_authenticator().unwrap();
        let place = ("authorization", "Bearer ");
        Self { jwt, issuer, algorithm, header, authenticator, place }
    }

    pub(crate) fn in_header(mut self, name: &'static str) -> Self {
        self.place = (name, "");
        self
    }

    /// Checks every row, and reports all rows that fail.
    pub(crate) fn check(&self, rows: impl IntoIterator<Item = Row>) {
        let (mut count, mut failed) = (0, String::new());
        for Row { name, header, claims, expected } in rows {
            count += 1;
            let token = self.token(&header, &claims);
            // Presented twice: the result must not depend on the cache.
            for found in [self.present(&token), self.present(&token)] {
                let found = found.map(|caller| described(&caller));
                if found.as_deref().map_err(String::as_str) != expected {
                    writeln!(failed, "{name}\n  expected {expected:?}\n  found    {found:?}")
                        .unwrap();
                }
            }
            let explained = self
                .jwt
                .explain_token_at(&token, FakeClock::at(secure_tests::unix(NOW)).now())
                .unwrap();
            if explained.is_accepted() != expected.is_ok() {
                writeln!(failed, "{name}\n  explained as\n{explained}").unwrap();
            }
        }
        println!("{count} rows");
        assert!(failed.is_empty(), "\n{failed}");
    }

    /// Checks that apply to every provider's tokens; `good` is accepted as `expected`.
    pub(crate) fn check_common(&self, good: &Claims, expected: &'static str) {
        let as_good = |name, others| row(name, good.clone().with(others), Ok(expected));
        let refused = |name, others, cause| row(name, good.clone().with(others), Err(cause));
        self.check([
            as_good("good", json!({})),
            as_good("issued 2 s early", json!({ "iat": NOW + 2 })),
            as_good("begins 2 s early", json!({ "nbf": NOW + 2 })),
            refused("issued 60 s early", json!({ "iat": NOW + 60 }), "`iat` is in the future"),
            refused("begins 60 s early", json!({ "nbf": NOW + 60 }), "`nbf` has not come yet"),
            refused("expired", json!({ "exp": NOW }), "`exp` has passed"),
            row("never expires", good.clone().without("exp"), Err("`exp` is missing")),
            refused("another issuer", json!({ "iss": "https://issuer.evil" }), cause::ISSUER),
            row("no issuer", good.clone().without("iss"), Err("`iss` is missing")),
            refused("bound by DPoP", json!({ "cnf": { "jkt": "0ZcO" } }), cause::BOUND),
            refused("bound by mutual TLS", json!({ "cnf": { "x5t#S256": "bwcK" } }), cause::BOUND),
            refused("a logout token", json!({ "events": { "x": {} } }), cause::EVENT),
            as_good("a logout token's type", json!({}))
                .header(json!({ "typ": "logout+jwt" }))
                .refused(cause::TYPE),
            as_good("a proof's type", json!({}))
                .header(json!({ "typ": "dpop+jwt" }))
                .refused(cause::TYPE),
            as_good("signed with a shared secret", json!({}))
                .header(json!({ "alg": "HS256" }))
                .refused(cause::NO_KEY),
        ]);
    }

    /// The output of `explain_token` for a token with these claims.
    pub(crate) fn explanation(&self, claims: &Claims) -> String {
        let token = self.token(&json!({}), claims);
        let now = FakeClock::at(secure_tests::unix(NOW)).now();
        self.jwt.explain_token_at(&token, now).unwrap().to_string()
    }

    /// The result for a text that is not a JWT of this provider.
    pub(crate) fn check_text(&self, text: &str, cause: &str) {
        assert_eq!(self.present(text).unwrap_err(), cause, "{text}");
    }

    fn token(&self, parameters: &Value, claims: &Claims) -> String {
        let mut header = self.header.clone();
        header.insert("alg".into(), self.algorithm.into());
        header.extend(parameters.as_object().unwrap().clone());
        header.retain(|_, value| !value.is_null());
        let token = self.issuer.token("").raw_header(Value::Object(header).to_string());
        token.raw_payload(Value::Object(claims.0.clone()).to_string()).sign()
    }

    fn present(&self, token: &str) -> Result<Principal, String> {
        let (name, prefix) = self.place;
        let line = format!("{prefix}{token}");
        let now = FakeClock::at(secure_tests::unix(NOW)).now();
        match authenticate(&*self.authenticator, &[(name, &line)], now) {
            Attempt::Accepted(caller) => Ok(caller),
            Attempt::Refused(refusal) => {
                assert_eq!(refusal.code(), RefusalCode::InvalidToken, "{}", refusal.cause());
                Err(refusal.cause().to_owned())
            }
            other => panic!("{other:?}"),
        }
    }
}

impl Row {
    fn refused(mut self, cause: &'static str) -> Self {
        self.expected = Err(cause);
        self
    }
}

/// The caller on one line: the subject, and every other value that is present.
fn described(caller: &Principal) -> String {
    let mut line = caller.subject().to_owned();
    let mut add = |name: &str, values: Vec<&str>| {
        if !values.is_empty() {
            write!(line, " {name}={}", values.join(",")).unwrap();
        }
    };
    add("roles", caller.roles().collect());
    add("scopes", caller.scopes().collect());
    add("permissions", caller.permissions().collect());
    add("tenant", caller.tenant().into_iter().collect());
    add("session", caller.session().into_iter().collect());
    add("id", caller.token_id().into_iter().collect());
    line
}
