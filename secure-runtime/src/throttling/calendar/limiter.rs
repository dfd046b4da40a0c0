//! Quotas of the calendar: so many permits in each of its periods.
//!
//! A key's count and the end of its period are one word of a [`Table`]: changed by one
//! compare-and-swap, in memory that is allocated once, and no longer there when the period has ended.

use super::{Calendar, Period};
use crate::throttling::memory::table::{BUCKET_BYTES, Instant, SLOTS, Table, Update};
use crate::throttling::rate::limiter::{LimitKey, LimiterStatistics};

/// What is used up of a period, and when it ends.
#[derive(Clone, Copy)]
struct Used {
    end: u64,
    permits: u64,
}

const PERMIT_BITS: u32 = 36;
const PERMITS: u64 = (1 << PERMIT_BITS) - 1;

impl Used {
    fn word(self) -> u64 {
        (self.end << PERMIT_BITS) | self.permits.min(PERMITS)
    }

    /// What a word says in a period that ends then. A clock that is set back does not give back what
    /// was used; one that was a period or more ahead by mistake is not believed.
    fn of(word: u64, end: u64, period: Period) -> Self {
        let found = Self { end: word >> PERMIT_BITS, permits: word & PERMITS };
        let is_current = (end..=end + period.most_minutes()).contains(&found.end);
        if is_current { found } else { Self { end, permits: 0 } }
    }
}

/// The answer to one request under one quota of the calendar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeriodDecision {
    allowed: bool,
    cost: u32,
    used: u64,
    permits: u32,
    end: u64,
    /// Seconds since 1970.
    now: u64,
}

impl PeriodDecision {
    /// What somebody else decided, in a period that ends in this minute; `now` is in seconds.
    #[cfg(feature = "redis")]
    pub(in crate::throttling) fn told(
        allowed: bool,
        cost: u32,
        used: u64,
        (permits, end): (u32, u64),
        now: u64,
    ) -> Self {
        Self { allowed, cost, used, permits, end, now }
    }

    pub(crate) fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// When the period ends, in seconds since 1970.
    #[cfg(feature = "redis")]
    pub(in crate::throttling) fn end_seconds(&self) -> u64 {
        self.end * 60
    }

    pub(in crate::throttling) fn cost(&self) -> u32 {
        self.cost
    }

    /// The same about a request of another cost.
    pub(in crate::throttling) fn of_cost(&self, cost: u32) -> Self {
        Self { cost, ..*self }
    }

    pub(crate) fn remaining(&self) -> u32 {
        u32::try_from(u64::from(self.permits).saturating_sub(self.used)).unwrap_or_default()
    }

    /// The seconds until the period ends.
    pub(crate) fn reset_seconds(&self) -> u64 {
        (self.end * 60).saturating_sub(self.now)
    }

    /// The seconds until the same request would be admitted; `None` when it was, or never can be.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        (!self.allowed && self.cost <= self.permits).then(|| self.reset_seconds().max(1))
    }
}

/// Counts by key and period, for one process.
#[derive(Debug)]
pub(crate) struct CalendarLimiter {
    table: Table,
}

impl CalendarLimiter {
    pub(crate) fn with_capacity_bytes(bytes: usize) -> Self {
        Self { table: Table::new(bytes / BUCKET_BYTES, 1021) }
    }

    /// Decides one request, and takes its cost if it is admitted.
    pub(crate) fn check(
        &self,
        key: LimitKey,
        calendar: &Calendar,
        cost: u32,
        unix_seconds: u64,
    ) -> PeriodDecision {
        let permits = u64::from(calendar.permits);
        self.update(key, calendar, cost, unix_seconds, move |used| {
            Some(used + u64::from(cost)).filter(|used| *used <= permits)
        })
    }

    /// Takes a cost whether or not it is there; more than a whole quota is never owed.
    pub(crate) fn charge(
        &self,
        key: LimitKey,
        calendar: &Calendar,
        cost: u32,
        unix_seconds: u64,
    ) -> PeriodDecision {
        let most = 2 * u64::from(calendar.permits);
        self.update(key, calendar, cost, unix_seconds, move |used| {
            Some((used + u64::from(cost)).min(most).max(used))
        })
    }

