//! The table of the limiter: arrival times by key, in fixed memory, exact under concurrency.
//!
//! # How it works
//!
//! * A bucket is two neighbouring cache lines: eight slots of a key and a time. A key may stand in
//!   two buckets, the first chosen by the upper half of its hash, the second by the lower.
//! * **Found**: the time is changed by one compare-and-swap that also proves the key, see
//!   [`super::slot`]. Refused requests change nothing. No lock, no sweeper: an entry whose time
//!   has passed equals no entry.
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

/// Slots in a bucket.
pub(super) const SLOTS: usize = 8;

/// More than 32 bits of a hash can choose from.
const MAX_BUCKETS: usize = u32::MAX as usize;

/// Bytes of a bucket.
pub(super) const BUCKET_BYTES: usize = size_of::<Bucket>();

#[derive(Debug, Default)]
#[repr(align(128))]
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

/// The time of an update.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instant {
    /// Entries up to this time have expired.
    pub(super) now: u64,
    /// No entry of the key should stand beyond this time.
    pub(super) horizon: u64,
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
    /// `buckets` buckets (1 to 2³² - 1) and `stripes` locks (at least 1).
    pub(super) fn new(buckets: usize, stripes: usize) -> Self {
        let buckets = buckets.clamp(1, MAX_BUCKETS);
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
    pub(super) fn update(
        &self,
        key: u64,
        time: Instant,
        next: impl Fn(u64) -> Option<u64> + Copy,
    ) -> Update {
        // The second bucket is not even computed when the first has the key.
        let first = self.scale(key >> 32);
        if let Some(update) = self.bucket(first).change(key, time.horizon, next) {
            return update;
        }
        let second = self.second_candidate(key, first);
        if let Some(update) = self.bucket(second).change(key, time.horizon, next) {
            return update;
        }
        // A copy, so that what `next` holds can stay in registers when this path is not taken.
        let copy = next;
        self.insert(key, time.now, &copy)
    }

    /// The path of a key that was not found: it is new, or is being inserted or moved right now.
    #[cold]
    #[inline(never)]
    fn insert(&self, key: u64, now: u64, next: &dyn Fn(u64) -> Option<u64>) -> Update {
        let held = self.stripes.lock(key);
        loop {
            let victim = match self.survey(key, now, next) {
                Survey::Found(update) => return update,
                Survey::Absent(victim) => victim,
            };
            let Some(arrival) = next(0) else { return Update::Unchanged(0) };
            let inserted = Entry { key, arrival };
            // Without a victim, every slot is passing to another key at this moment.
            let Some(victim) = victim else {
                pause();
                continue;
            };
            let live = victim.entry.arrival > now;
            if live && self.displace(&held, inserted, now) {
                return Update::Changed(arrival);
            }
            // Who loses a slot here lost it to a thread that went on.
            if let Some(claim) = victim.slot.claim(victim.entry) {
                claim.publish(inserted);
                if live {
                    self.evicted_live.fetch_add(1, Ordering::Relaxed);
                }
                return Update::Changed(arrival);
            }
        }
    }

    /// A complete look at both buckets, by the holder of the key's stripe.
    fn survey(&self, key: u64, now: u64, next: &dyn Fn(u64) -> Option<u64>) -> Survey<'_> {
        let mut victim: Option<Victim<'_>> = None;
        for index in self.candidates(key) {
            let bucket = self.bucket(index);
            if let Some(update) = bucket.change(key, u64::MAX, next) {
                return Survey::Found(update);
            }
            for slot in &bucket.slots {
                let Some(entry) = slot.read() else { continue };
                // The first free slot, else the one nearest to its expiry.
                let better = |best: &Victim<'_>| {
                    best.entry.arrival > now && entry.arrival < best.entry.arrival
                };
                if victim.as_ref().is_none_or(better) {
                    victim = Some(Victim { slot, entry });
                }
            }
        }
        Survey::Absent(victim)
    }

    /// Puts `inserted` in the place of an entry that can move to its other bucket.
    fn displace(&self, held: &Held<'_>, inserted: Entry, now: u64) -> bool {
        for index in self.candidates(inserted.key) {
            for slot in &self.bucket(index).slots {
                let Some(resident) = slot.read() else { continue };
                let other = self.bucket(self.other_candidate(resident.key, index));
                if !other.has_room(now) {
                    continue;
                }
                let Some(_held) = self.stripes.try_lock_beside(held, resident.key) else {
                    continue;
                };
                let Some(claim) = slot.claim(resident) else { continue };
                claim.publish(inserted);
                if !other.put(resident, now) {
                    self.evicted_live.fetch_add(1, Ordering::Relaxed);
                }
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
    #[inline]
    fn change(
        &self,
        key: u64,
        horizon: u64,
        next: impl Fn(u64) -> Option<u64> + Copy,
    ) -> Option<Update> {
        let [first, rest @ ..] = &self.slots;
        if first.key() == key
            && let Some(update) = change(first, key, horizon, next)
        {
            return Some(update);
        }
        // All keys are compared before any is acted on: in a full table a key stands anywhere,
        // and a loop that ends where it does would be mispredicted almost every time.
        let mut found = 0_u32;
        for (position, slot) in rest.iter().enumerate() {
            found |= u32::from(slot.key() == key) << position;
        }
        change(rest.get(found.trailing_zeros() as usize)?, key, horizon, next)
    }

    fn has_room(&self, now: u64) -> bool {
        self.slots.iter().any(|slot| slot.read().is_some_and(|entry| entry.arrival <= now))
    }

    /// Puts an entry that stands nowhere into a free slot, if there is still one.
    fn put(&self, entry: Entry, now: u64) -> bool {
        let claim = self.slots.iter().find_map(|slot| {
            let free = slot.read().filter(|entry| entry.arrival <= now)?;
            slot.claim(free)
        });
        claim.map(|claim| claim.publish(entry)).is_some()
    }
}

/// A slot that an insertion may take, and what stood there.
struct Victim<'a> {
    slot: &'a Slot,
    entry: Entry,
}

enum Survey<'a> {
    Found(Update),
    Absent(Option<Victim<'a>>),
}

/// Changes the time of `key` for as long as it stands in `slot`.
///
/// `None`: it does not, or a time beyond `horizon` was read, which must be looked at again.
#[inline]
fn change(
    slot: &Slot,
    key: u64,
    horizon: u64,
    next: impl Fn(u64) -> Option<u64>,
) -> Option<Update> {
    while let Some(entry) = slot.read()
        && entry.key == key
        && entry.arrival <= horizon
    {
        match next(entry.arrival) {
            Some(arrival) if slot.update(entry, arrival) => return Some(Update::Changed(arrival)),
            None if slot.holds(entry) => return Some(Update::Unchanged(entry.arrival)),
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
