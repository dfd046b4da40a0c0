//! The in-memory limiter: fixed memory, one compare-and-swap a decision.

mod carried;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::num::NonZeroU32;

use ahash::RandomState;

use super::gcra::{Decision, Demand};
use super::quota::Quota;
use crate::support::prehashed::Hashed;
use crate::support::time::Moment;
use crate::throttling::memory::table::{BUCKET_BYTES, SLOTS, Table, Update};

/// A limiter for one process: arrival times by key, in memory that is allocated once.
///
/// Decisions are exact under concurrency: of any number of requests at one instant for one key,
/// as many are admitted as permits are available, never one more, and none is lost.
///
/// Memory never grows. A key takes part of it only while it owes time: once its bucket is full
/// again, its slot is free for another. When more keys are live than fit, the one nearest to its
/// expiry is forgotten (it starts again with a full burst) and counted in
/// [`LimiterStatistics::evicted_live`]; a figure that rises says that the limiter is too small, or under
/// attack.
///
/// # Examples
///
/// ```
/// use std::num::NonZeroU32;
/// use secure_runtime::throttling::{Limiter, Quota};
/// use secure_runtime::{Clock, SystemClock};
///
/// let limiter = Limiter::with_capacity_bytes(1 << 20);
/// let quota = Quota::per_minute(NonZeroU32::new(2).unwrap());
/// let one = NonZeroU32::MIN;
///
/// let key = limiter.key(0, "alice");
/// let now = SystemClock::new().now();
/// assert!(limiter.check(key, &quota, one, now).is_allowed());
/// assert!(limiter.check(key, &quota, one, now).is_allowed());
///
/// let third = limiter.check(key, &quota, one, now);
/// assert!(!third.is_allowed());
/// assert_eq!(third.retry_after().map(|wait| wait.as_secs()), Some(30));
/// ```
pub struct Limiter {
    table: Table,
    hasher: RandomState,
    /// What tells it from other limiters.
    mark: u64,
}

/// A key of one [`Limiter`]: a keyed hash of the limit and of whom it counts.
///
/// The hash is keyed with random numbers that never leave the limiter, so nobody outside can
/// prepare keys that collide. Two keys share a count with a probability of 2⁻⁶⁴ a pair. It
/// means nothing to another limiter.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LimitKey(u64);

/// What a limiter holds and has lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(loom), derive(serde::Serialize))]
#[non_exhaustive]
pub struct LimiterStatistics {
    /// Entries that were forgotten while they still owed time, because no slot was free.
    pub evicted_live: u64,
    /// How many entries fit.
    pub capacity_entries: usize,
    /// Bytes of the table. Locks and the limiter itself take 8 KiB more.
    pub bytes: usize,
}

/// Enough that insertions on different keys hardly ever meet.
const STRIPES: usize = 1021;

/// Odd, so that different limits stay different; 2⁶⁴ divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Live entries may fill this share of the table, in percent: filled with 1 million random keys,
/// none was evicted at 81, a few at 85, one in ten thousand at 90.
const SAFE_LOAD_PERCENT: usize = 81;

impl Limiter {
    /// A limiter whose table takes `bytes` bytes, rounded down to buckets of 128 bytes; at
    /// least one bucket, fewer than 2³². An entry takes 16 bytes.
    #[must_use]
    pub fn with_capacity_bytes(bytes: usize) -> Self {
        let hasher = RandomState::new();
        let mark = hasher.hash_one(());
        Self { table: Table::new(bytes / BUCKET_BYTES, STRIPES), hasher, mark }
    }

    /// A limiter in which `keys` keys can owe time at once without one being evicted, for all
    /// practical purposes: 16 bytes each, and a fifth of the table left free, so 20 bytes a key.
    #[must_use]
    pub fn with_capacity_keys(keys: usize) -> Self {
        let entries = keys.saturating_mul(100).div_ceil(SAFE_LOAD_PERCENT);
        Self::with_capacity_bytes(entries.div_ceil(SLOTS).saturating_mul(BUCKET_BYTES))
    }

