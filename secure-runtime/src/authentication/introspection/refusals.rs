//! Rejected tokens, cached for a short time: a repeated one causes no further call of the provider.
//!
//! Tokens are not kept, only what stands for them; at most so many, whatever is sent.

use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::fingerprint::Fingerprint;
use super::outcome::Outcome;
use crate::support::time::Moment;

/// The tokens of one authenticator that were not accepted just now.
pub(super) struct Refusals {
    table: Table,
    again: AtomicU64,
}

/// The hash has a secret of its own: an attacker cannot choose a slot.
type Table =
    Cache<Fingerprint, Kept, UnitWeighter, ahash::RandomState, DefaultLifecycle<Fingerprint, Kept>>;

#[derive(Clone)]
struct Kept {
    outcome: Outcome,
    until_nanos: u64,
}

impl Refusals {
    pub(super) fn new() -> Self {
        let hasher = ahash::RandomState::new();
        let lifecycle = DefaultLifecycle::default();
        let table = Cache::with(MOST, MOST as u64, UnitWeighter, hasher, lifecycle);
        Self { table, again: AtomicU64::new(0) }
    }

    /// What is remembered of a token.
    pub(super) fn get(&self, token: &Fingerprint, now: Moment) -> Option<Outcome> {
        let kept = self.table.get(token)?;
        if now.monotonic_nanos() < kept.until_nanos {
            return Some(kept.outcome);
        }
        self.table.remove(token);
        None
    }

    /// Counts a request that was answered from here.
    pub(super) fn count(&self) {
        self.again.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were.
    pub(super) fn again(&self) -> u64 {
        self.again.load(Ordering::Relaxed)
    }

    /// Remembers an outcome until this monotonic time in nanoseconds.
    pub(super) fn keep(&self, token: Fingerprint, outcome: Outcome, until_nanos: u64) {
        self.table.insert(token, Kept { outcome, until_nanos });
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.table.len()
    }
}

/// About a megabyte.
const MOST: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::support::time::Clock;
    use crate::testing::FakeClock;

    #[test]
    fn a_refusal_ends_and_there_are_no_more_than_so_many() {
        let (clock, refusals) = (FakeClock::new(), Refusals::new());
        let token = Fingerprint::of(b"a");
        assert!(refusals.get(&token, clock.now()).is_none());
        refusals.keep(token, Outcome::Refused("x"), 1_000_000_000);
        assert!(refusals.get(&token, clock.now()).is_some());
        assert!(refusals.get(&Fingerprint::of(b"b"), clock.now()).is_none());
        clock.advance(Duration::from_nanos(999_999_999));
        assert!(refusals.get(&token, clock.now()).is_some());
        clock.advance(Duration::from_nanos(1));
        assert!(refusals.get(&token, clock.now()).is_none());
        assert_eq!(refusals.len(), 0);
        for number in 0..3 * MOST {
            let token = Fingerprint::of(&number.to_ne_bytes());
            refusals.keep(token, Outcome::Refused("x"), u64::MAX);
        }
        assert!(refusals.len() > MOST / 2 && refusals.len() <= MOST);
    }
}
