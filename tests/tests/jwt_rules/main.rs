//! Every rule about JWTs: a token that breaks it is refused with its cause, and its counterpart is accepted.

mod claims;
mod form;
mod grants;
mod header;
mod kinds;
mod malleable;

use std::sync::Arc;

use secure_runtime::authentication::{
    Attempt, Authenticator, IntoAuthenticator, Jwt, Profile, RefusalCode,
};
use secure_runtime::testing::{FakeClock, Issuer, Token, authenticate};
use secure_runtime::{Clock, Principal};
use serde_json::Value;

/// An issuer and a service that trusts it, with a frozen clock.
struct Bench {
    clock: FakeClock,
    issuer: Issuer,
    authenticator: Arc<dyn Authenticator>,
}

impl Bench {
    fn new(issuer: Issuer, describe: impl FnOnce(Jwt) -> Jwt) -> Self {
        let clock = FakeClock::at(secure_tests::unix(NOW));
        let issuer = issuer.clock(clock.clone());
        let authenticator = describe(issuer.jwt()).into_authenticator().unwrap();
        Self { clock, issuer, authenticator }
    }

    fn strict() -> Self {
        Self::new(Issuer::hs256(), |jwt| jwt.profile(Profile::Rfc9068))
    }

    /// The default requirements of a description.
    fn usual() -> Self {
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

    /// Presents the token twice, because the verdict must not depend on the cache.
    fn refuses(&self, token: &str, cause: &str) {
        assert_eq!(self.present(token).unwrap_err(), cause, "{}", readable(token));
        let again = self.present(token).unwrap_err();
        assert_eq!(again, cause, "{}", readable(token));
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
        assert_eq!(caller.expires_at(), Some(secure_tests::unix(NOW + 3600)));
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