    /// The key of `whom` under the limit numbered `limit`.
    ///
    /// Give every limit of every endpoint its own number, so that they count separately.
    /// Whatever is hashed should tell its kinds apart (an enum does), lest a principal named
    /// `10.0.0.1` shares the count of an address.
    #[must_use]
    #[inline]
    pub fn key<K: Hash + ?Sized>(&self, limit: u64, whom: &K) -> LimitKey {
        LimitKey::new(self.hasher.hash_one(whom), limit)
    }

    /// The hash of `whom`, for [`key_of`](Self::key_of): whoever comes again and again need not be
    /// hashed each time.
    ///
    /// ```
    /// use secure_runtime::throttling::Limiter;
    ///
    /// let limiter = Limiter::with_capacity_bytes(1 << 20);
    /// let alice = limiter.hashed("alice");
    /// assert_eq!(limiter.key_of(7, alice), Some(limiter.key(7, "alice")));
    /// assert_eq!(Limiter::with_capacity_bytes(0).key_of(7, alice), None);
    /// ```
    #[must_use]
    pub fn hashed<K: Hash + ?Sized>(&self, whom: &K) -> Hashed {
        Hashed { hash: self.hasher.hash_one(whom), limiter: self.mark }
    }

    /// The same key as that of [`key`](Self::key), without hashing again; `None` if it was hashed
    /// by another limiter.
    #[must_use]
    #[inline]
    pub fn key_of(&self, limit: u64, whom: Hashed) -> Option<LimitKey> {
        (whom.limiter == self.mark).then(|| LimitKey::new(whom.hash, limit))
    }

    /// The key of some bytes under the limit numbered `limit`; a nanosecond faster than
    /// [`key`](Self::key), and never equal to what it makes of the same bytes.
    #[must_use]
    #[inline]
    pub fn key_bytes(&self, limit: u64, whom: &[u8]) -> LimitKey {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(whom);
        LimitKey::new(hasher.finish(), limit)
    }

    /// The key of an address under the limit numbered `limit`; a little faster than
    /// [`key`](Self::key), and never equal to what it makes of the same address. An IPv4 address and
    /// its mapped form (RFC 4291 section 2.5.5.2) are one.
    #[must_use]
    #[inline]
    pub fn key_address(&self, limit: u64, whom: IpAddr) -> LimitKey {
        let mut hasher = self.hasher.build_hasher();
        write_address(&mut hasher, whom);
        LimitKey::new(hasher.finish(), limit)
    }

    /// Hashes what `write` puts in, under the limiter's secret: for values whose types are known
    /// elsewhere.
    pub(crate) fn hash<T>(&self, write: impl FnOnce(&mut dyn Hasher) -> T) -> (u64, T) {
        let mut hasher = self.hasher.build_hasher();
        let outcome = write(&mut hasher);
        (hasher.finish(), outcome)
    }

    /// Decides one request of `cost` permits, and takes them if it is admitted.
    ///
    /// Only the monotonic part of `now` counts. Readings of different threads may be out of order: a
    /// late one is judged by its own time. A cost above the burst is always rejected.
    // Out of line, the decision's way through memory costs as much as the decision.
    #[inline(always)]
    pub fn check(&self, key: LimitKey, quota: &Quota, cost: NonZeroU32, now: Moment) -> Decision {
        let demand = Demand::new(quota, cost, now.monotonic_nanos());
        match self.table.admit(key.0, demand.instant(), move |arrival| demand.admit(arrival)) {
            Update::Changed(arrival) => demand.decide(arrival, true),
            Update::Unchanged(arrival) => demand.decide(arrival, false),
        }
    }

    /// What [`check`](Self::check) would answer, without taking anything.
    ///
    /// The numbers of the decision are those before the request.
    #[inline]
    pub fn peek(&self, key: LimitKey, quota: &Quota, cost: NonZeroU32, now: Moment) -> Decision {
        let demand = Demand::new(quota, cost, now.monotonic_nanos());
        let (Update::Changed(arrival) | Update::Unchanged(arrival)) =
            self.table.update(key.0, demand.instant(), |_| None);
        demand.peeked(arrival)
    }

