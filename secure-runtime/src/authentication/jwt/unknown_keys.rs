//! Unknown key ids that were fetched recently, so that requests with them do not wait again.
//!
//! 1. A token whose key is unknown waits for a newer set. If that lacks the key too, the same token is
//!    refused at once for a second after that fetch began, and for 2, 4 … 16 seconds when it is asked
//!    for again and again: a client that keeps a token of a withdrawn key learns so without waiting.
//! 2. A key that a set has lost is known by its name: all tokens that name it are treated as one. Other
//!    names are not remembered: a name can be guessed before its key is published, and then somebody's
//!    forged token would refuse the first good ones.
//! 3. Kept are hashes under a secret, in fixed memory. What is displaced waits once more.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::algorithm::Algorithm;
use super::keys::Keys;
use crate::support::time::Moment;

/// The unknown keys of one authenticator.
pub(super) struct UnknownKeys {
    table: Mutex<Table>,
    secret: ahash::RandomState,
}

struct Table {
    slots: Box<[Slot]>,
    /// The names of keys that were withdrawn, the last one first to be overwritten last.
    withdrawn: [u64; MOST_WITHDRAWN],
    next: usize,
}

/// A key that a token named.
#[derive(Clone, Copy, Default)]
struct Slot {
    key: AskedFor,
    /// When the last fetch for it began, in monotonic nanoseconds.
    fetched_at: u64,
    doublings: u32,
}

/// What stands for a key that a token means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AskedFor(u64);

impl UnknownKeys {
    pub(super) fn new() -> Self {
        let slots = vec![Slot::default(); SLOTS].into_boxed_slice();
        let table = Table { slots, withdrawn: [0; MOST_WITHDRAWN], next: 0 };
        Self { table: Mutex::new(table), secret: ahash::RandomState::new() }
    }

    /// What stands for the key of this token.
    pub(super) fn asked_by(&self, token: &[u8]) -> AskedFor {
        let name = Keys::unverified_name(token).map(|(id, algorithm)| self.name(&id, algorithm));
        match name.filter(|name| self.table().withdrawn.contains(name)) {
            Some(name) => AskedFor(name),
            None => AskedFor(self.secret.hash_one(token).max(1)),
        }
    }

    /// Whether a set that was fetched just now lacks it.
    pub(super) fn is_missing(&self, key: AskedFor, now: Moment) -> bool {
        let mut table = self.table();
        let Some(slot) = table.slot(key) else { return false };
        let pause = PAUSE_NANOS << slot.doublings;
        slot.key == key && now.monotonic_nanos() < slot.fetched_at.saturating_add(pause)
    }

    /// Remembers that a set lacks it whose fetch began then.
    pub(super) fn keep_missing(&self, key: AskedFor, fetched_at: u64) {
        let mut table = self.table();
        let Some(slot) = table.slot(key) else { return };
        if slot.key != key || fetched_at.saturating_sub(slot.fetched_at) > FORGET_NANOS {
            *slot = Slot { key, fetched_at, doublings: 0 };
        } else if fetched_at > slot.fetched_at {
            slot.fetched_at = fetched_at;
            slot.doublings = (slot.doublings + 1).min(MOST_DOUBLINGS);
        }
    }

    /// Remembers the names of keys that were withdrawn.
    pub(super) fn withdraw(&self, names: impl IntoIterator<Item = (String, Algorithm)>) {
        for (id, algorithm) in names {
            let name = self.name(&id, algorithm);
            let mut table = self.table();
            if !table.withdrawn.contains(&name) {
                let next = table.next % MOST_WITHDRAWN;
                table.next = next + 1;
                if let Some(place) = table.withdrawn.get_mut(next) {
                    *place = name;
                }
            }
        }
    }

    fn name(&self, id: &str, algorithm: Algorithm) -> u64 {
        self.secret.hash_one((id, algorithm.name())).max(1)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn slot(&mut self, key: AskedFor) -> Option<&mut Slot> {
        self.slots.get_mut(key.0 as usize % SLOTS)
    }
}

/// Nothing of tokens.
impl std::fmt::Debug for UnknownKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("UnknownKeys(..)")
    }
}

/// 24 KiB.
const SLOTS: usize = 1024;
const MOST_WITHDRAWN: usize = 64;

const PAUSE_NANOS: u64 = 1_000_000_000;
/// 16 s at most.
const MOST_DOUBLINGS: u32 = 4;
/// After that, pauses are short again.
const FORGET_NANOS: u64 = 64 * PAUSE_NANOS;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::Issuer;

    const SECOND: u64 = 1_000_000_000;

    fn at(nanos: u64) -> Moment {
        Moment::new(Duration::from_nanos(nanos), Duration::ZERO)
    }

    #[test]
    fn a_missing_key_is_missing_for_longer_and_longer() {
        let unknown = UnknownKeys::new();
        let key = unknown.asked_by(b"token");
        assert!(!unknown.is_missing(key, at(0)));
        let mut now = 0;
        for pause in [1, 2, 4, 8, 16, 16] {
            unknown.keep_missing(key, now);
            // All that waited for the same fetch are one.
            unknown.keep_missing(key, now);
            now += pause * SECOND;
            assert!(unknown.is_missing(key, at(now - 1)) && !unknown.is_missing(key, at(now)));
        }
        now += 100 * SECOND;
        unknown.keep_missing(key, now);
        assert!(!unknown.is_missing(key, at(now + SECOND)), "pauses are short again");
        assert!(!unknown.is_missing(unknown.asked_by(b"other"), at(now)));
    }

    #[test]
    fn tokens_of_a_withdrawn_key_are_one_and_no_others_are() {
        let unknown = UnknownKeys::new();
        let asked = |kid: &str, subject: &str| {
            unknown.asked_by(Issuer::es256().kid(kid).token(subject).sign().as_bytes())
        };
        unknown
            .withdraw([("old".to_owned(), Algorithm::Es256), ("new".to_owned(), Algorithm::Rs256)]);
        assert_eq!(asked("old", "ada"), asked("old", "grace"));
        assert_ne!(asked("new", "ada"), asked("new", "grace"), "of another algorithm");
        let other = UnknownKeys::new();
        assert_ne!(asked("old", "ada"), {
            other.withdraw([("old".to_owned(), Algorithm::Es256)]);
            other.asked_by(Issuer::es256().kid("old").token("ada").sign().as_bytes())
        });
    }

    #[test]
    fn a_flood_takes_no_more_memory() {
        let unknown = UnknownKeys::new();
        for number in 0..10_000_u32 {
            unknown.keep_missing(unknown.asked_by(&number.to_ne_bytes()), 0);
            unknown.withdraw([(number.to_string(), Algorithm::Es256)]);
        }
        assert_eq!(unknown.table().slots.len(), SLOTS);
    }
}
