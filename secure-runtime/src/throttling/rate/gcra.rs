//! The generic cell rate algorithm: arithmetic on one theoretical arrival time, without storage.

use std::num::NonZeroU32;
use std::time::Duration;

use super::quota::Quota;
use crate::throttling::memory::table::Instant;

/// What one request asks of one quota at one moment.
///
/// The state of a key is its theoretical arrival time (TAT): the moment at which its bucket is
/// full again. Zero, and every other time that has passed, means a full bucket.
#[derive(Clone, Copy, Debug)]
pub(in crate::throttling) struct Demand {
    now: u64,
    interval: u64,
    tolerance: u64,
    /// `cost` intervals; [`NEVER`] when that is more than the tolerance.
    increment: u64,
    /// The request is admitted if its bucket is full again before this time.
    end: u64,
}

/// Larger than every tolerance.
const NEVER: u64 = u64::MAX;

impl Demand {
    #[inline]
    pub(in crate::throttling) fn new(quota: &Quota, cost: NonZeroU32, now: u64) -> Self {
        let interval = quota.emission_interval_ns();
        let increment = interval.checked_mul(u64::from(cost.get()));
        let increment = increment.filter(|_| cost <= quota.burst());
        Self::of(now, interval, quota.burst_tolerance_ns(), increment)
    }

    #[inline]
    fn of(now: u64, interval: u64, tolerance: u64, increment: Option<u64>) -> Self {
        let latest = now.saturating_add(tolerance);
        match increment.filter(|increment| *increment <= tolerance) {
            Some(increment) => {
                let end = (latest - increment).saturating_add(1);
                Self { now, interval, tolerance, increment, end }
            }
            None => Self { now, interval, tolerance, increment: NEVER, end: 0 },
        }
    }

    /// What is taken whether or not it is there: a cost above the burst, too.
    #[inline]
    pub(in crate::throttling) fn of_charge(quota: &Quota, cost: NonZeroU32, now: u64) -> Self {
        let increment = quota.emission_interval_ns().saturating_mul(u64::from(cost.get()));
        Self { increment, ..Self::new(quota, cost, now) }
    }

    /// The arrival time after this request, or `None` when it must be refused.
    ///
    /// It stays within the tolerance from now, and within 584 years from the clock's start.
    #[inline]
    pub(in crate::throttling) fn admit(&self, arrival: u64) -> Option<u64> {
        let full = arrival.max(self.now);
        // No overflow: `end` is that far below the last time there is.
        (full < self.end).then(|| full.wrapping_add(self.increment))
    }

    /// The arrival time after a request that takes its cost whether or not it is there. What is owed
    /// beyond an empty bucket is bounded by a whole burst.
    #[inline]
    pub(in crate::throttling) fn charge(&self, arrival: u64) -> u64 {
        let most = self.instant().horizon;
        arrival.max(self.now).saturating_add(self.increment).min(most).max(arrival)
    }

    /// The time of this request, and the latest arrival time its quota can leave: that of a bucket
    /// that owes a whole burst.
    #[inline]
    pub(in crate::throttling) fn instant(&self) -> Instant {
        let horizon = self.now.saturating_add(self.tolerance).saturating_add(self.tolerance);
        Instant { now: self.now, horizon }
    }

    /// What is told about a request that takes nothing.
    #[inline]
    pub(in crate::throttling) fn peeked(self, arrival: u64) -> Decision {
        self.decide(arrival, self.admit(arrival).is_some())
    }

    /// What is told about this request, given the arrival time that holds after it.
    #[inline]
    pub(in crate::throttling) fn decide(self, arrival: u64, allowed: bool) -> Decision {
        Decision { demand: self, arrival: arrival.max(self.now), allowed }
    }
}

/// The answer to one request under one quota, and what the client may be told.
///
/// Nothing but the answer is computed until it is asked for: a decision whose numbers are not
/// sent costs no division.
#[derive(Clone, Copy, Debug)]
#[must_use = "a decision that nobody looks at limits nothing"]
pub struct Decision {
    demand: Demand,
    arrival: u64,
    allowed: bool,
}

impl Decision {
    /// The decision about a request that finds its bucket full.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    /// use secure_runtime::throttling::{Decision, Limiter, Quota};
    /// use secure_runtime::{Clock, SystemClock};
    ///
    /// let (one, hundred) = (NonZeroU32::MIN, NonZeroU32::new(100).unwrap());
    /// let quota = Quota::per_second(hundred);
    /// let now = SystemClock::new().now();
    /// let limiter = Limiter::with_capacity_bytes(0);
    /// let first = limiter.check(limiter.key(0, "alice"), &quota, one, now);
    /// assert!(first.found_full_bucket());
    /// assert_eq!(first.remaining(), Decision::of_full_bucket(&quota, one).remaining());
    ///
    /// let second = limiter.check(limiter.key(0, "alice"), &quota, one, now);
    /// assert!(!second.found_full_bucket());
    /// ```
    pub fn of_full_bucket(quota: &Quota, cost: NonZeroU32) -> Self {
        let demand = Demand::new(quota, cost, 0);
        let arrival = demand.admit(0);
        demand.decide(arrival.unwrap_or(0), arrival.is_some())
    }

    /// What is told of a request of another cost that finds the same at the same moment.
    #[cfg(feature = "redis")]
    pub(crate) fn of_cost(&self, cost: NonZeroU32) -> Self {
        let Demand { now, interval, tolerance, .. } = self.demand;
        let increment = interval.checked_mul(u64::from(cost.get()));
        Demand::of(now, interval, tolerance, increment).peeked(self.arrival)
    }

