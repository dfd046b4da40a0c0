//! The table of the limiter: a concurrent hash table of arrival times by key, in fixed memory.
//!
//! # How it works
//!
//! * A bucket is two neighbouring cache lines: eight slots of a key and a time. A key may be in two buckets,
//!   the first chosen by the upper half of its hash, the second by the lower.
//! * **Found**: the time is changed by one compare-and-swap that also proves the key, see [`super::slot`].
//!   Rejected requests change nothing. There is no lock and no sweeper: an entry whose time has passed is
//!   equivalent to no entry.
//! * **Not found**: the insertion takes the stripe of its key, looks again, and claims a slot. Only the
//!   holder of its stripe puts a key into the table, after a complete search of both buckets, so a key is
//!   never in the table twice.
//! * An insertion takes the slot that its key prefers, or else the first free one (empty, or expired) of the
//!   same cache line, of the bucket, of the other bucket. A search has the same order. If both buckets are
//!   full of live entries, it moves one of them to that entry's other bucket, if there is room: this makes a
//!   load of 90% possible without loss. If there is none, the entry nearest to its expiry is evicted and
//!   counted.
//! * A move holds the stripe of the moved key as well, removes the key first and adds it after. A thread that
//!   searches for it in between finds nothing, waits for its stripe, and searches again.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, Ordering};
use std::ops::Range;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU64, Ordering};

use super::slot::{Entry, Slot};
use super::stripes::{Held, Stripes};

/// Slots in a bucket; fewer in the loom models.
pub(in crate::throttling) const SLOTS: usize = if cfg!(loom) { 2 } else { 8 };

/// Slots in a cache line: fewer than in a bucket, in the models as well.
const LINE: usize = SLOTS / 2;

/// More than 32 bits of a hash can choose from.
const MAX_BUCKETS: usize = u32::MAX as usize;

/// Bytes of a bucket.
pub(in crate::throttling) const BUCKET_BYTES: usize = size_of::<Bucket>();

#[derive(Debug, Default)]
#[repr(align(128))]
struct Bucket {
    slots: [Slot; SLOTS],
}

/// Arrival times by key. See the module for the algorithm.
#[derive(Debug)]
pub(in crate::throttling) struct Table {
    buckets: Box<[Bucket]>,
    stripes: Stripes,
    evicted_live: AtomicU64,
}

/// The time of an update.
#[derive(Clone, Copy, Debug)]
pub(in crate::throttling) struct Instant {
    /// Entries up to this time have expired.
    pub(in crate::throttling) now: u64,
    /// No entry of the key should be beyond this time.
    pub(in crate::throttling) horizon: u64,
}

/// The result of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::throttling) enum Update {
    /// The arrival time was changed to this.
    Changed(u64),
    /// The arrival time stays at this; zero when the key is not in the table.
    Unchanged(u64),
}

impl Table {
    /// `buckets` buckets (1 to 2³² - 1) and `stripes` locks (at least 1).
    pub(in crate::throttling) fn new(buckets: usize, stripes: usize) -> Self {
        let buckets = buckets.clamp(1, MAX_BUCKETS);
        Self {
            buckets: (0..buckets).map(|_| Bucket::default()).collect(),
            stripes: Stripes::new(stripes),
            evicted_live: AtomicU64::new(0),
        }
    }

    pub(in crate::throttling) fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// The number of entries that were evicted although their time had not passed.
    pub(in crate::throttling) fn evicted_live(&self) -> u64 {
        self.evicted_live.load(Ordering::Relaxed)
    }

    /// Replaces the arrival time of `key` by the result of `next`, atomically.
    ///
    /// `next` gets zero for a key that is not in the table, and returns `None` to change nothing. It may be
    /// called several times; the last result counts.
    #[inline(always)]
    pub(in crate::throttling) fn update(
        &self,
        key: u64,
        time: Instant,
        next: impl Fn(u64) -> Option<u64> + Copy,
    ) -> Update {
        self.look::<false>(key, time, next)
    }

