//! Tokens that were refused a moment ago, so that who repeats one does not cause its verification
//! each time.
//!
//! 1. Kept is a hash of the whole token under a secret, for four seconds at most, in fixed memory of
//!    its own: no refusal displaces a verified token.
//! 2. The hash covers the time and the key set too: neither ends by being swept, what is past simply
//!    matches nothing any more. A good token is refused with a probability of 2⁻⁶⁴.
//! 3. Only what stays bad is kept: not what comes too early, nor what a newer key set might accept.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::Moment;

/// The refused tokens of one authenticator.
#[derive(Debug)]
pub(crate) struct RefusedTokens {
    slots: Box<[AtomicU64]>,
    secret: ahash::RandomState,
    /// How often everything was forgotten.
    epoch: AtomicU64,
    again: AtomicU64,
}

/// A refused token at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl RefusedTokens {
    pub(crate) fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            secret: ahash::RandomState::new(),
            epoch: AtomicU64::new(0),
            again: AtomicU64::new(0),
        }
    }

    /// What this token is looked up by now.
    pub(crate) fn mark(&self, token: &[u8], now: Moment) -> Mark {
        let window = now.monotonic_nanos() / WINDOW_NANOS;
        let epoch = self.epoch.load(Ordering::Acquire);
        // Zero is a slot that was never used.
        Mark(self.secret.hash_one((token, epoch, window)).max(1))
    }

    /// Whether it was refused a moment ago.
    pub(crate) fn contain(&self, mark: Mark) -> bool {
        let found = self.slot(mark).is_some_and(|slot| slot.load(Ordering::Relaxed) == mark.0);
        if found {
            self.again.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    /// Keeps a refusal. The mark is that from before the verification, so that a key set that came
    /// meanwhile does not inherit it.
    pub(crate) fn keep(&self, mark: Mark) {
        if let Some(slot) = self.slot(mark) {
            slot.store(mark.0, Ordering::Relaxed);
        }
    }

    /// Forgets every refusal.
    pub(crate) fn forget(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// How often a token was refused that had been a moment ago.
    pub(crate) fn again(&self) -> u64 {
        self.again.load(Ordering::Relaxed)
    }

    fn slot(&self, mark: Mark) -> Option<&AtomicU64> {
        self.slots.get(mark.0 as usize % SLOTS)
    }
}

/// 8 KiB.
const SLOTS: usize = 1024;

const WINDOW_NANOS: u64 = 4_000_000_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::new(Duration::from_secs(seconds), Duration::from_secs(seconds))
    }

    #[test]
    fn a_refusal_is_that_of_one_token_for_a_moment() {
        let refused = RefusedTokens::new();
        let holds = |token: &[u8], now| refused.contain(refused.mark(token, now));
        assert!(!holds(b"bad", at(8)));
        refused.keep(refused.mark(b"bad", at(8)));
        assert!(holds(b"bad", at(8)) && holds(b"bad", at(11)));
        assert!(!holds(b"bad", at(12)) && !holds(b"bad", at(7)));
        assert!(!holds(b"bae", at(8)) && !holds(b"ba", at(8)) && !holds(b"", at(8)));
        assert_eq!(refused.again(), 2);
    }

    #[test]
    fn new_keys_inherit_no_refusal_not_even_one_under_way() {
        let refused = RefusedTokens::new();
        let under_way = refused.mark(b"bad", at(8));
        refused.keep(under_way);
        refused.forget();
        refused.keep(under_way);
        assert!(!refused.contain(refused.mark(b"bad", at(8))));
        refused.keep(refused.mark(b"bad", at(8)));
        assert!(refused.contain(refused.mark(b"bad", at(8))));
    }

    #[test]
    fn a_flood_takes_no_more_memory_and_refuses_nothing_else() {
        let refused = RefusedTokens::new();
        for number in 0..100_000_u32 {
            refused.keep(refused.mark(&number.to_ne_bytes(), at(8)));
        }
        assert_eq!(refused.slots.len(), 1024);
        let good = |number: &u64| refused.contain(refused.mark(&number.to_ne_bytes(), at(8)));
        assert_eq!((0..100_000_u64).filter(good).count(), 0);
    }
}
