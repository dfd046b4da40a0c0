//! Tokens that were refused a moment ago, so that who repeats one does not cause its verification
//! each time.
//!
//! 1. Kept is a hash of the whole token under a secret, for four seconds at most, in fixed memory of
//!    its own: no refusal displaces a verified token.
//! 2. The hash covers the time and the key set too: neither ends by being swept, what is past simply
//!    matches nothing any more. A good token is refused with a probability of 2⁻⁶⁴.
//! 3. Only what stays bad is kept: not what comes too early, nor what a newer key set might accept.
//! 4. The cause is kept as a number beside the hash: causes are sentences of this program, and few. A
//!    reader that is overtaken by a writer may find the cause of another token in its place. The token is
//!    refused in any case; the line in the log may be wrong then, and, where another authenticator is out
//!    of reach, the status (401 or 503).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::support::time::Moment;

/// The refused tokens of one authenticator.
#[derive(Debug)]
pub(crate) struct RefusedTokens {
    slots: Box<[Slot]>,
    causes: Mutex<Vec<Refused>>,
    secret: ahash::RandomState,
    /// How often everything was forgotten.
    epoch: AtomicU64,
    again: AtomicU64,
}

#[derive(Debug, Default)]
struct Slot {
    mark: AtomicU64,
    /// The place of the cause among the causes.
    cause: AtomicU32,
}

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) cause: &'static str,
    /// Whether the token names the issuer whose tokens are accepted here.
    pub(crate) is_claimed: bool,
}

/// A refused token at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl RefusedTokens {
    pub(crate) fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            causes: Mutex::default(),
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

    /// Why it was refused a moment ago, if it was.
    pub(crate) fn find(&self, mark: Mark) -> Option<Refused> {
        let slot = self.slot(mark)?;
        if slot.mark.load(Ordering::Acquire) != mark.0 {
            return None;
        }
        self.again.fetch_add(1, Ordering::Relaxed);
        let place = slot.cause.load(Ordering::Relaxed) as usize;
        let causes = self.causes.lock().unwrap_or_else(PoisonError::into_inner);
        causes.get(place).copied()
    }

    /// Keeps a refusal. The mark is that from before the verification, so that a key set that came
    /// meanwhile does not inherit it.
    pub(crate) fn keep(&self, mark: Mark, why: Refused) {
        if let Some(slot) = self.slot(mark) {
            slot.cause.store(self.place(why), Ordering::Relaxed);
            slot.mark.store(mark.0, Ordering::Release);
        }
    }

    /// The place of a cause, which is added if it is new.
    fn place(&self, why: Refused) -> u32 {
        let mut causes = self.causes.lock().unwrap_or_else(PoisonError::into_inner);
        let place = causes.iter().position(|known| *known == why).unwrap_or_else(|| {
            causes.push(why);
            causes.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Forgets every refusal.
    pub(crate) fn forget(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// How often a token was refused that had been a moment ago.
    pub(crate) fn again(&self) -> u64 {
        self.again.load(Ordering::Relaxed)
    }

    fn slot(&self, mark: Mark) -> Option<&Slot> {
        self.slots.get(mark.0 as usize % SLOTS)
    }
}

/// 16 KiB.
const SLOTS: usize = 1024;

const WINDOW_NANOS: u64 = 4_000_000_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::new(Duration::from_secs(seconds), Duration::from_secs(seconds))
    }

    const WHY: Refused = Refused { cause: "bad", is_claimed: true };

    #[test]
    fn a_refusal_is_that_of_one_token_for_a_moment() {
        let refused = RefusedTokens::new();
        let holds = |token: &[u8], now| refused.find(refused.mark(token, now)) == Some(WHY);
        assert!(!holds(b"bad", at(8)));
        refused.keep(refused.mark(b"bad", at(8)), WHY);
        assert!(holds(b"bad", at(8)) && holds(b"bad", at(11)));
        assert!(!holds(b"bad", at(12)) && !holds(b"bad", at(7)));
        assert!(!holds(b"bae", at(8)) && !holds(b"ba", at(8)) && !holds(b"", at(8)));
        assert_eq!(refused.again(), 2);
    }

    #[test]
    fn a_refusal_keeps_its_cause() {
        let refused = RefusedTokens::new();
        let other = Refused { cause: "other", is_claimed: false };
        for (token, why) in [(b"a", WHY), (b"b", other), (b"c", WHY), (b"a", WHY)] {
            refused.keep(refused.mark(token, at(8)), why);
            assert_eq!(refused.find(refused.mark(token, at(8))), Some(why));
        }
        assert_eq!(refused.causes.lock().unwrap().len(), 2);
    }

    #[test]
    fn new_keys_inherit_no_refusal_not_even_one_under_way() {
        let refused = RefusedTokens::new();
        let under_way = refused.mark(b"bad", at(8));
        refused.keep(under_way, WHY);
        refused.forget();
        refused.keep(under_way, WHY);
        assert!(refused.find(refused.mark(b"bad", at(8))).is_none());
        refused.keep(refused.mark(b"bad", at(8)), WHY);
        assert!(refused.find(refused.mark(b"bad", at(8))).is_some());
    }

    #[test]
    fn a_flood_takes_no_more_memory_and_refuses_nothing_else() {
        let refused = RefusedTokens::new();
        for number in 0..100_000_u32 {
            refused.keep(refused.mark(&number.to_ne_bytes(), at(8)), WHY);
        }
        assert_eq!(refused.slots.len(), 1024);
        let good =
            |number: &u64| refused.find(refused.mark(&number.to_ne_bytes(), at(8))).is_some();
        assert_eq!((0..100_000_u64).filter(good).count(), 0);
    }
}