    /// The same for a `next` that changes no time beyond the horizon, so that only one that it leaves
    /// as it is needs to be compared with it.
    #[inline(always)]
    pub(in crate::throttling) fn admit(
        &self,
        key: u64,
        time: Instant,
        next: impl Fn(u64) -> Option<u64> + Copy,
    ) -> Update {
        self.look::<true>(key, time, next)
    }

    #[inline(always)]
    fn look<const WITHIN: bool>(
        &self,
        key: u64,
        time: Instant,
        next: impl Fn(u64) -> Option<u64> + Copy,
    ) -> Update {
        let first = self.scale(key >> 32);
        let bucket = self.bucket(first);
        let here = bucket.slot(key, 0);
        if let Some(update) = change::<WITHIN>(here, key, time.horizon, next) {
            return update;
        }
        let beside = bucket.find(key, 1..LINE);
        if let Some(update) = change::<WITHIN>(beside, key, time.horizon, next) {
            return update;
        }
        // A copy, so that the captures of `next` can stay in registers when this path is not taken.
        let copy = next;
        self.look_elsewhere::<WITHIN, _>(first, key, time, &copy)
    }

    /// The path of a key that is not in the cache line that is searched first.
    #[inline(never)]
    fn look_elsewhere<const WITHIN: bool, N: Fn(u64) -> Option<u64>>(
        &self,
        first: usize,
        key: u64,
        time: Instant,
        next: &N,
    ) -> Update {
        let further = self.bucket(first).find(key, LINE..SLOTS);
        if let Some(update) = change::<WITHIN>(further, key, time.horizon, next) {
            return update;
        }
        // The second bucket is not even computed when the first has the key.
        let second = self.second_candidate(key, first);
        let there = self.bucket(second).find(key, 0..SLOTS);
        if let Some(update) = change::<WITHIN>(there, key, time.horizon, next) {
            return update;
        }
        self.insert(key, time.now, next)
    }

    /// The path of a key that was not found: it is new, or is being inserted or moved right now.
    #[cold]
    #[inline(never)]
    fn insert(&self, key: u64, now: u64, next: &dyn Fn(u64) -> Option<u64>) -> Update {
        let held = self.stripes.lock(key);
        // Every slot: one that is passing from this key to another shows the key still, and must
        // not hide the one where the key was put since.
        for index in self.candidates(key) {
            for slot in &self.bucket(index).slots {
                if let Some(update) = change::<false>(slot, key, u64::MAX, next) {
                    return update;
                }
            }
        }
        let Some(arrival) = next(0) else { return Update::Unchanged(0) };
        let entry = Entry::new(key, arrival);
        let crowded = self.weakest(key, now).is_none_or(|weakest| weakest.entry.arrival() > now);
        if !(crowded && self.displace(&held, entry, now)) {
            self.settle(entry, now, u64::MAX);
        }
        Update::Changed(arrival)
    }

