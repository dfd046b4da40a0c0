//! Leased permits by key, in memory that is allocated once.
//!
//! 1. A permit is spent at most [`life`](Leases::new) after it was asked for; what is left then has
//!    lapsed.
//! 2. A flight brings its limit's most at most; what a key has in hand and what is under way for it are
//!    never more than one and a half times that.
//! 3. One flight at a time asks for permits of a key. Who finds none waits for it, and is served before
//!    those who come later.
//! 4. A full bucket of the table forgets the key with the fewest permits: they are lost, not doubled.
//!
//! Each bucket of eight keys has a lock, which is held for some dozen instructions.

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

/// Leases of one instance. A `Bell` is what those wait for who wait for a flight.
pub(crate) struct Leases<Bell> {
    buckets: Box<[Mutex<Bucket<Bell>>]>,
    life: u64,
    /// Keys that were forgotten with permits in hand.
    evicted: AtomicU64,
}

/// Keys that share a lock.
type Bucket<Bell> = [Option<Lease<Bell>>; KEYS_A_BUCKET];

/// What is known of one key.
struct Lease<Bell> {
    key: u64,
    /// What is in hand; the one that lapses first comes first.
    grants: [Grant; 2],
    flight: Option<Flight<Bell>>,
    /// How many permits a flight should bring; zero before the first one.
    target: u32,
    /// When the last flight left, and what was asked for since.
    since: u64,
    demanded: u32,
    /// What those ask for who waited for the last flight in vain.
    crowd: u32,
    /// What is in hand for those who waited.
    reserved: u32,
    known: Known,
}

/// Permits that lapse together.
#[derive(Clone, Copy, Default)]
struct Grant {
    permits: u32,
    lapses: u64,
}

struct Flight<Bell> {
    bell: Bell,
    /// How many permits it may bring.
    pending: u32,
    /// What those wait for who joined it.
    awaited: u32,
}

/// What was last heard of a key: the time at which its bucket is full, as it was at some time. It is
/// not earlier now, for permits come back by time alone.
#[derive(Clone, Copy, Default)]
struct Known {
    arrival: u64,
    at: u64,
}

/// What a look for permits found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Spending {
    Spent(Spent),
    /// There are none, here or elsewhere; the time at which the bucket is full.
    Refused(u64),
    Empty,
}

/// Permits that were in hand, and are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) state: State,
    /// When the first of them would have lapsed.
    pub(crate) lapses: u64,
    /// Whether it is time for the next flight.
    pub(crate) is_low: bool,
}

/// A key as this instance knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// The time at which the bucket is full; zero when nothing is known.
    pub(crate) arrival: u64,
    pub(crate) in_hand: u32,
}

/// Whether a flight begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Departure<Bell> {
    /// So many permits may be asked for beyond what is needed now; [`Leases::land`] must follow.
    Begun(u32),
    /// One is under way that may bring enough.
    Joined(Bell),
    /// Who needs permits goes alone, and leases none.
    Alone,
}

/// What a flight brought.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Landing {
    pub(crate) leased: u32,
    /// When it left.
    pub(crate) sent: u64,
    /// The time at which the bucket is full, and no earlier.
    pub(crate) arrival: u64,
}

impl<Bell: Clone> Leases<Bell> {
    /// Room for so many keys, rounded up to a multiple of eight, and permits that live for so many
    /// nanoseconds.
    pub(crate) fn new(keys: usize, life: u64) -> Self {
        let buckets = keys.div_ceil(KEYS_A_BUCKET).max(1);
        let empty = || Mutex::new(std::array::from_fn(|_| None));
        Self { buckets: (0..buckets).map(|_| empty()).collect(), life: life.max(1), evicted: AtomicU64::new(0) }
    }