    /// What [`check`](Self::check) would answer, without taking anything.
    pub(crate) fn peek(
        &self,
        key: LimitKey,
        calendar: &Calendar,
        cost: u32,
        unix_seconds: u64,
    ) -> PeriodDecision {
        let decision = self.update(key, calendar, cost, unix_seconds, |_| None);
        let allowed = decision.used + u64::from(cost) <= u64::from(calendar.permits);
        PeriodDecision { allowed, ..decision }
    }

    /// Gives back what a decision took, if its period has not ended.
    pub(crate) fn refund(&self, key: LimitKey, calendar: &Calendar, decision: &PeriodDecision) {
        if !decision.allowed {
            return;
        }
        let (end, cost) = (decision.end, u64::from(decision.cost));
        let instant = instant(decision.now / 60, end, calendar.period);
        self.table.update(key.bits(), instant, move |word| {
            let found = Used { end: word >> PERMIT_BITS, permits: word & PERMITS };
            let permits = found.permits.saturating_sub(cost);
            (found.end == end).then(|| Used { end, permits }.word())
        });
    }

    /// Whether the key has an entry of the present period, though everything may have been given back.
    pub(in crate::throttling) fn stands(
        &self,
        key: LimitKey,
        calendar: &Calendar,
        unix_seconds: u64,
    ) -> bool {
        let minute = unix_seconds / 60;
        let (end, period) = (calendar.end(minute), calendar.period);
        let (Update::Changed(word) | Update::Unchanged(word)) =
            self.table.update(key.bits(), instant(minute, end, period), |_| None);
        (end..=end + period.most_minutes()).contains(&(word >> PERMIT_BITS))
    }

    /// What is used of the present period. Whoever changes the entry later sees whatever was seen
    /// before this.
    pub(in crate::throttling) fn sealed(
        &self,
        key: LimitKey,
        calendar: &Calendar,
        unix_seconds: u64,
    ) -> u64 {
        self.update(key, calendar, 0, unix_seconds, |used| Some(used).filter(|used| *used != 0))
            .used
    }

    /// Gives a key that has used nothing something that it has used.
    pub(in crate::throttling) fn begin_at(
        &self,
        key: LimitKey,
        calendar: &Calendar,
        used: u64,
        unix_seconds: u64,
    ) {
        let begin = move |found| (found == 0).then_some(used);
        self.update(key, calendar, 0, unix_seconds, begin);
    }

    fn update(
        &self,
        key: LimitKey,
        calendar: &Calendar,
        cost: u32,
        unix_seconds: u64,
        next: impl Fn(u64) -> Option<u64> + Copy,
    ) -> PeriodDecision {
        let minute = unix_seconds / 60;
        let (end, period) = (calendar.end(minute), calendar.period);
        let update = self.table.update(key.bits(), instant(minute, end, period), move |word| {
            let found = Used::of(word, end, period);
            next(found.permits).map(|permits| Used { permits, ..found }.word())
        });
        let (word, allowed) = match update {
            Update::Changed(word) => (word, true),
            Update::Unchanged(word) => (word, false),
        };
        let Used { end, permits: used } = Used::of(word, end, period);
        PeriodDecision { allowed, cost, used, permits: calendar.permits, end, now: unix_seconds }
    }

    pub(crate) fn statistics(&self) -> LimiterStatistics {
        LimiterStatistics {
            evicted_live: self.table.evicted_live(),
            capacity_entries: self.table.buckets().saturating_mul(SLOTS),
            bytes: self.table.buckets().saturating_mul(BUCKET_BYTES),
        }
    }
}

