//! Bans: what follows when a budget for failures has run out.
//!
//! 1. A failure takes a permit of its budget. The one that takes the last permit is a *strike*, and
//!    begins a ban.
//! 2. The first ban lasts one window of the budget, in which all its permits come back; each further
//!    strike doubles it, up to a bound.
//! 3. One strike is forgiven in twice the longest ban, however many there are.
//! 4. All of it are arrival times in the table of the [`Limiter`]: of a ban its end, of strikes the
//!    time when the last one is forgiven. Nothing is swept, and no memory grows.
//! 5. A ban is begun by one compare-and-swap, so that of parallel failures one is the strike.
//! 6. While nobody at all is banned, asking costs one load.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::rate::limiter::{LimitKey, Limiter};
use super::rate::quota::Quota;
use crate::support::time::Moment;

/// The rules of bans, and when the last one ends.
#[derive(Debug)]
pub(crate) struct Penalties {
    longest: NonZeroU32,
    /// A ban of a second costs one permit.
    ban: Quota,
    strikes: Quota,
    /// When the last ban ends, in monotonic nanoseconds.
    last_ends: AtomicU64,
    /// What came of each budget, by its number.
    totals: Box<[[AtomicU64; 4]]>,
}

/// What comes of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BanEvent {
    /// A ban has begun.
    Begun = 0,
    /// A request was refused because of one.
    Refused = 1,
    /// A ban would have begun, and is not enforced.
    ObservedBan = 2,
    /// A request goes on that would have been refused.
    Observed = 3,
}

/// Where one budget of somebody is kept.
#[derive(Clone, Copy)]
pub(crate) struct BudgetKeys {
    pub(crate) count: LimitKey,
    pub(crate) ban: LimitKey,
    pub(crate) strikes: LimitKey,
}

/// What came of budgets for failures since the program started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureStatistics {
    /// Bans that have begun.
    pub bans: u64,
    /// Requests that were refused because of one.
    pub refused: u64,
    /// Bans that have begun and are not enforced: see [`LimitMode::Observe`](super::LimitMode).
    pub observed_bans: u64,
    /// Requests that would have been refused because of one of these, and went on.
    pub observed: u64,
}

/// More strikes than these are not told apart: the ban is at its bound long before.
const MOST_STRIKES: NonZeroU32 = NonZeroU32::MIN.saturating_add(31);

impl Penalties {
    /// Bans of at most this long, at least a second, for so many budgets.
    pub(crate) fn new(longest: Duration, budgets: usize) -> Self {
        // Twice of it, and 32 times that, are within 64 bits of nanoseconds.
        let seconds = u32::try_from(longest.as_secs()).unwrap_or(u32::MAX).min(MOST_SECONDS);
        let longest = NonZeroU32::new(seconds).unwrap_or(NonZeroU32::MIN);
        let memory = longest.saturating_mul(MOST_STRIKES).saturating_mul(TWICE);
        Self {
            longest,
            ban: Quota::new(longest, longest),
            strikes: Quota::new(MOST_STRIKES, memory),
            last_ends: AtomicU64::new(0),
            totals: (0..budgets).map(|_| Default::default()).collect(),
        }
    }

    /// Whether nobody is banned.
    #[inline]
    pub(crate) fn is_quiet(&self, now: Moment) -> bool {
        now.monotonic_nanos() >= self.last_ends.load(Ordering::Acquire)
    }

    /// How long a ban still lasts.
    pub(crate) fn banned(&self, limiter: &Limiter, ban: LimitKey, now: Moment) -> Option<Duration> {
        let left = limiter.peek(ban, &self.ban, NonZeroU32::MIN, now).reset_after();
        (!left.is_zero()).then_some(left)
    }

    /// Somebody has failed, and the permit of this failure is taken: begins a ban if it was the last.
    /// Its length, if this failure began it.
    pub(crate) fn strike(
        &self,
        limiter: &Limiter,
        keys: &BudgetKeys,
        quota: &Quota,
        now: Moment,
    ) -> Option<Duration> {
        let one = NonZeroU32::MIN;
        if limiter.peek(keys.count, quota, one, now).is_allowed() {
            return None;
        }
        let first = quota.window_seconds().min(self.longest);
        if !limiter.check(keys.ban, &Quota::new(one, first), one, now).is_allowed() {
            return None;
        }
        let seconds = self.length(first, self.strikes_with_this_one(limiter, keys, now));
        if let Some(more) = NonZeroU32::new(seconds.get() - first.get()) {
            let _ = limiter.charge(keys.ban, &self.ban, more, now);
        }
        let length = Duration::from_secs(u64::from(seconds.get()));
        let end = now.monotonic_nanos().saturating_add(nanos(length));
        self.last_ends.fetch_max(end, Ordering::AcqRel);
        Some(length)
    }

