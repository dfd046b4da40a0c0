//! `time in "Mon-Fri 09:00-17:00 Europe/Berlin"`: weekly hours in a time zone.

use crate::policy::Hours;
use crate::support::time::Moment;
use crate::support::time_zone::{LocalTime, TimeZone};

/// Hours with their time zone.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    hours: Hours,
    /// `None`: the zone is not known, and neither is whether a moment lies within.
    zone: Option<TimeZone>,
}

impl Schedule {
    pub(super) fn new(hours: Hours) -> Self {
        Self { hours, zone: TimeZone::named(hours.zone) }
    }

    /// Whether the moment lies within, by the clocks of that zone; `None` if that cannot be known.
    pub(super) fn contains(&self, now: Moment) -> Option<bool> {
        let LocalTime { minute_of_day: minute, weekday: today } =
            self.zone.as_ref()?.local(now.unix_nanos())?;
        let Hours { start, end, .. } = self.hours;
        Some(if start < end {
            self.includes(today) && (start..end).contains(&minute)
        } else {
            // Past midnight it is still the shift of the day before.
            (self.includes(today) && minute >= start)
                || (self.includes((today + 6) % 7) && minute < end)
        })
    }

    /// Whether the shift of a weekday (0 is Monday) is among the hours.
    fn includes(&self, weekday: u8) -> bool {
        self.hours.days & (1 << weekday) != 0
    }
}

/// Whether the program knows the time zone.
pub(crate) fn is_zone(name: &str) -> bool {
    TimeZone::named(name).is_some()
}

#[cfg(test)]
#[cfg(feature = "time-rules")]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    fn check(hours: Hours, at: &str, expected: bool) {
        let at: Timestamp = at.parse().unwrap();
        let moment = Moment::new(
            Duration::ZERO,
            Duration::from_nanos(u64::try_from(at.as_nanosecond()).unwrap()),
        );
        assert_eq!(Schedule::new(hours).contains(moment), Some(expected), "{hours} at {at}");
    }

    #[test]
    fn office_hours_follow_the_zone_through_the_year() {
        let office = Hours { days: 0b001_1111, start: 540, end: 1020, zone: "Europe/Berlin" };
        check(office, "2026-07-06T06:59:59Z", false);
        check(office, "2026-07-06T07:00:00Z", true);
        check(office, "2026-07-06T14:59:59Z", true);
        check(office, "2026-07-06T15:00:00Z", false);
        check(office, "2026-01-05T07:00:00Z", false);
        check(office, "2026-01-05T08:00:00Z", true);
        check(office, "2026-01-04T08:00:00Z", false);
    }

    #[test]
    fn a_night_belongs_to_the_day_it_begins_on() {
        let night = Hours { days: 0b000_0001, start: 1320, end: 360, zone: "UTC" };
        check(night, "2026-07-06T21:59:00Z", false);
        check(night, "2026-07-06T22:00:00Z", true);
        check(night, "2026-07-07T05:59:59Z", true);
        check(night, "2026-07-07T06:00:00Z", false);
        check(night, "2026-07-06T05:00:00Z", false);
        check(night, "2026-07-07T22:00:00Z", false);
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let sunday = Hours { days: 0b100_0000, start: 0, end: 1440, zone: "America/New_York" };
        check(sunday, "2026-07-05T03:59:59Z", false);
        check(sunday, "2026-07-05T04:00:00Z", true);
        check(sunday, "2026-07-06T03:59:59Z", true);
        check(sunday, "2026-07-06T04:00:00Z", false);
    }

    #[test]
    fn an_unknown_zone_knows_no_time() {
        let hours = Hours { days: 0x7f, start: 0, end: 1440, zone: "Mars/Olympus" };
        assert_eq!(
            Schedule::new(hours).contains(Moment::new(Duration::ZERO, Duration::ZERO)),
            None
        );
        assert!(!is_zone("Mars/Olympus") && is_zone("Asia/Kathmandu"));
    }
}
