//! One entry of the limiter's table: a key and its time, changed together or not at all.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(loom))]
use portable_atomic::{AtomicU128, Ordering};

/// A key and its theoretical arrival time. All zero: nothing was ever here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: u64,
    pub(super) arrival: u64,
}

/// A place for one entry.
///
/// The 128 bits change in one compare-and-swap, so no reader or writer can ever pair one key
/// with the time of another. No ordering beyond the slot itself is needed: nothing else is
/// published through it, and who inserts a key holds that key's stripe.
#[cfg(not(loom))]
#[derive(Debug, Default)]
pub(super) struct Slot(AtomicU128);

#[cfg(not(loom))]
impl Slot {
    #[inline]
    pub(super) fn load(&self) -> Entry {
        unpack(self.0.load(Ordering::Relaxed))
    }

    /// Replaces `current`, or returns what is here instead.
    #[inline]
    pub(super) fn replace(&self, current: Entry, next: Entry) -> Result<(), Entry> {
        self.0
            .compare_exchange(pack(current), pack(next), Ordering::Relaxed, Ordering::Relaxed)
            .map(drop)
            .map_err(unpack)
    }
}

#[cfg(not(loom))]
#[inline]
const fn pack(entry: Entry) -> u128 {
    ((entry.key as u128) << 64) | entry.arrival as u128
}

#[cfg(not(loom))]
#[inline]
const fn unpack(bits: u128) -> Entry {
    Entry { key: (bits >> 64) as u64, arrival: bits as u64 }
}

/// The model: loom knows atomics of 64 bits, so keys and times of the models fit in 32.
#[cfg(loom)]
#[derive(Debug, Default)]
pub(super) struct Slot(AtomicU64);

#[cfg(loom)]
impl Slot {
    pub(super) fn load(&self) -> Entry {
        unpack(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn replace(&self, current: Entry, next: Entry) -> Result<(), Entry> {
        self.0
            .compare_exchange(pack(current), pack(next), Ordering::Relaxed, Ordering::Relaxed)
            .map(drop)
            .map_err(unpack)
    }
}

/// Keys keep their upper 16 and lower 16 bits, which is what chooses the buckets.
#[cfg(loom)]
fn pack(entry: Entry) -> u64 {
    let key = (entry.key >> 48) << 16 | (entry.key & 0xffff);
    assert_eq!(unpack_key(key), entry.key, "a key of a model has 16 bits in each half");
    assert!(entry.arrival <= u64::from(u32::MAX), "a time of a model has 32 bits");
    key << 32 | entry.arrival
}

#[cfg(loom)]
fn unpack_key(key: u64) -> u64 {
    (key >> 16) << 48 | (key & 0xffff)
}

#[cfg(loom)]
fn unpack(bits: u64) -> Entry {
    Entry { key: unpack_key(bits >> 32), arrival: bits & 0xffff_ffff }
}