    /// Puts an entry that is not in the table, and whose stripe is held, into one of its buckets.
    ///
    /// An entry beyond `limit` is not evicted for it: the new entry is dropped instead.
    fn settle(&self, entry: Entry, now: u64, limit: u64) {
        loop {
            // Without one to evict, every slot is passing to another key at this moment.
            let Some(weakest) = self.weakest(entry.key(), now) else {
                pause();
                continue;
            };
            let forgotten = if weakest.entry.arrival() > limit {
                entry
            } else if let Some(claim) = weakest.slot.claim(weakest.entry) {
                claim.publish(entry);
                weakest.entry
            } else {
                // Another thread was faster.
                continue;
            };
            if forgotten.arrival() > now {
                self.evicted_live.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
    }

    /// The first free slot for a key, else the one nearest to its expiry.
    fn weakest(&self, key: u64, now: u64) -> Option<Standing<'_>> {
        let mut weakest: Option<Standing<'_>> = None;
        for index in self.candidates(key) {
            for turn in 0..SLOTS {
                let slot = self.bucket(index).slot(key, turn);
                let Some(entry) = slot.read() else { continue };
                if entry.arrival() <= now {
                    return Some(Standing { slot, entry });
                }
                if weakest.as_ref().is_none_or(|least| entry.arrival() < least.entry.arrival()) {
                    weakest = Some(Standing { slot, entry });
                }
            }
        }
        weakest
    }

    /// Puts `inserted` into the slot of an entry that can move to its other bucket.
    fn displace(&self, held: &Held<'_>, inserted: Entry, now: u64) -> bool {
        for index in self.candidates(inserted.key()) {
            for slot in &self.bucket(index).slots {
                let Some(resident) = slot.read() else { continue };
                let other = self.other_candidate(resident.key(), index);
                if !self.bucket(other).has_room(now) {
                    continue;
                }
                let Some(_held) = self.stripes.try_lock_beside(held, resident.key()) else {
                    continue;
                };
                let Some((claim, resident)) = slot.claim_from(resident.key()) else { continue };
                claim.publish(inserted);
                self.settle(resident, now, now.max(resident.arrival()));
                return true;
            }
        }
        false
    }

    /// The two buckets of a key; the same one twice only in a table of one bucket.
    fn candidates(&self, key: u64) -> [usize; 2] {
        let first = self.scale(key >> 32);
        [first, self.second_candidate(key, first)]
    }

    #[inline]
    fn second_candidate(&self, key: u64, first: usize) -> usize {
        let second = self.scale(key & u64::from(u32::MAX));
        if first != second {
            second
        } else if second + 1 < self.buckets.len() {
            second + 1
        } else {
            0
        }
    }

    fn other_candidate(&self, key: u64, index: usize) -> usize {
        let [first, second] = self.candidates(key);
        if first == index { second } else { first }
    }

    /// Maps 32 bits evenly onto the buckets.
    #[inline]
    fn scale(&self, bits: u64) -> usize {
        ((bits * self.buckets.len() as u64) >> 32) as usize
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "`scale` and its neighbour are below the length")]
    fn bucket(&self, index: usize) -> &Bucket {
        &self.buckets[index]
    }
}

impl Bucket {
    /// The slot that a key tries at this turn: first the one it prefers, then the others of the same
    /// cache line, then the rest. The preferred one is chosen by other bits than the bucket.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "any number modulo `SLOTS` is below it")]
    fn slot(&self, key: u64, turn: usize) -> &Slot {
        &self.slots[(key as usize ^ turn) % SLOTS]
    }

    /// The slot of a key among those of these turns.
    ///
    /// All keys are compared before any is used: beyond the preferred slot a key can be anywhere, and an
    /// early exit of the loop would be mispredicted almost every time.
    #[inline]
    fn find(&self, key: u64, turns: Range<usize>) -> &Slot {
        let mut found = turns.start;
        for turn in turns {
            if self.slot(key, turn).key() == key {
                found = turn;
            }
        }
        self.slot(key, found)
    }

    fn has_room(&self, now: u64) -> bool {
        self.slots.iter().any(|slot| slot.read().is_some_and(|entry| entry.arrival() <= now))
    }
}

/// A slot and its entry.
struct Standing<'a> {
    slot: &'a Slot,
    entry: Entry,
}

/// Changes the time of `key` as long as it is in `slot`.
///
/// `None`: it is not, or a time beyond `horizon` was read, which must be read again. `WITHIN`: `next` changes
/// none beyond it.
#[inline]
fn change<const WITHIN: bool>(
    slot: &Slot,
    key: u64,
    horizon: u64,
    next: impl Fn(u64) -> Option<u64>,
) -> Option<Update> {
    while let Some(entry) = slot.read()
        && entry.key() == key
        && (WITHIN || entry.arrival() <= horizon)
    {
        match next(entry.arrival()) {
            Some(arrival) if slot.update(entry, arrival) => return Some(Update::Changed(arrival)),
            None if WITHIN && entry.arrival() > horizon => return None,
            None if slot.holds(entry) => return Some(Update::Unchanged(entry.arrival())),
            _ => {}
        }
    }
    None
}

#[cfg(not(loom))]
fn pause() {
    std::thread::yield_now();
}

#[cfg(loom)]
fn pause() {
    loom::thread::yield_now();
}
