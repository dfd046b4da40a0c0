//! Leased permits by key, in memory that is allocated once.
//!
//! 1. A permit is valid for at most [`life`](Leases::new) after its request. The rest lapses.
//! 2. The permits of a flight (a round trip to Redis), and those that a key has in hand and under way, have
//!    [bounds](Bounds).
//! 3. One flight at a time leases permits of a key; up to four, if a flight leases as much as it may and the
//!    demand in half a lease's life is higher. A request that finds no permits waits for a flight, and is
//!    served before later requests.
//! 4. A full bucket of the table evicts the key with the fewest permits: they are lost, not doubled.
//!
//! Each bucket of eight keys has a lock, which is held for some dozen instructions.

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

use super::lease::{Berth, Bounds, Landing, Lease};

/// The leases of one instance. A `Bell` wakes requests that wait for a flight.
pub(crate) struct Leases<Bell> {
    buckets: Box<[Mutex<Bucket<Bell>>]>,
    life: u64,
    /// Keys that were evicted with permits in hand.
    evicted: AtomicU64,
}

/// Keys that share a lock.
type Bucket<Bell> = [Option<Lease<Bell>>; KEYS_A_BUCKET];

/// The result of a search for permits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Spending {
    Spent(Spent),
    /// Redis would reject: no permits are left; the time at which the bucket is full.
    Refused(u64),
    Empty,
}

/// Permits that were in hand, and are spent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) state: State,
    /// When the first of them would have lapsed.
    pub(crate) lapses: u64,
    /// Whether the next flight should start.
    pub(crate) is_low: bool,
}

/// The state of a key in this instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// The time at which the bucket is full; zero if it is unknown.
    pub(crate) arrival: u64,
    pub(crate) in_hand: u32,
}

/// Whether a flight begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Departure<Bell> {
    /// The number of permits to lease beyond the current need; [`Leases::land`] must follow.
    Begun(u32, Berth),
    /// A flight is under way that may lease enough.
    Joined(Bell),
    /// The request makes its own round trip, without leases.
    Alone,
}

impl<Bell: Clone> Leases<Bell> {
    /// A table for this number of keys, rounded up to a multiple of eight, and permits that are valid for
    /// this number of nanoseconds.
    pub(crate) fn new(keys: usize, life: u64) -> Self {
        let buckets = keys.div_ceil(KEYS_A_BUCKET).max(1);
        let empty = || Mutex::new(std::array::from_fn(|_| None));
        Self {
            buckets: (0..buckets).map(|_| empty()).collect(),
            life: life.max(1),
            evicted: AtomicU64::new(0),
        }
    }

    /// Takes permits in hand, for a request that may have waited for them. `refuses` returns whether a bucket
    /// that is full at some time has too few permits.
    pub(crate) fn spend(
        &self,
        key: u64,
        (cost, bounds): (u32, Bounds),
        has_waited: bool,
        now: u64,
        refuses: impl FnOnce(u64) -> bool,
    ) -> Spending {
        let mut bucket = self.bucket(key);
        let Some(lease) = find(&mut *bucket, key) else { return Spending::Empty };
        lease.lapse(now);
        if let Some(spent) = lease.spend(cost, has_waited, bounds) {
            return Spending::Spent(spent);
        }
        match lease.known_since(now.saturating_sub(self.life)) {
            Some(arrival) if !lease.is_in_flight() && refuses(arrival) => {
                Spending::Refused(arrival)
            }
            _ => Spending::Empty,
        }
    }

    /// Puts back permits that were spent for a request that another limit rejected, unless they have lapsed,
    /// and within the bound.
    pub(crate) fn put_back(&self, key: u64, cost: u32, lapses: u64, bounds: Bounds, now: u64) {
        let mut bucket = self.bucket(key);
        if let Some(lease) = find(&mut *bucket, key) {
            lease.lapse(now);
            lease.put_back(cost, lapses, bounds, now);
        }
    }

