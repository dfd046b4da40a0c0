//! The table of the limiter: arrival times by key, in fixed memory, exact under concurrency.
//!
//! # How it works
//!
//! * A bucket is one cache line: four slots of a 64-bit key and a 64-bit arrival time. A key may
//!   stand in two buckets, the first chosen by the upper half of its hash, the second by the lower.
//! * **Found**: the slot is changed by one compare-and-swap over key and time. Refused requests
//!   change nothing. No lock, no sweeper: an entry whose time has passed equals no entry.
//! * **Not found**: the insertion takes the stripe of its key, looks again, and claims a slot.
//!   A key is only ever put anywhere by the holder of its stripe, after a complete look at both
//!   buckets, so it can never stand in the table twice.
//! * An insertion takes the first free slot (empty, or expired). If both buckets are full of live
//!   entries, it moves one of them to that entry's other bucket, if there is room: this is what
//!   makes a load of 90% possible without loss. If there is none, the entry nearest to its expiry
//!   is evicted and counted.
//! * A move holds the stripe of the moved key as well, removes it first and adds it after. Who
//!   looks for it in between finds nothing, waits for its stripe, and looks again.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU64, Ordering};

use super::slot::{Entry, Slot};
use super::stripes::{Held, Stripes};

/// Slots in a bucket: as many as fill one cache line.
pub(super) const SLOTS: usize = 4;

/// Bytes of a bucket.
pub(super) const BUCKET_BYTES: usize = size_of::<Bucket>();

#[derive(Debug, Default)]
#[repr(align(64))]
struct Bucket {
    slots: [Slot; SLOTS],
}

/// Arrival times by key. See the module for the algorithm.
#[derive(Debug)]
pub(super) struct Table {
    buckets: Box<[Bucket]>,
    stripes: Stripes,
    evicted_live: AtomicU64,
}

/// What an update found and left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Update {
    /// The arrival time was changed to this.
    Changed(u64),
    /// The arrival time stays at this; zero when the key is not in the table.
    Unchanged(u64),
}

impl Table {
    /// `buckets` buckets (1 to 2³²) and `stripes` locks (at least 1).
    pub(super) fn new(buckets: usize, stripes: usize) -> Self {
        let buckets = buckets.clamp(1, usize::try_from(u32::MAX).unwrap_or(usize::MAX));
        Self {
            buckets: (0..buckets).map(|_| Bucket::default()).collect(),
            stripes: Stripes::new(stripes),
            evicted_live: AtomicU64::new(0),
        }
    }

    pub(super) fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// How many entries were evicted although their time had not passed.
    pub(super) fn evicted_live(&self) -> u64 {
        self.evicted_live.load(Ordering::Relaxed)
    }

    /// Replaces the arrival time of `key` by what `next` makes of it, indivisibly.
    ///
    /// `next` gets zero for a key that is not in the table, and answers `None` to leave
    /// everything as it is. It may be asked several times; its last answer is what happened.
    #[inline]
    pub(super) fn update(&self, key: u64, now: u64, next: impl Fn(u64) -> Option<u64>) -> Update {
        for index in self.candidates(key) {
            for slot in &self.bucket(index).slots {
                let entry = slot.load();
                if entry.key == key
                    && let Some(update) = change(slot, entry, &next)
                {
                    return update;
                }
            }
        }
        self.insert(key, now, &next)
    }

    /// The path of a key that was not found: it is new, or is being inserted or moved right now.
    #[cold]
    #[inline(never)]
    fn insert(&self, key: u64, now: u64, next: &dyn Fn(u64) -> Option<u64>) -> Update {
        let held = self.stripes.lock(key);
        // Every round that does not return lost a slot to another thread, which then succeeded.
        loop {
            let victim = match self.survey(key, now, next) {
                Survey::Done(update) => return update,
                Survey::Absent(victim) => victim,
            };
            let Some(arrival) = next(0) else { return Update::Unchanged(0) };
            let inserted = Entry { key, arrival };
            let live = victim.entry.arrival > now;
            if live && self.displace(&held, inserted, now) {
                return Update::Changed(arrival);
            }
            if victim.slot.replace(victim.entry, inserted).is_ok() {
                if live {
                    self.evicted_live.fetch_add(1, Ordering::Relaxed);
                }
                return Update::Changed(arrival);
            }
        }
    }

    /// A complete look at both buckets, by the holder of the key's stripe.
    fn survey(&self, key: u64, now: u64, next: &dyn Fn(u64) -> Option<u64>) -> Survey<'_> {
        let [first, second] = self.candidates(key).map(|index| &self.bucket(index).slots);
        let [slot, ..] = first;
        let mut victim = Victim { slot, entry: slot.load() };
        for slot in first.iter().chain(second) {
            let entry = slot.load();
            if entry.key == key
                && let Some(update) = change(slot, entry, &next)
            {
                return Survey::Done(update);
            }
            // The first free slot, else the one nearest to its expiry.
            if victim.entry.arrival > now && entry.arrival < victim.entry.arrival {
                victim = Victim { slot, entry };
            }
        }
        Survey::Absent(victim)
    }

    /// Puts `inserted` in the place of an entry that can move to its other bucket.
    fn displace(&self, held: &Held<'_>, inserted: Entry, now: u64) -> bool {
        for index in self.candidates(inserted.key) {
            for slot in &self.bucket(index).slots {
                let resident = slot.load();
                let other = self.bucket(self.other_candidate(resident.key, index));
                if other.slots.iter().all(|slot| slot.load().arrival > now) {
                    continue;
                }
                let Some(_held) = self.stripes.try_lock_beside(held, resident.key) else {
                    continue;
                };
                if slot.replace(resident, inserted).is_err() {
                    continue;
                }
                if !other.claim_free(resident, now) {
                    self.evicted_live.fetch_add(1, Ordering::Relaxed);
                }
                return true;
            }
        }
        false
    }

    /// The two buckets of a key; the same one twice only in a table of one bucket.
    #[inline]
    fn candidates(&self, key: u64) -> [usize; 2] {
        let first = self.scale(key >> 32);
        let second = self.scale(key & u64::from(u32::MAX));
        if first != second {
            return [first, second];
        }
        let neighbour = second + 1;
        [first, if neighbour < self.buckets.len() { neighbour } else { 0 }]
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
    /// Puts an entry that stands nowhere into a free slot, if there is still one.
    fn claim_free(&self, entry: Entry, now: u64) -> bool {
        self.slots.iter().any(|slot| {
            let free = slot.load();
            free.arrival <= now && slot.replace(free, entry).is_ok()
        })
    }
}

/// A slot that an insertion may take, and what stood there.
struct Victim<'a> {
    slot: &'a Slot,
    entry: Entry,
}

enum Survey<'a> {
    Done(Update),
    Absent(Victim<'a>),
}

/// Changes the entry for as long as it is of this key; `None` when it was replaced meanwhile.
#[inline]
fn change(slot: &Slot, mut entry: Entry, next: &impl Fn(u64) -> Option<u64>) -> Option<Update> {
    let key = entry.key;
    while entry.key == key {
        let Some(arrival) = next(entry.arrival) else {
            return Some(Update::Unchanged(entry.arrival));
        };
        match slot.replace(entry, Entry { key, arrival }) {
            Ok(()) => return Some(Update::Changed(arrival)),
            Err(present) => entry = present,
        }
    }
    None
}
