//! The cache of introspection answers compared with a simple model, for random sequences of tokens that are
//! issued, revoked and expire.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::HashMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use secure_runtime::Clock;
use secure_runtime::authentication::{Attempt, IntoAuthenticator, Introspection, Verdict};
use secure_runtime::testing::{FakeClock, authenticate};
use secure_tests::IntrospectionEndpoint;
use serde_json::json;

const POSITIVE: u64 = 30;
const NEGATIVE: u64 = 7;

#[derive(Clone, Debug)]
enum Step {
    /// The provider issues the token, or changes its expiry to this many seconds from now.
    Issue(u8, Option<u64>),
    Revoke(u8),
    Wait(u64),
    /// This many simultaneous requests with the token.
    Ask(u8, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let token = || 0..3_u8;
    prop_oneof![
        (token(), proptest::option::of(0..90_u64)).prop_map(|(token, exp)| Step::Issue(token, exp)),
        token().prop_map(Step::Revoke),
        prop_oneof![0..10_u64, 20..40_u64].prop_map(Step::Wait),
        (token(), 1..4_usize).prop_map(|(token, times)| Step::Ask(token, times)),
        (token(), 1..4_usize).prop_map(|(token, times)| Step::Ask(token, times)),
    ]
}

/// The model of the expected results; times are in seconds since the beginning.
#[derive(Default)]
struct Model {
    now: u64,
    asked: usize,
    /// The expiry of a token; `u64::MAX` for never.
    issued: HashMap<u8, u64>,
    accepted: HashMap<u8, (u64, u64)>,
    refused: HashMap<u8, u64>,
}

impl Model {
    fn ask(&mut self, token: u8) -> bool {
        let now = self.now;
        if self.accepted.get(&token).is_some_and(|(until, exp)| now < *until && now < *exp) {
            return true;
        }
        if self.refused.get(&token).is_some_and(|until| now < *until) {
            return false;
        }
        self.asked += 1;
        match self.issued.get(&token) {
            Some(&exp) if now < exp => {
                self.accepted.insert(token, (now + POSITIVE, exp));
                true
            }
            _ => {
                self.refused.insert(token, now + NEGATIVE);
                false
            }
        }
    }
}

async fn run(steps: &[Step]) {
    let (clock, endpoint) = (FakeClock::new(), IntrospectionEndpoint::start());
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let authenticator = Introspection::at(endpoint.url())
        .client_secret_basic(id, secret)
        .issuer("https://issuer.test")
        .audience("test")
        .accept_positive_for(Duration::from_secs(POSITIVE))
        .accept_negative_for(Duration::from_secs(NEGATIVE))
        .into_authenticator()
        .unwrap();
    let beginning = clock.now().unix_seconds();
    let mut model = Model::default();
    for step in steps {
        match *step {
            Step::Issue(token, lasts) => {
                let exp = lasts.map_or(u64::MAX, |lasts| model.now + lasts);
                model.issued.insert(token, exp);
                let mut answer = json!({ "active": true, "sub": "ada", "aud": "test" });
                if lasts.is_some() {
                    answer["exp"] = json!(beginning + exp);
                }
                endpoint.know(format!("token-{token}"), answer);
            }
            Step::Revoke(token) => {
                model.issued.remove(&token);
                endpoint.revoke(&format!("token-{token}"));
            }
            Step::Wait(seconds) => {
                model.now += seconds;
                clock.advance(Duration::from_secs(seconds));
            }
            Step::Ask(token, times) => {
                let line = format!("Bearer token-{token}");
                let ask =
                    || authenticate(&*authenticator, &[("authorization", &line)], clock.now());
                let expected = model.ask(token);
                let attempts: Vec<_> = (0..times).map(|_| ask()).collect();
                for attempt in attempts {
                    let accepted = match attempt {
                        Attempt::Accepted(_) => true,
                        Attempt::Refused(_) => false,
                        Attempt::Pending(waiting) => matches!(waiting.await, Verdict::Accepted(_)),
                        _ => panic!("no credentials"),
                    };
                    assert_eq!(accepted, expected, "at {} of {steps:?}", model.now);
                }
                assert_eq!(endpoint.asked(), model.asked, "at {} of {steps:?}", model.now);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_provider_is_asked_exactly_when_nothing_is_known(steps in vec(step(), 1..60)) {
        actix_rt::System::new().block_on(run(&steps));
    }
}