    /// Takes permits that are in hand, for somebody who may have waited for them. `refuses` says whether
    /// a bucket that is full at some time has not enough.
    pub(crate) fn spend(
        &self,
        key: u64,
        cost: u32,
        has_waited: bool,
        now: u64,
        refuses: impl FnOnce(u64) -> bool,
    ) -> Spending {
        let mut bucket = self.bucket(key);
        let Some(lease) = find(&mut *bucket, key) else { return Spending::Empty };
        lease.lapse(now);
        let reserved = if has_waited { 0 } else { lease.reserved };
        if lease.in_hand().saturating_sub(reserved) >= cost {
            if has_waited {
                lease.reserved = lease.reserved.saturating_sub(cost);
            }
            let lapses = lease.take(cost);
            lease.demanded = lease.demanded.saturating_add(cost);
            let is_low = lease.flight.is_none() && lease.is_low();
            return Spending::Spent(Spent { state: lease.state(), lapses, is_low });
        }
        let is_fresh = now.saturating_sub(lease.known.at) <= self.life;
        if lease.flight.is_none() && is_fresh && refuses(lease.known.arrival) {
            return Spending::Refused(lease.known.arrival);
        }
        Spending::Empty
    }

    /// Puts back what was spent for a request that another limit refused, unless it has lapsed.
    pub(crate) fn put_back(&self, key: u64, cost: u32, lapses: u64, now: u64) {
        let mut bucket = self.bucket(key);
        let Some(lease) = find(&mut *bucket, key) else { return };
        lease.lapse(now);
        lease.demanded = lease.demanded.saturating_sub(cost);
        if lapses <= now {
            return;
        }
        // Never to permits that live longer.
        let earlier = lease.grants.iter_mut().find(|g| g.permits > 0 && g.lapses <= lapses);
        if let Some(grant) = earlier {
            grant.permits = grant.permits.saturating_add(cost);
        } else if let [first @ Grant { permits: 0, .. }, _] = &mut lease.grants {
            *first = Grant { permits: cost, lapses };
        }
    }

    /// What is known of a key.
    pub(crate) fn look(&self, key: u64, now: u64) -> State {
        let mut bucket = self.bucket(key);
        find(&mut *bucket, key).map_or_else(State::default, |lease| {
            lease.lapse(now);
            lease.state()
        })
    }

    /// Begins a flight for whoever needs permits that are not in hand, or joins the one under way.
    pub(crate) fn depart(
        &self,
        key: u64,
        cost: u32,
        most: u32,
        now: u64,
        bell: impl FnOnce() -> Bell,
    ) -> Departure<Bell> {
        let mut bucket = self.bucket(key);
        let Some(lease) = find_or_make(&mut *bucket, key, now, &self.evicted) else { return Departure::Alone };
        lease.lapse(now);
        if let Some(flight) = lease.flight.as_mut().filter(|flight| flight.pending > 0) {
            flight.awaited = flight.awaited.saturating_add(cost);
            return Departure::Joined(flight.bell.clone());
        }
        lease.demanded = lease.demanded.saturating_add(cost);
        // A flight that brings nothing for others is one for a key that is seldom asked for.
        if lease.flight.is_some() {
            return Departure::Alone;
        }
        Departure::Begun(lease.begin(self.life, most, now, bell()))
    }

    /// Begins a flight before the permits are used up; `None` if one is under way, or would bring none.
    pub(crate) fn depart_early(
        &self,
        key: u64,
        most: u32,
        now: u64,
        bell: impl FnOnce() -> Bell,
    ) -> Option<u32> {
        let mut bucket = self.bucket(key);
        let lease = find(&mut *bucket, key)?;
        lease.lapse(now);
        if lease.flight.is_some() || !lease.is_low() {
            return None;
        }
        let pending = lease.begin(self.life, most, now, bell());
        if pending == 0 {
            lease.flight = None;
            return None;
        }
        Some(pending)
    }

