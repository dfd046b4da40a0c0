//! Property tests: the revocation list against a naive list that keeps every entry, while clocks move.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::support::time::Clock;
use crate::support::unix_time::system_time;
use crate::testing::FakeClock;

const HOUR: u64 = 3600;

/// What the list is held against: every revocation that was ever made, and no end of any. By kind and
/// name: issued before when a token must be refused, and issued before when it may.
#[derive(Default)]
struct Everlasting(HashMap<(u8, u8), (u64, u64)>);

#[derive(Clone, Debug)]
enum Step {
    Revoke {
        kind: u8,
        name: u8,
        age: u64,
    },
    Pass {
        seconds: u64,
    },
    /// The wall clock is set forward, the list tidied up, and the clock set back.
    Jump {
        seconds: i64,
    },
    /// The age is negative where the issuer's clock is ahead.
    Ask {
        name: u8,
        age: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5_u8, 0..4_u8, 0..2 * HOUR)
            .prop_map(|(kind, name, age)| Step::Revoke { kind, name, age }),
        2 => (0..2 * HOUR).prop_map(|seconds| Step::Pass { seconds }),
        1 => (0..HOUR as i64 * 10_000).prop_map(|seconds| Step::Jump { seconds }),
        6 => (0..4_u8, -300..2 * HOUR as i64).prop_map(|(name, age)| Step::Ask { name, age }),
    ]
}

/// Two issuers, and two names at each.
fn issuer_and_name(number: u8) -> (String, String) {
    (format!("issuer {}", number % 2), format!("name {}", number / 2))
}

impl Everlasting {
    fn revoke(&mut self, (kind, number, until): (u8, u8, u64), now: u64) {
        let until = if kind < 2 { (now + 300, u64::MAX - 1) } else { (until, until) };
        let held = self.0.entry((kind, number)).or_default();
        *held = (held.0.max(until.0 + 1), held.1.max(until.1 + 1));
    }

    fn says(&self, number: u8, issued: u64) -> (bool, bool) {
        let places = [(0, number), (1, number), (2, number), (3, number % 2), (4, 0)];
        let held = places.map(|place| self.0.get(&place).copied().unwrap_or_default());
        (held.iter().any(|it| issued < it.0), held.iter().any(|it| issued < it.1))
    }
}

proptest! {
    /// Whatever is revoked and however clocks move: a living token that the naive list calls revoked
    /// is refused, and no other, unless the list was full.
    #[test]
    fn the_list_says_what_a_naive_one_would(
        steps in prop::collection::vec(step(), 1..60),
        capacity in prop_oneof![Just(1_usize), Just(3), Just(1000)],
    ) {
        let clock = FakeClock::new();
        let revocations = Revocations::builder()
            .clock(clock.clone())
            .longest_token_life(Duration::from_secs(HOUR))
            .capacity(capacity)
            .in_memory();
        let mut naive = Everlasting::default();
        for step in steps {
            let now = clock.now().unix_seconds();
            match step {
                Step::Pass { seconds } => clock.advance(Duration::from_secs(seconds)),
                Step::Jump { seconds } => {
                    clock.jump_wall(seconds);
                    drop(revocations.revoke_everything_until(system_time(0)));
                    clock.jump_wall(-seconds);
                }
                Step::Revoke { kind, name, age } => {
                    let until = now - age;
                    let (issuer, own) = issuer_and_name(name);
                    let (revoked, number) = match kind {
                        0 => (revocations.revoke_token(&issuer, &own), name),
                        1 => (revocations.revoke_session(&issuer, &own), name),
                        2 => (revocations.revoke_subject_until(&issuer, &own, system_time(until)), name),
                        3 => (revocations.revoke_issuer_until(&issuer, system_time(until)), name % 2),
                        _ => (revocations.revoke_everything_until(system_time(until)), 0),
                    };
                    drop(revoked);
                    naive.revoke((kind, number, until), now);
                }
                Step::Ask { name, age } => {
                    let issued = now.saturating_add_signed(-age);
                    let (issuer, own) = issuer_and_name(name);
                    let builder = Principal::builder(own.clone()).issuer(issuer).session(own.clone());
                    let builder = builder.token_id(own).issued_at_unix(issued);
                    let is_refused =
                        revocations.check(&builder.expires_at_unix(issued + HOUR).build()).is_err();
                    let (must, may) = naive.says(name, issued);
                    let is_alive = now < issued + HOUR;
                    prop_assert!(is_refused || !must || !is_alive, "a revoked token counts");
                    let was_full = revocations.statistics().coarse > 0;
                    prop_assert!(!is_refused || may || was_full, "nobody revoked this token");
                }
            }
        }
    }
}
