//! A slot of the limiter's table: a key and its time in two words, read and changed consistently without a
//! lock.
//!
//! The second word holds the time *exclusive-or the key*. A thread that read this slot for one key, and then
//! changes the word by compare-and-swap, therefore fails once the slot has passed to another key, independent
//! of that key's time. Why a reader can trust what it read:
//!
//! * The key is only written while the word is [`BUSY`], by the one thread that made it so.
//! * [`Slot::read`] loads the word, then the key. If the word is the same afterwards (seen by the
//!   compare-and-swap of [`Slot::update`], or by [`Slot::holds`]), no thread made it `BUSY` in between, so
//!   the key was that of the word.
//! * One case remains: in between, the slot passes from key *a* to the reader's key and back to *a* with the
//!   same nanosecond. The time that the reader got is then 64 random bits, and the caller reads a time beyond
//!   the horizon again, under its lock.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU64, Ordering};

/// A slot for one key and its theoretical arrival time. All zero: never used.
#[derive(Debug, Default)]
pub(in crate::throttling) struct Slot {
    key: AtomicU64,
    word: AtomicU64,
}

/// A key and its theoretical arrival time, as read from a slot at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::throttling) struct Entry {
    key: u64,
    word: u64,
}

/// The word of a slot that is passing from one key to another.
const BUSY: u64 = u64::MAX;

/// A slot that this thread alone may write, until it publishes an entry.
#[must_use = "a slot that is claimed and not published is lost"]
pub(in crate::throttling) struct Claim<'a>(&'a Slot);

impl Slot {
    /// The key alone, to decide whether to read the rest.
    #[inline]
    pub(in crate::throttling) fn key(&self) -> u64 {
        self.key.load(Ordering::Relaxed)
    }

    /// The entry; `None` while the slot passes from one key to another.
    #[inline]
    pub(in crate::throttling) fn read(&self) -> Option<Entry> {
        let word = self.word.load(Ordering::Acquire);
        let key = self.key.load(Ordering::Acquire);
        (word != BUSY).then_some(Entry { key, word })
    }

    /// Whether the slot still contains `entry`, so that it was read consistently.
    #[inline]
    pub(in crate::throttling) fn holds(&self, entry: Entry) -> bool {
        self.word.load(Ordering::Relaxed) == entry.word
    }

    /// Changes the time of `entry`, if the slot still contains it.
    #[inline]
    pub(in crate::throttling) fn update(&self, entry: Entry, arrival: u64) -> bool {
        self.swap(entry, Entry::new(entry.key, arrival).word)
    }

    /// Takes the slot away from `entry`, if the slot still contains it.
    pub(in crate::throttling) fn claim(&self, entry: Entry) -> Option<Claim<'_>> {
        self.swap(entry, BUSY).then_some(Claim(self))
    }

    /// Takes the slot away from `key`, independent of its time; `None` if it is gone.
    pub(in crate::throttling) fn claim_from(&self, key: u64) -> Option<(Claim<'_>, Entry)> {
        while let Some(entry) = self.read()
            && entry.key() == key
        {
            if let Some(claim) = self.claim(entry) {
                return Some((claim, entry));
            }
        }
        None
    }

    #[inline]
    fn swap(&self, entry: Entry, word: u64) -> bool {
        self.word.compare_exchange(entry.word, word, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

impl Claim<'_> {
    /// Ends the claim by writing `entry`.
    pub(in crate::throttling) fn publish(self, entry: Entry) {
        self.0.key.store(entry.key, Ordering::Release);
        self.0.word.store(entry.word, Ordering::Release);
    }
}

impl Entry {
    /// An entry for the hash of a key, which is not zero, and a time in nanoseconds.
    #[inline]
    pub(in crate::throttling) fn new(key: u64, arrival: u64) -> Self {
        let word = arrival ^ key;
        // One pair in 2⁶⁴ looks busy: it gives up a nanosecond.
        Self { key, word: if word == BUSY { BUSY - 1 } else { word } }
    }

    /// The hash of the key; zero in a slot that was never used.
    #[inline]
    pub(in crate::throttling) fn key(self) -> u64 {
        self.key
    }

    /// The theoretical arrival time in nanoseconds; zero in a slot that was never used.
    #[inline]
    pub(in crate::throttling) fn arrival(self) -> u64 {
        self.word ^ self.key
    }
}