    /// Forgets failures, strikes and the ban of somebody.
    pub(crate) fn forgive(&self, limiter: &Limiter, keys: &BudgetKeys, quota: &Quota, now: Moment) {
        limiter.clear(keys.count, quota, now);
        limiter.clear(keys.strikes, &self.strikes, now);
        limiter.clear(keys.ban, &self.ban, now);
    }

    /// Counts what came of the budget with this number.
    pub(crate) fn count(&self, budget: usize, event: BanEvent) {
        let total = self.totals.get(budget).and_then(|totals| totals.get(event as usize));
        if let Some(total) = total {
            total.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Of one budget.
    pub(crate) fn of(&self, budget: usize) -> FailureStatistics {
        let Some(totals) = self.totals.get(budget) else { return FailureStatistics::default() };
        let [bans, refused, observed_bans, observed] =
            totals.each_ref().map(|total| total.load(Ordering::Relaxed));
        FailureStatistics { bans, refused, observed_bans, observed }
    }

    /// Of all budgets.
    pub(crate) fn statistics(&self) -> FailureStatistics {
        let all = (0..self.totals.len()).map(|budget| self.of(budget));
        all.fold(FailureStatistics::default(), |sum, one| FailureStatistics {
            bans: sum.bans + one.bans,
            refused: sum.refused + one.refused,
            observed_bans: sum.observed_bans + one.observed_bans,
            observed: sum.observed + one.observed,
        })
    }

    fn strikes_with_this_one(&self, limiter: &Limiter, keys: &BudgetKeys, now: Moment) -> u64 {
        let charged = limiter.charge(keys.strikes, &self.strikes, NonZeroU32::MIN, now);
        nanos(charged.reset_after()).div_ceil(self.strikes.emission_interval_ns())
    }

    fn length(&self, first: NonZeroU32, strikes: u64) -> NonZeroU32 {
        let doublings = u32::try_from(strikes.saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = NonZeroU32::new(1_u32.checked_shl(doublings).unwrap_or(u32::MAX));
        first.saturating_mul(factor.unwrap_or(NonZeroU32::MAX)).min(self.longest)
    }
}

const TWICE: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

/// 64 of them are 32 bits of seconds.
const MOST_SECONDS: u32 = u32::MAX / 64;

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Moment {
        Moment::new(Duration::from_secs(second), Duration::ZERO)
    }

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    struct World {
        limiter: Limiter,
        penalties: Penalties,
        keys: BudgetKeys,
        quota: Quota,
    }

    impl World {
        fn new(permits: u32, window: u32, longest: u64) -> Self {
            let limiter = Limiter::with_capacity_bytes(0);
            let key = |kind: &str| limiter.key(0, kind);
            let keys = BudgetKeys { count: key("count"), ban: key("ban"), strikes: key("strikes") };
            let penalties = Penalties::new(Duration::from_secs(longest), 0);
            Self { keys, penalties, limiter, quota: Quota::new(number(permits), number(window)) }
        }

        /// The length of the ban that a failure begins, in seconds.
        fn fail(&self, now: u64) -> Option<u64> {
            let now = at(now);
            let one = NonZeroU32::MIN;
            let _ = self.limiter.check(self.keys.count, &self.quota, one, now);
            let ban = self.penalties.strike(&self.limiter, &self.keys, &self.quota, now);
            ban.map(|length| length.as_secs())
        }

        fn banned(&self, now: u64) -> Option<u64> {
            let left = self.penalties.banned(&self.limiter, self.keys.ban, at(now));
            left.map(|left| left.as_secs())
        }

        /// Fails until a ban begins, and says how long it lasts.
        fn exhaust(&self, now: u64) -> u64 {
            (0..1000).find_map(|_| self.fail(now)).unwrap()
        }
    }

    #[test]
    fn the_last_permit_begins_a_ban_and_the_ban_expires() {
        let world = World::new(3, 60, 3600);
        assert!(world.penalties.is_quiet(at(7)));
        assert_eq!([world.fail(7), world.fail(7)], [None, None]);
        assert_eq!(world.banned(7), None);
        assert_eq!(world.fail(7), Some(60));
        assert!(!world.penalties.is_quiet(at(7)));
        assert_eq!(
            (world.banned(7), world.banned(66), world.banned(67)),
            (Some(60), Some(1), None)
        );
        assert!(world.penalties.is_quiet(at(67)));
        // The budget is whole again.
        assert_eq!([world.fail(67), world.fail(67)], [None, None]);
    }

    #[test]
    fn each_ban_is_twice_as_long_up_to_the_bound_and_is_forgiven_slowly() {
        let world = World::new(3, 60, 1000);
        let mut now = 0;
        for expected in [60, 120, 240, 480, 960, 1000, 1000, 1000] {
            assert_eq!(world.exhaust(now), expected);
            assert_eq!(world.banned(now), Some(expected));
            now += expected;
            assert_eq!(world.banned(now), None, "after {expected}");
        }
        // Strikes are forgiven one by one, 2000 seconds each: six or so are left of eight by now.
        now += 4 * 2000;
        let later = world.exhaust(now);
        assert!((120..=960).contains(&later), "{later}");
        now += 40 * 2000;
        assert_eq!(world.exhaust(now), 60);
    }

    #[test]
    fn failures_during_a_ban_neither_extend_it_nor_are_strikes() {
        let world = World::new(2, 60, 3600);
        world.exhaust(0);
        assert!((0..50).all(|_| world.fail(0).is_none()));
        assert_eq!(world.banned(0), Some(60));
        assert_eq!(world.exhaust(60), 120);
        assert!((0..50).all(|_| world.fail(100).is_none()));
        assert_eq!((world.banned(179), world.banned(180)), (Some(1), None));
    }

    #[test]
    fn no_ban_is_longer_than_the_bound_whatever_the_window_says() {
        let world = World::new(1, 86_400, 600);
        assert_eq!(
            (world.fail(0), world.banned(599), world.banned(600)),
            (Some(600), Some(1), None)
        );
        // The budget has not come back: one failure bans again.
        assert_eq!(world.fail(600), Some(600));
        for longest in [0, 1, u64::MAX] {
            let world = World::new(1, 1, longest);
            assert!(world.exhaust(0) <= u64::from(MOST_SECONDS));
            for now in 1..70 {
                world.exhaust(now * u64::from(MOST_SECONDS));
            }
        }
    }

    #[test]
    fn what_is_forgiven_never_happened() {
        let world = World::new(2, 60, 3600);
        let forgive = |now: u64| {
            world.penalties.forgive(&world.limiter, &world.keys, &world.quota, at(now));
        };
        assert_eq!((world.exhaust(0), world.exhaust(60)), (60, 120));
        forgive(70);
        assert_eq!(world.banned(70), None);
        // The whole budget, and the first ban again.
        assert_eq!([world.fail(70), world.fail(70)], [None, Some(60)]);
        forgive(71);
        forgive(71);
        assert_eq!([world.fail(71), world.fail(71)], [None, Some(60)]);
    }

    #[test]
    fn every_budget_counts_apart_and_all_together() {
        let penalties = Penalties::new(Duration::from_secs(60), 2);
        let events =
            [BanEvent::Begun, BanEvent::Refused, BanEvent::ObservedBan, BanEvent::Observed];
        for (times, event) in (1..).zip(events) {
            (0..times).for_each(|_| penalties.count(0, event));
            penalties.count(1, event);
            penalties.count(2, event);
        }
        let statistics = |bans, refused, observed_bans, observed| FailureStatistics {
            bans,
            refused,
            observed_bans,
            observed,
        };
        assert_eq!(penalties.of(0), statistics(1, 2, 3, 4));
        assert_eq!(
            (penalties.of(1), penalties.of(2)),
            (statistics(1, 1, 1, 1), Default::default())
        );
        assert_eq!(penalties.statistics(), statistics(2, 3, 4, 5));
    }

    #[test]
    fn of_parallel_failures_one_is_the_strike() {
        let world = World::new(10, 60, 3600);
        std::thread::scope(|scope| {
            let fail = || (0..100).filter_map(|_| world.fail(5)).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(fail)).collect();
            let bans: Vec<u64> =
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
            assert_eq!(bans, [60]);
        });
    }

    #[test]
    fn parallel_failures_are_counted_to_the_last_one_wherever_their_clocks_are() {
        let world = World::new(1000, 3600, 3600);
        let fail_at = |times: u32, now: u64| -> Vec<u64> {
            (0..times).filter_map(|_| world.fail(now)).collect()
        };
        // A request may be about a time that others have left.
        let bans = std::thread::scope(|scope| {
            let threads = [(333, 1000), (332, 999), (333, 1000)];
            let threads = threads.map(|(times, now)| scope.spawn(move || fail_at(times, now)));
            threads.map(|thread| thread.join().unwrap())
        });
        // A second ago there was a part of a permit less, so that one who is late there may be the
        // last but one.
        assert!(bans.iter().all(Vec::is_empty), "998 of a thousand: {bans:?}");
        assert_eq!(world.fail(1000), None);
        assert!(world.penalties.is_quiet(at(1000)));
        assert_eq!(world.fail(999), Some(3600));
        assert_eq!((world.fail(998), world.banned(4598)), (None, Some(1)));
        assert_eq!((world.banned(4599), world.banned(4600)), (None, None));
    }
}