    /// The state of a key.
    pub(crate) fn look(&self, key: u64, now: u64) -> State {
        let mut bucket = self.bucket(key);
        find(&mut *bucket, key).map_or_else(State::default, |lease| {
            lease.lapse(now);
            lease.state()
        })
    }

    /// Begins a flight for a request that needs permits that are not in hand, or joins the one under way.
    pub(crate) fn depart(
        &self,
        key: u64,
        cost: u32,
        bounds: Bounds,
        now: u64,
        bell: impl FnOnce() -> Bell,
    ) -> Departure<Bell> {
        let mut bucket = self.bucket(key);
        let Some(lease) = find_or_make(&mut *bucket, key, now, &self.evicted) else {
            return Departure::Alone;
        };
        lease.lapse(now);
        if let Some(bell) = lease.join(cost, bounds) {
            return Departure::Joined(bell);
        }
        lease.demand(cost);
        // A flight that leases nothing for others is for a key with little demand.
        let Some(berth) = lease.berth(bounds) else { return Departure::Alone };
        Departure::Begun(lease.begin(berth, self.life, bounds, now, bell()), berth)
    }

    /// Begins a flight before the permits are used up; `None` if enough are under way, or it would lease
    /// none.
    pub(crate) fn depart_early(
        &self,
        key: u64,
        bounds: Bounds,
        now: u64,
        bell: impl FnOnce() -> Bell,
    ) -> Option<(u32, Berth)> {
        let mut bucket = self.bucket(key);
        let lease = find(&mut *bucket, key)?;
        lease.lapse(now);
        if !lease.is_low(bounds) {
            return None;
        }
        let berth = lease.berth(bounds)?;
        let pending = lease.begin(berth, self.life, bounds, now, bell());
        if pending == 0 {
            lease.cancel(berth);
            return None;
        }
        Some((pending, berth))
    }

    /// Ends a flight, with its result; without one if it failed.
    pub(crate) fn land(&self, key: u64, berth: Berth, landing: Option<Landing>) {
        let mut bucket = self.bucket(key);
        if let Some(lease) = find(&mut *bucket, key) {
            lease.land(berth, landing, self.life);
        }
    }

    /// The number of keys that were evicted with permits in hand, which were lost.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// The bucket of a key, by its hash.
    fn bucket(&self, key: u64) -> MutexGuard<'_, Bucket<Bell>> {
        let index = (key % self.buckets.len() as u64) as usize;
        #[expect(clippy::indexing_slicing, reason = "a remainder of the length")]
        let bucket = &self.buckets[index];
        // A panic cannot leave partial changes under this lock.
        bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find<Bell: Clone>(bucket: &mut [Option<Lease<Bell>>], key: u64) -> Option<&mut Lease<Bell>> {
    bucket.iter_mut().flatten().find(|lease| lease.key == key)
}

fn find_or_make<'a, Bell: Clone>(
    bucket: &'a mut [Option<Lease<Bell>>],
    key: u64,
    now: u64,
    evicted: &AtomicU64,
) -> Option<&'a mut Lease<Bell>> {
    let place = bucket.iter().position(|lease| lease.as_ref().is_some_and(|l| l.key == key));
    let place = match place {
        Some(place) => place,
        None => {
            let (place, worth) = bucket
                .iter_mut()
                .map(|lease| {
                    lease.as_mut().map(|lease| {
                        lease.lapse(now);
                        (lease.is_in_flight(), lease.in_hand(), lease.since)
                    })
                })
                .enumerate()
                .min_by_key(|(_, worth)| *worth)
                .filter(|(_, worth)| worth.is_none_or(|(is_in_flight, ..)| !is_in_flight))?;
            if worth.is_some_and(|(_, in_hand, _)| in_hand > 0) {
                evicted.fetch_add(1, Ordering::Relaxed);
            }
            *bucket.get_mut(place)? = Some(Lease::new(key, now));
            place
        }
    };
    bucket.get_mut(place)?.as_mut()
}

const KEYS_A_BUCKET: usize = 8;