    /// Ends a flight, with what it brought; nothing, if it never arrived.
    pub(crate) fn land(&self, key: u64, landing: Option<Landing>) {
        let mut bucket = self.bucket(key);
        let Some(lease) = find(&mut *bucket, key) else { return };
        let flight = lease.flight.take();
        let Some(Landing { leased, sent, arrival }) = landing else { return };
        lease.known = Known { arrival, at: sent };
        let awaited = flight.map_or(0, |flight| flight.awaited);
        lease.crowd = awaited.saturating_sub(leased);
        // Who waited and is gone by now is served no longer than until the next flight.
        lease.reserved = awaited.min(leased);
        if leased > 0 {
            lease.receive(Grant { permits: leased, lapses: sent.saturating_add(self.life) });
        }
    }

    /// Keys that were forgotten with permits in hand, which were lost.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// Where a key is: hashes of keys choose their bucket.
    fn bucket(&self, key: u64) -> MutexGuard<'_, Bucket<Bell>> {
        let index = (key % self.buckets.len() as u64) as usize;
        #[expect(clippy::indexing_slicing, reason = "a remainder of the length")]
        let bucket = &self.buckets[index];
        // Nothing is half done under this lock.
        bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Bell> Lease<Bell> {
    fn new(key: u64, now: u64) -> Self {
        Self {
            key,
            grants: [Grant::default(); 2],
            flight: None,
            target: 0,
            since: now,
            demanded: 0,
            crowd: 0,
            reserved: 0,
            known: Known::default(),
        }
    }

    fn lapse(&mut self, now: u64) {
        for grant in &mut self.grants {
            if grant.lapses <= now {
                grant.permits = 0;
            }
        }
    }

    fn in_hand(&self) -> u32 {
        self.grants.iter().fold(0, |sum: u32, grant| sum.saturating_add(grant.permits))
    }

    /// Half of what a flight brings is left: the next one takes less time than that lasts.
    fn is_low(&self) -> bool {
        self.target > 1 && self.in_hand() <= self.target / 2
    }

    fn state(&self) -> State {
        State { arrival: self.known.arrival, in_hand: self.in_hand() }
    }

    /// Takes permits that are there; when the first of them would have lapsed.
    fn take(&mut self, cost: u32) -> u64 {
        let mut left = cost;
        let mut lapses = u64::MAX;
        for grant in &mut self.grants {
            let taken = grant.permits.min(left);
            if taken > 0 {
                grant.permits -= taken;
                left -= taken;
                lapses = lapses.min(grant.lapses);
            }
        }
        lapses
    }

    fn receive(&mut self, grant: Grant) {
        let [first, second] = self.grants;
        self.grants = match (first.permits, second.permits) {
            (0, 0) => [grant, Grant::default()],
            (_, 0) => [first, grant],
            (0, _) => [second, grant],
            // Both lapse when the first would: earlier is safe.
            (one, other) => [Grant { permits: one.saturating_add(other), ..first }, grant],
        };
    }

    /// Sets out; how many permits to bring beyond what is needed now.
    ///
    /// As many as were asked for lately in half the life of a lease, so that they are spent before they
    /// lapse; at most twice as many as before, unless more are waited for.
    fn begin(&mut self, life: u64, most: u32, now: u64, bell: Bell) -> u32 {
        let elapsed = now.saturating_sub(self.since).max(1);
        let rate = u128::from(self.demanded) * u128::from(life) / (2 * u128::from(elapsed));
        let wanted = u32::try_from(rate).unwrap_or(u32::MAX);
        let wanted = wanted.min(self.target.saturating_mul(2)).max(self.crowd);
        self.target = wanted.clamp(1, most.max(1));
        let pending = match self.target {
            1 => 0,
            target => target.min(most.saturating_add(most / 2).saturating_sub(self.in_hand())),
        };
        (self.since, self.demanded, self.crowd) = (now, 0, 0);
        self.flight = Some(Flight { bell, pending, awaited: 0 });
        pending
    }
}

fn find<Bell>(bucket: &mut [Option<Lease<Bell>>], key: u64) -> Option<&mut Lease<Bell>> {
    bucket.iter_mut().flatten().find(|lease| lease.key == key)
}

fn find_or_make<'a, Bell>(
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
                        (lease.flight.is_some(), lease.in_hand(), lease.since)
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
