//! The periods of a shared calendar quota, which are sent to Redis: its script has a clock, but no time
//! zones.

use std::num::NonZeroU32;

use super::super::calendar::{Calendar, Period};

/// The calendar of one limit.
#[derive(Debug)]
pub(super) struct Periods {
    present: Calendar,
    /// The same for the next period: each calendar caches the last period that it computed.
    following: Calendar,
    /// The same with the share of this instance, while Redis is unreachable.
    pub(super) share: Calendar,
}

/// Two periods, one after the other, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// A time of the first period.
    pub(super) from: u64,
    pub(super) end: u64,
    /// The end of the second.
    pub(super) next_end: u64,
    /// How much later than the current period a stored period may end to be accepted.
    pub(super) most_later: u64,
}

impl Periods {
    /// `None` if the time zone is unknown.
    pub(super) fn new(
        period: Period,
        zone: &str,
        permits: NonZeroU32,
        share: NonZeroU32,
    ) -> Option<Self> {
        let present = Calendar::new(period, zone, permits.get())?;
        let following = present.with_permits(permits.get());
        let share = present.with_permits(share.get());
        Some(Self { present, following, share })
    }

    pub(super) fn permits(&self) -> u32 {
        self.present.permits
    }

    /// The periods for a Redis whose clock shows about this time: the period of a minute ago, because its
    /// clock may be somewhat behind, and the one after it.
    pub(super) fn around(&self, unix_seconds: u64) -> Span {
        let (from, end) = self.present.period_of((unix_seconds / 60).saturating_sub(1));
        let next_end = self.following.end(end);
        let most_later = self.present.period.most_minutes();
        Span {
            from: from * 60,
            end: end * 60,
            next_end: next_end * 60,
            most_later: most_later * 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_of_now_is_one_of_both_whatever_the_clocks_differ_by() {
        const HOUR: u64 = 3600;
        let permits = NonZeroU32::MIN;
        let hours = Periods::new(Period::Hour, "UTC", permits, permits).unwrap();
        for (now, from, end) in [
            (HOUR + 90, HOUR, 2 * HOUR),
            (2 * HOUR - 1, HOUR, 2 * HOUR),
            // A clock that is 59 seconds behind is still in the hour before.
            (2 * HOUR + 59, HOUR, 2 * HOUR),
            (2 * HOUR + 60, 2 * HOUR, 3 * HOUR),
            (0, 0, HOUR),
        ] {
            let most_later = 2 * HOUR;
            let expected = Span { from, end, next_end: end + HOUR, most_later };
            assert_eq!(hours.around(now), expected, "{now}");
        }
        assert!(Periods::new(Period::Day, "Mars/Olympus", permits, permits).is_none());
    }
}
