//! Periods of the calendar in a time zone: hours, days, weeks, months.

#[cfg(not(loom))]
pub(super) mod limiter;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::time_zone::{Boundary, TimeZone};

/// A period of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// From one full hour to the next.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From the midnight before Monday to the next one.
    Week,
    /// From the first of a month to the first of the next.
    Month,
}

impl Period {
    /// Its name in the attribute.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The longest length of the period.
    pub(in crate::throttling) const fn most_minutes(self) -> u64 {
        match self {
            Self::Hour => 2 * 60,
            Self::Day => 26 * 60,
            Self::Week => (7 * 24 + 2) * 60,
            Self::Month => (31 * 24 + 2) * 60,
        }
    }
}

/// The periods of one limit, in one time zone.
#[derive(Debug)]
pub(crate) struct Calendar {
    pub(in crate::throttling) period: Period,
    zone: TimeZone,
    pub(in crate::throttling) permits: u32,
    /// The minutes since 1970 in which the period of the last request began and ended, 32 bits each.
    current: AtomicU64,
}

impl Calendar {
    /// `None` if the time zone is unknown.
    pub(crate) fn new(period: Period, zone: &str, permits: u32) -> Option<Self> {
        let zone = TimeZone::named(zone)?;
        Some(Self { period, zone, permits, current: AtomicU64::new(0) })
    }

    /// The same periods, with other permits.
    #[cfg(feature = "redis")]
    pub(in crate::throttling) fn with_permits(&self, permits: u32) -> Self {
        Self { permits, period: self.period, current: AtomicU64::new(0), zone: self.zone.clone() }
    }

    /// The minute since 1970 in which the period of this minute ends.
    pub(in crate::throttling) fn end(&self, minute: u64) -> u64 {
        self.period_of(minute).1
    }

    /// A minute since 1970 in the period of this minute, not after it; and the minute in which that period
    /// ends.
    pub(in crate::throttling) fn period_of(&self, minute: u64) -> (u64, u64) {
        let current = self.current.load(Ordering::Relaxed);
        let (start, end) = (current >> 32, current & u64::from(u32::MAX));
        if (start..end).contains(&minute) {
            return (start, end);
        }
        let end = self.next_boundary(minute).filter(|end| *end > minute);
        // A date outside of the calendar: the period has its longest length.
        let end = end.unwrap_or(minute + self.period.most_minutes());
        self.current.store((minute << 32) | (end & u64::from(u32::MAX)), Ordering::Relaxed);
        (minute, end)
    }

    fn next_boundary(&self, minute: u64) -> Option<u64> {
        let seconds = minute.checked_mul(60)?;
        let boundary = match self.period {
            Period::Hour => {
                let local = self.zone.local(seconds.checked_mul(1_000_000_000)?)?;
                return Some(minute + 60 - u64::from(local.minute_of_day % 60));
            }
            Period::Day => Boundary::Day,
            Period::Week => Boundary::Week,
            Period::Month => Boundary::Month,
        };
        self.zone.next(seconds, boundary).map(|end| end.div_ceil(60))
    }
}

#[cfg(test)]
#[cfg(feature = "time-rules")]
mod tests {
    use jiff::Timestamp;

    use super::*;

    /// The seconds since 1970 of a moment in RFC 3339.
    fn at(text: &str) -> u64 {
        text.parse::<Timestamp>().unwrap().as_second().try_into().unwrap()
    }

    fn calendar(period: Period, zone: &str, permits: u32) -> Calendar {
        Calendar::new(period, zone, permits).unwrap()
    }

    #[test]
    fn periods_end_where_the_clocks_of_the_zone_say() {
        use Period::{Day, Hour, Month, Week};
        for (period, zone, now, end) in [
            (Month, "UTC", "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z"),
            (Month, "UTC", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            (Month, "Europe/Berlin", "2026-02-28T22:59:59Z", "2026-02-28T23:00:00Z"),
            (Month, "Europe/Berlin", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
            (Day, "UTC", "2026-11-25T13:00:00Z", "2026-11-26T00:00:00Z"),
            // The day on which clocks are set back has 25 hours, the other 23.
            (Day, "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            (Day, "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            // Midnight does not exist there on that day.
            (Day, "America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-04T03:00:00Z"),
            // 2026-11-25 is a Wednesday.
            (Week, "UTC", "2026-11-25T13:00:00Z", "2026-11-30T00:00:00Z"),
            (Week, "UTC", "2026-11-30T00:00:00Z", "2026-12-07T00:00:00Z"),
            (Week, "Asia/Kathmandu", "2026-11-29T18:15:00Z", "2026-12-06T18:15:00Z"),
            (Hour, "UTC", "2026-11-25T13:59:59Z", "2026-11-25T14:00:00Z"),
            (Hour, "Asia/Kathmandu", "2026-11-25T13:14:00Z", "2026-11-25T13:15:00Z"),
            // The same hour twice, by the clocks.
            (Hour, "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"),
            (Hour, "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"),
        ] {
            let calendar = calendar(period, zone, 1);
            assert_eq!(calendar.end(at(now) / 60) * 60, at(end), "{period:?} {zone} {now}");
            assert_eq!(calendar.end(at(now) / 60) * 60, at(end), "again");
        }
        assert!(Calendar::new(Day, "Mars/Olympus", 1).is_none());
    }

    #[test]
    fn every_period_of_a_year_ends_and_is_as_long_as_one_can_be() {
        for zone in ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"] {
            for period in [Period::Hour, Period::Day, Period::Week, Period::Month] {
                let calendar = calendar(period, zone, 1);
                let mut minute = at("2011-06-01T00:00:00Z") / 60;
                while minute < at("2012-06-01T00:00:00Z") / 60 {
                    let end = calendar.end(minute);
                    let most = minute + period.most_minutes();
                    assert!(minute < end && end <= most, "{zone} {period:?} {minute}");
                    minute = end;
                }
            }
        }
    }
}
