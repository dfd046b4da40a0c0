//! The claim rules that JWTs and introspection answers share, each with refused and accepted values: both
//! authenticators must decide in the same way.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use secure_runtime::Clock;
use secure_runtime::authentication::{
    Attempt, Authenticator, IntoAuthenticator, Introspection, Jwt, Profile, RefusalCode,
};
use secure_runtime::testing::{FakeClock, Issuer, authenticate, introspected};
use serde_json::{Map, Value, json};

const NOW: u64 = 1_767_225_600;
const THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

/// A service that accepts one issuer in three ways.
struct Service {
    clock: FakeClock,
    issuer: Issuer,
    jwts: [Arc<dyn Authenticator>; 2],
}

impl Service {
    fn new() -> Self {
        let clock = FakeClock::at(secure_tests::unix(NOW));
        let issuer = Issuer::hs256().clock(clock.clone());
        let jwt = |profile| {
            let jwt: Jwt = issuer.jwt().profile(profile).require_claim("required");
            jwt.into_authenticator().unwrap()
        };
        let jwts = [jwt(Profile::Rfc9068), jwt(Profile::Jwt)];
        Self { clock, issuer, jwts }
    }

    /// Whether each of the three authenticators accepts a token with these claims.
    fn verdicts(&self, claims: &Map<String, Value>) -> [Result<(), String>; 3] {
        let jwt = |authenticator: &Arc<dyn Authenticator>| {
            let payload = Value::Object(claims.clone()).to_string();
            let line = format!("Bearer {}", self.issuer.token("").raw_payload(payload).sign());
            let headers = [("authorization", line.as_str())];
            match authenticate(&**authenticator, &headers, self.clock.now()) {
                Attempt::Refused(refusal) => {
                    assert_eq!(refusal.code(), RefusalCode::InvalidToken, "{}", refusal.cause());
                    Err(refusal.cause().to_owned())
                }
                attempt => {
                    assert!(matches!(attempt, Attempt::Accepted(_)));
                    Ok(())
                }
            }
        };
        let description = Introspection::at("https://issuer.test/introspect")
            .client_secret_basic("shop", "secret")
            .issuer("https://issuer.test")
            .audience("test")
            .require_claim("required");
        let mut answer = claims.clone();
        answer.insert("active".to_owned(), json!(true));
        let answer = Value::Object(answer).to_string();
        let [strict, lenient] = &self.jwts;
        [jwt(strict), jwt(lenient), introspected(description, &answer, self.clock.now()).map(drop)]
    }
}

fn good() -> Map<String, Value> {
    let claims = json!({
        "iss": "https://issuer.test", "aud": "test", "sub": "alice", "jti": "1",
        "client_id": "shop", "iat": NOW, "exp": NOW + 60, "required": 1,
    });
    claims.as_object().unwrap().clone()
}

/// Valid claims with this one in addition.
fn with(name: &str, value: &Value) -> Map<String, Value> {
    let mut claims = good();
    claims.insert(name.to_owned(), value.clone());
    claims
}

#[test]
fn a_jwt_and_an_introspected_token_pass_the_same_claim_rules() {
    let service = Service::new();
    for (name, accepted, refused) in [
        ("iss", json!("https://issuer.test"), json!("https://other.test")),
        ("aud", json!(["other", "test"]), json!("other")),
        ("aud", json!("test"), json!(["test", 1])),
        ("aud", json!("test"), Value::Null),
        ("sub", json!("bob"), json!("")),
        ("sub", json!("bob"), json!("a\nb")),
        ("sub", json!("bob"), Value::Null),
        ("required", json!("x"), Value::Null),
        ("exp", json!(NOW + 1), json!(NOW)),
        ("iat", json!(NOW + 5), json!(NOW + 6)),
        ("nbf", json!(NOW + 5), json!(NOW + 6)),
        ("auth_time", json!(NOW + 5), json!(NOW + 6)),
    ] {
        for (claims, is_good) in [(with(name, &accepted), true), (with(name, &refused), false)] {
            let verdicts = service.verdicts(&claims);
            let agree = verdicts.iter().all(|verdict| verdict.is_ok() == is_good);
            assert!(agree, "{name}: {verdicts:?}");
        }
    }
    for name in ["aud", "sub", "required"] {
        let mut claims = good();
        claims.remove(name);
        let verdicts = service.verdicts(&claims);
        assert!(verdicts.iter().all(Result::is_err), "{name}: {verdicts:?}");
    }
}

/// By `jkt` (RFC 9449 section 6.1), by `x5t#S256` (RFC 8705 section 3.1), by something unknown, and
/// malformed.
#[test]
fn a_token_that_is_bound_to_a_key_is_refused_as_a_plain_bearer_token() {
    let service = Service::new();
    let bound = "the token is bound to a key (`cnf`), and was sent without a proof";
    for confirmation in [
        json!({ "jkt": THUMBPRINT }),
        json!({ "x5t#S256": THUMBPRINT }),
        json!({ "unknown": THUMBPRINT }),
        json!({ "jkt": 7 }),
        json!({}),
        json!([]),
        json!(""),
        json!(false),
    ] {
        for verdict in service.verdicts(&with("cnf", &confirmation)) {
            assert_eq!(verdict.unwrap_err(), bound, "{confirmation}");
        }
        for verdict in service.verdicts(&with("confirmation", &confirmation)) {
            assert_eq!(verdict, Ok(()), "only the claim `cnf` binds");
        }
    }
    for verdict in service.verdicts(&with("cnf", &Value::Null)) {
        assert_eq!(verdict, Ok(()), "a claim that is `null` is not there");
    }
}