    /// Takes `cost` permits, whether or not they are there: what a request turned out to cost once it
    /// was served.
    ///
    /// Whoever owes permits is refused until time has given them back. More than a whole burst is
    /// never owed, whatever is charged: after two bursts' time everything is available again. The
    /// numbers of the decision are those after the charge, and it counts as allowed.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    /// use secure_runtime::throttling::{Limiter, Quota};
    /// use secure_runtime::{Clock, SystemClock};
    ///
    /// let number = |n| NonZeroU32::new(n).unwrap();
    /// let limiter = Limiter::with_capacity_bytes(0);
    /// let (key, quota) = (limiter.key(0, "alice"), Quota::per_minute(number(10)));
    /// let now = SystemClock::new().now();
    /// assert_eq!(limiter.charge(key, &quota, number(15), now).remaining(), 0);
    /// let refused = limiter.check(key, &quota, number(1), now);
    /// assert_eq!(refused.retry_after().map(|wait| wait.as_secs()), Some(36));
    /// ```
    #[inline]
    pub fn charge(&self, key: LimitKey, quota: &Quota, cost: NonZeroU32, now: Moment) -> Decision {
        let demand = Demand::of_charge(quota, cost, now.monotonic_nanos());
        let (Update::Changed(arrival) | Update::Unchanged(arrival)) =
            self.table.update(key.0, demand.instant(), move |arrival| Some(demand.charge(arrival)));
        demand.decide(arrival, true)
    }

    /// Gives back the permits that `decision` took for `key`, because another limit refused the
    /// request.
    ///
    /// Refunded at the instant of the decision, the key stands as if the request had not come;
    /// later, as if it had taken the time since, so that no permit comes back twice. Nothing
    /// happens when the decision took nothing, or when the key was evicted. Call it once for a
    /// decision.
    #[inline]
    pub fn refund(&self, key: LimitKey, decision: &Decision, now: Moment) {
        if decision.is_allowed() {
            let now_ns = now.monotonic_nanos();
            let instant = decision.instant(now_ns);
            let decision = *decision;
            self.table.update(key.0, instant, move |arrival| decision.refund(arrival, now_ns));
        }
    }

    /// Gives back everything that is taken of a key.
    pub(crate) fn clear(&self, key: LimitKey, quota: &Quota, now: Moment) {
        let now_ns = now.monotonic_nanos();
        let instant = Demand::new(quota, NonZeroU32::MIN, now_ns).instant();
        self.table.update(key.0, instant, move |arrival| (arrival > now_ns).then_some(now_ns));
    }

    /// What the limiter holds and has lost.
    #[must_use]
    pub fn statistics(&self) -> LimiterStatistics {
        LimiterStatistics {
            evicted_live: self.table.evicted_live(),
            capacity_entries: self.table.buckets().saturating_mul(SLOTS),
            bytes: self.table.buckets().saturating_mul(BUCKET_BYTES),
        }
    }
}

/// What is hashed of an address: one number of 128 bits. A hasher may take a shorter one for a long one, so
/// those that are small, as the variants of enums are, must belong to no client.
#[inline]
fn write_address(hasher: &mut impl Hasher, whom: IpAddr) {
    let address = match whom {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    // The small ones are multicast addresses then.
    hasher.write_u128(!address.to_bits());
}

impl LimitKey {
    #[inline]
    fn new(hash: u64, limit: u64) -> Self {
        // Zero marks a slot that was never used.
        Self((hash ^ limit.wrapping_mul(SPREAD)).max(1))
    }

    /// Never zero.
    pub(in crate::throttling) fn bits(self) -> u64 {
        self.0
    }
}

/// Neither keys nor the secret of the hash.
impl fmt::Debug for Limiter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Limiter").field("statistics", &self.statistics()).finish()
    }
}

/// A hash under a secret: not shown.
/// A hash under a secret: not shown.
impl fmt::Debug for LimitKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LimitKey(..)")
    }
}
