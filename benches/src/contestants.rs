//! Alternatives to our limiter, all with the same keys.
//!
//! The mutex map and papaya show what one would write by hand: GCRA with one number per key. Like ours they
//! get the time as an argument, but they never remove a key.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use ahash::RandomState;
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter};
use secure_runtime::Moment;
use secure_runtime::throttling::{LimitKey, Limiter, Quota};

/// A limiter: decides whether a request of a key is admitted, at a moment.
pub trait Contestant<K>: Sync {
    /// Decides, and takes a permit.
    fn admits(&self, key: &K, now: Moment) -> bool;
}

/// A type that our limiter accepts as a key.
pub trait Key: Clone + Eq + Hash + Send + Sync + 'static {
    /// The key as a user of the limiter creates it.
    fn of(&self, limiter: &Limiter) -> LimitKey;
}

impl Key for String {
    #[inline]
    fn of(&self, limiter: &Limiter) -> LimitKey {
        limiter.key_bytes(1, self.as_bytes())
    }
}

impl Key for IpAddr {
    #[inline]
    fn of(&self, limiter: &Limiter) -> LimitKey {
        limiter.key_address(1, *self)
    }
}

/// Our limiter.
#[derive(Debug)]
pub struct Ours {
    limiter: Limiter,
    quota: Quota,
}

/// A map in parts, each with its own lock.
#[derive(Debug)]
pub struct MutexMap<K> {
    shards: Vec<Mutex<HashMap<K, u64, RandomState>>>,
    hasher: RandomState,
    pace: Pace,
}

/// A lock-free map.
pub struct Papaya<K> {
    arrivals: papaya::HashMap<K, AtomicU64, RandomState>,
    pace: Pace,
}

/// One an hour, with a burst that is never used up: every key stays live during the measurement, as keys of real
/// limits do.
#[must_use]
pub fn quota(burst: NonZeroU32) -> Quota {
    Quota::per_hour(NonZeroU32::MIN).with_burst(burst)
}

/// The same for governor.
#[must_use]
pub fn governor_quota(burst: NonZeroU32) -> governor::Quota {
    governor::Quota::per_hour(NonZeroU32::MIN).allow_burst(burst)
}

impl Ours {
    /// In memory, for this many keys.
    #[must_use]
    pub fn new(keys: usize, burst: NonZeroU32) -> Self {
        Self { limiter: Limiter::with_capacity_keys(keys), quota: quota(burst) }
    }
}

impl<K: Key> Contestant<K> for Ours {
    #[inline(always)]
    fn admits(&self, key: &K, now: Moment) -> bool {
        self.limiter.check(key.of(&self.limiter), &self.quota, NonZeroU32::MIN, now).is_allowed()
    }
}

impl<K: Key> Contestant<K> for DefaultKeyedRateLimiter<K> {
    #[inline(always)]
    fn admits(&self, key: &K, _now: Moment) -> bool {
        self.check_key(key).is_ok()
    }
}

impl<K> Contestant<K> for DefaultDirectRateLimiter {
    #[inline(always)]
    fn admits(&self, _key: &K, _now: Moment) -> bool {
        self.check().is_ok()
    }
}

impl<K> MutexMap<K> {
    /// With 64 parts.
    #[must_use]
    pub fn new(burst: NonZeroU32) -> Self {
        let hasher = RandomState::new();
        let shard = || Mutex::new(HashMap::with_hasher(hasher.clone()));
        let shards = (0..64).map(|_| shard()).collect();
        Self { shards, hasher, pace: Pace::new(burst) }
    }
}

impl<K: Key> Contestant<K> for MutexMap<K> {
    #[inline(always)]
    fn admits(&self, key: &K, now: Moment) -> bool {
        // The map's own places come from the low bits.
        let place = (self.hasher.hash_one(key) >> 48) as usize % self.shards.len();
        let Some(shard) = self.shards.get(place) else { return false };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrival) = shard.get_mut(key) {
            let next = self.pace.next_arrival(*arrival, now);
            *arrival = next.unwrap_or(*arrival);
            return next.is_some();
        }
        let next = self.pace.next_arrival(0, now);
        shard.insert(key.clone(), next.unwrap_or_default());
        next.is_some()
    }
}

impl<K: Key> Papaya<K> {
    /// An empty map.
    #[must_use]
    pub fn new(burst: NonZeroU32) -> Self {
        // By default the map moves keys to a larger table step by step and searches both tables meanwhile: once no
        // more keys were inserted, a decision took ten times as long. In this mode the map blocks while it moves
        // all keys, which shows in its slowest decision.
        let arrivals = papaya::HashMap::builder()
            .hasher(RandomState::new())
            .resize_mode(papaya::ResizeMode::Blocking)
            .build();
        Self { arrivals, pace: Pace::new(burst) }
    }
}

impl<K: Key> Contestant<K> for Papaya<K> {
    #[inline(always)]
    fn admits(&self, key: &K, now: Moment) -> bool {
        let arrivals = self.arrivals.pin();
        let arrival = match arrivals.get(key) {
            Some(arrival) => arrival,
            None => arrivals.get_or_insert_with(key.clone(), AtomicU64::default),
        };
        let take = |arrival| self.pace.next_arrival(arrival, now);
        arrival.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).is_ok()
    }
}

/// The rate of the limiters that one writes by hand.
#[derive(Clone, Copy, Debug)]
struct Pace {
    interval_ns: u64,
    burst: u64,
}

impl Pace {
    fn new(burst: NonZeroU32) -> Self {
        let interval = quota(burst).emission_interval();
        let interval_ns = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        Self { interval_ns, burst: u64::from(burst.get()) }
    }

    /// GCRA: the arrival time after one more request, or nothing if it comes too early.
    #[inline]
    fn next_arrival(self, arrival: u64, now: Moment) -> Option<u64> {
        let now_ns = now.monotonic_nanos();
        let next = arrival.max(now_ns).saturating_add(self.interval_ns);
        let most = self.interval_ns.saturating_mul(self.burst);
        (next.saturating_sub(now_ns) <= most).then_some(next)
    }
}