/// A period that has ended by this minute has expired, whatever was used of it.
fn instant(minute: u64, end: u64, period: Period) -> Instant {
    Instant {
        now: (minute << PERMIT_BITS) | PERMITS,
        horizon: ((end + period.most_minutes()) << PERMIT_BITS) | PERMITS,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use jiff::Timestamp;

    use super::*;
    use crate::throttling::rate::limiter::Limiter;

    /// The seconds since 1970 of a moment in RFC 3339.
    fn at(text: &str) -> u64 {
        text.parse::<Timestamp>().unwrap().as_second().try_into().unwrap()
    }

    fn calendar(period: Period, zone: &str, permits: u32) -> Calendar {
        Calendar::new(period, zone, permits).unwrap()
    }

    #[test]
    fn a_quota_is_used_up_and_begins_anew() {
        let (limiter, hasher) =
            (CalendarLimiter::with_capacity_bytes(0), Limiter::with_capacity_bytes(0));
        let (calendar, key) = (calendar(Period::Month, "UTC", 3), hasher.key(0, "alice"));
        let start = at("2026-01-31T23:59:00Z");
        for (now, cost, allowed, remaining, retry) in [
            (start, 2, true, 1, None),
            (start, 2, false, 1, Some(60)),
            (start + 30, 1, true, 0, None),
            (start + 59, 1, false, 0, Some(1)),
            (start + 59, 4, false, 0, None),
            (start + 60, 3, true, 0, None),
            (start + 60, 1, false, 0, Some(28 * 86_400)),
        ] {
            let decision = limiter.check(key, &calendar, cost, now);
            assert_eq!(decision.is_allowed(), allowed, "{now}");
            assert_eq!(decision.remaining(), remaining, "{now}");
            assert_eq!(decision.retry_after_seconds(), retry, "{now}");
        }
        assert!(limiter.check(hasher.key(0, "bob"), &calendar, 3, start).is_allowed());
    }

    #[test]
    fn a_refund_gives_back_within_its_period_alone() {
        let (limiter, hasher) =
            (CalendarLimiter::with_capacity_bytes(0), Limiter::with_capacity_bytes(0));
        let (calendar, key) = (calendar(Period::Hour, "UTC", 5), hasher.key(0, "alice"));
        let taken = limiter.check(key, &calendar, 3, 0);
        limiter.refund(key, &calendar, &taken);
        assert_eq!(limiter.peek(key, &calendar, 1, 0).remaining(), 5);
        let taken = limiter.check(key, &calendar, 3, 3599);
        assert!(limiter.check(key, &calendar, 2, 3600).is_allowed());
        limiter.refund(key, &calendar, &taken);
        assert_eq!(limiter.peek(key, &calendar, 1, 3600).remaining(), 3);
        let refused = limiter.check(key, &calendar, 4, 3600);
        limiter.refund(key, &calendar, &refused);
        assert_eq!(limiter.peek(key, &calendar, 1, 3600).remaining(), 3);
    }

    #[test]
    fn what_is_owed_is_bounded_and_ends_with_the_period() {
        let (limiter, hasher) =
            (CalendarLimiter::with_capacity_bytes(0), Limiter::with_capacity_bytes(0));
        let (calendar, key) = (calendar(Period::Day, "UTC", u32::MAX), hasher.key(0, "alice"));
        for _ in 0..5 {
            assert_eq!(limiter.charge(key, &calendar, u32::MAX, 0).remaining(), 0);
        }
        assert_eq!(limiter.peek(key, &calendar, 1, 0).used, 2 * u64::from(u32::MAX));
        assert_eq!(limiter.check(key, &calendar, 1, 0).retry_after_seconds(), Some(86_400));
        assert!(limiter.check(key, &calendar, u32::MAX, 86_400).is_allowed());
    }

    #[test]
    fn a_clock_that_is_set_gives_nothing_back_and_takes_nothing_for_good() {
        let (limiter, hasher) =
            (CalendarLimiter::with_capacity_bytes(0), Limiter::with_capacity_bytes(0));
        let (calendar, key) = (calendar(Period::Day, "UTC", 2), hasher.key(0, "alice"));
        let allowed = |now| limiter.check(key, &calendar, 1, now).is_allowed();
        let (today, tomorrow) = (100 * 86_400, 101 * 86_400);
        assert!(allowed(tomorrow) && allowed(tomorrow));
        // Set back over midnight: the next day's count goes on.
        let refused = limiter.check(key, &calendar, 1, today);
        assert!(!refused.is_allowed());
        assert_eq!(refused.retry_after_seconds(), Some(2 * 86_400));
        assert!(allowed(102 * 86_400));
        // It was years ahead: that count is not believed.
        assert!(allowed(9_000 * 86_400) && allowed(9_000 * 86_400) && !allowed(9_000 * 86_400));
        assert!(allowed(today) && allowed(today) && !allowed(today));
    }

    #[test]
    fn of_parallel_requests_exactly_the_quota_is_admitted() {
        let (limiter, hasher) =
            (CalendarLimiter::with_capacity_bytes(1 << 16), Limiter::with_capacity_bytes(0));
        let (calendar, key) = (calendar(Period::Month, "UTC", 30_000), hasher.key(0, "hot"));
        let admitted = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let allowed = limiter.check(key, &calendar, 1, 7).is_allowed();
                        admitted.fetch_add(u32::from(allowed), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(admitted.into_inner(), 30_000);
    }
}