    /// What is told of a request that is refused, and may turn out to cost the whole burst: that it is
    /// admitted once the bucket is full.
    pub(crate) fn until_full(self) -> Self {
        let demand = Demand { increment: self.demand.tolerance, ..self.demand };
        Self { demand, allowed: false, ..self }
    }

    /// Whether the request was admitted and had found its bucket full: what is told about it
    /// is that of [`of_full_bucket`](Self::of_full_bucket), at whatever time.
    #[must_use]
    #[inline]
    pub const fn found_full_bucket(&self) -> bool {
        self.allowed && self.reset_after_ns() == self.demand.increment
    }

    /// Whether the request may go on; its permits are taken then, and only then.
    #[must_use]
    #[inline]
    pub const fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// How many permits could be taken at this instant, after this request.
    #[must_use]
    #[inline]
    pub fn remaining(&self) -> u32 {
        let free = self.demand.tolerance.saturating_sub(self.reset_after_ns());
        u32::try_from(free / self.demand.interval).unwrap_or(u32::MAX)
    }

    /// The time until the whole burst is available again, if nothing more is taken.
    #[must_use]
    #[inline]
    pub fn reset_after(&self) -> Duration {
        Duration::from_nanos(self.reset_after_ns())
    }

    /// The time until the same request would be admitted, if nothing more is taken.
    ///
    /// `None` when it was admitted, and when it never can be: it costs more than the burst.
    #[must_use]
    #[inline]
    pub fn retry_after(&self) -> Option<Duration> {
        if self.allowed || self.demand.increment == NEVER {
            return None;
        }
        let wait = (self.demand.increment)
            .saturating_sub(self.demand.tolerance.saturating_sub(self.reset_after_ns()))
            .saturating_add(self.reset_after_ns().saturating_sub(self.demand.tolerance));
        Some(Duration::from_nanos(wait))
    }

    const fn reset_after_ns(&self) -> u64 {
        // Never negative: `Demand::decide` lifts the arrival time to `now`.
        self.arrival.saturating_sub(self.demand.now)
    }

    /// When this was decided, and the time in which its cost comes back.
    #[cfg(feature = "redis")]
    pub(in crate::throttling) fn taken(&self) -> (u64, u64) {
        (self.demand.now, self.demand.increment)
    }

    /// The time of a refund at `now`.
    #[inline]
    pub(in crate::throttling) fn instant(&self, now: u64) -> Instant {
        Demand { now, ..self.demand }.instant()
    }

    /// The arrival time that this decision alone would have left; `None` if it took nothing.
    pub(in crate::throttling) fn alone(&self) -> Option<u64> {
        self.allowed.then(|| self.demand.now.saturating_add(self.demand.increment))
    }

    /// The arrival time without the permits of this decision, or `None` when there is nothing to
    /// give back.
    ///
    /// Time gives permits back as well, and none may come back twice: what is subtracted is the
    /// cost less the time since this decision. At the same instant, the result is exactly as if
    /// the request had not come. Later it is at most that: what a request adds to a leaky bucket
    /// runs out no faster than time passes, whatever else is added or taken out meanwhile.
    #[inline]
    pub(in crate::throttling) fn refund(&self, arrival: u64, now: u64) -> Option<u64> {
        let elapsed = now.saturating_sub(self.demand.now);
        let owed = self.demand.increment.saturating_sub(elapsed);
        (self.allowed && owed > 0 && arrival > now).then(|| arrival.saturating_sub(owed))
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;

    /// What [`Demand::admit`] is to answer, in numbers that do not overflow.
    fn admit(quota: &Quota, cost: u32, now: u64, arrival: u64) -> Option<u64> {
        let next = u128::from(arrival.max(now))
            + u128::from(quota.emission_interval_ns()) * u128::from(cost);
        let latest = u128::from(now) + u128::from(quota.burst_tolerance_ns());
        let fits = cost <= quota.burst().get() && next <= latest;
        u64::try_from(next).ok().filter(|_| fits)
    }

    #[test]
    fn at_every_extreme_a_request_is_admitted_as_arithmetic_without_an_end_says() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let numbers = [1, 2, 3, 1_000, u32::MAX - 1, u32::MAX];
        let times = |near: u64| {
            [near.saturating_sub(1), near, near.saturating_add(1), near / 2].into_iter()
        };
        let (mut admitted, mut refused) = (0, 0);
        for permits in numbers {
            for window in numbers {
                for burst in numbers {
                    let quota = Quota::new(number(permits), number(window));
                    let quota = quota.with_burst(number(burst));
                    let tolerance = quota.burst_tolerance_ns();
                    for cost in numbers {
                        for now in [0, 1, 1 << 62, u64::MAX - tolerance, u64::MAX - 1, u64::MAX] {
                            let demand = Demand::new(&quota, number(cost), now);
                            let latest = now.saturating_add(tolerance);
                            let last = latest.saturating_sub(demand.increment);
                            let near = [0, now, last, latest, demand.instant().horizon];
                            for arrival in near.into_iter().flat_map(times) {
                                let next = demand.admit(arrival);
                                let expected = admit(&quota, cost, now, arrival);
                                assert_eq!(next, expected, "{quota} {cost} {now} {arrival}");
                                // What `Table::admit` relies on.
                                assert!(next.is_none() || arrival <= demand.instant().horizon);
                                admitted += u32::from(next.is_some());
                                refused += u32::from(next.is_none());
                            }
                        }
                    }
                }
            }
        }
        assert!(admitted > 1_000 && refused > 1_000, "{admitted} and {refused}");
    }
}
