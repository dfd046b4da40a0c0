//! Entries that are carried over when a limit changes.

use super::{LimitKey, Limiter};
use crate::throttling::memory::table::{Instant, Update};

/// Odd, and not a small multiple of [`super::SPREAD`]; from the fraction of the square root of 2.
const GENERATION: u64 = 0x6a09_e667_f3bc_c909;

impl Limiter {
    /// Whether the key has an entry, live or not.
    pub(in crate::throttling) fn stands(&self, key: LimitKey, now_ns: u64) -> bool {
        self.table.update(key.0, anytime(now_ns), |_| None) != Update::Unchanged(0)
    }

    /// The arrival time of a key; zero if it has no entry. A thread that changes the entry later sees
    /// everything that was visible before this call.
    pub(in crate::throttling) fn sealed(&self, key: LimitKey, now_ns: u64) -> u64 {
        let seal = |arrival| Some(arrival).filter(|arrival| *arrival != 0);
        let (Update::Changed(arrival) | Update::Unchanged(arrival)) =
            self.table.update(key.0, anytime(now_ns), seal);
        arrival
    }

    /// Adds an entry for a key without one.
    pub(in crate::throttling) fn begin_at(&self, key: LimitKey, arrival: u64, now_ns: u64) {
        if arrival > now_ns {
            let begin = move |found| (found == 0).then_some(arrival);
            self.table.update(key.0, anytime(now_ns), begin);
        }
    }

    /// Subtracts from a key's arrival time the time until `share`.
    pub(in crate::throttling) fn take_from(&self, key: LimitKey, share: u64, now_ns: u64) {
        let owed = share.saturating_sub(now_ns);
        let less = move |arrival: u64| {
            (owed > 0 && arrival > now_ns).then(|| arrival.saturating_sub(owed))
        };
        self.table.update(key.0, anytime(now_ns), less);
    }
}

impl LimitKey {
    /// The same key in another generation of the limit.
    pub(in crate::throttling) fn of_generation(self, generation: u64) -> Self {
        Self((self.0 ^ generation.wrapping_mul(GENERATION)).max(1))
    }
}

/// An update that accepts every entry, without a horizon.
fn anytime(now: u64) -> Instant {
    Instant { now, horizon: u64::MAX }
}
