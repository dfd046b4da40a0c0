//! Calendar dates: parses `until = "2026-12-31"`, and finds today's date.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// The variable that reproducible builds set: <https://reproducible-builds.org/specs/source-date-epoch/>.
pub(crate) const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";

const SECONDS_PER_DAY: u64 = 86_400;

/// The last second of the last date with four digits, 9999-12-31.
const LAST_SECOND: u64 = 253_402_300_799;

/// A date that exists, in the proleptic Gregorian calendar. Earlier dates compare as less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The date, if it exists.
    fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let exists = (1..=days_in(year, month)?).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// Reads `2026-12-31`: four, two and two digits (RFC 3339 section 5.6, `full-date`).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str, count: usize| {
            part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }

    /// Whether the day has passed; today has not.
    pub(crate) fn is_over(self, today: Self) -> bool {
        today > self
    }

    /// The day, in UTC, of a time in seconds since 1970-01-01; `None` after the year 9999.
    fn of_seconds(seconds: u64) -> Option<Self> {
        if seconds > LAST_SECOND {
            return None;
        }
        // Days since 0000-03-01: a leap day is then the last day of its year.
        let days = seconds / SECONDS_PER_DAY + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // Five months from March, and again from August, have 153 days.
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = 400 * era + year_of_era + u64::from(month <= 2);
        Self::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)
    }
}

/// Written as it is read.
impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn days_in(year: u16, month: u8) -> Option<u8> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u8::from(is_leap),
        _ => return None,
    })
}

/// Today in UTC; the value of `SOURCE_DATE_EPOCH` as the error, if it is not a number of seconds.
pub(crate) fn today() -> Result<Date, String> {
    let set = std::env::var_os(SOURCE_DATE_EPOCH);
    let set = set.map(|value| value.to_string_lossy().into_owned());
    today_from(set.as_deref(), SystemTime::now())
}

fn today_from(set: Option<&str>, now: SystemTime) -> Result<Date, String> {
    let seconds = match set {
        Some(text) => {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number)
        }
        // A clock before 1970 was never set.
        None => Some(now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())),
    };
    seconds.and_then(Date::of_seconds).ok_or_else(|| set.unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// The calendar day by day, without a division.
    fn days() -> impl Iterator<Item = (u16, u8, u8)> {
        let (mut year, mut month, mut day) = (1970_u16, 1_u8, 1_u8);
        let mut until_leap_day = 2;
        std::iter::from_fn(move || {
            let today = (year, month, day);
            let is_leap = until_leap_day == 0 && (year % 100 != 0 || year % 400 == 0);
            let last = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            day += 1;
            if day > last[usize::from(month) - 1] {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
                until_leap_day = (until_leap_day + 3) % 4;
            }
            (today.0 <= 9999).then_some(today)
        })
    }

    #[test]
    fn every_day_until_the_year_9999_is_the_one_after_the_day_before() {
        let mut seconds = 0;
        for (year, month, day) in days() {
            let date = Date::of_seconds(seconds).unwrap();
            assert_eq!((date.year, date.month, date.day), (year, month, day));
            assert_eq!(Date::of_seconds(seconds + SECONDS_PER_DAY - 1), Some(date));
            assert_eq!(Date::parse(&date.to_string()), Some(date));
            seconds += SECONDS_PER_DAY;
        }
        assert_eq!(seconds, LAST_SECOND + 1);
        assert_eq!(Date::of_seconds(seconds), None);
    }

    #[test]
    fn a_date_that_does_not_exist_is_none() {
        for text in [
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-00-10",
            "2026-13-01",
            "2026-01-00",
            "2026-01-32",
            "2026-1-01",
            "26-01-01",
            "2026-01-01T00",
            "2026/01/01",
            "+026-01-01",
            "",
            "2026-01-01 ",
            "today",
            "２０２６-01-01",
        ] {
            assert_eq!(Date::parse(text), None, "{text:?}");
        }
        for text in ["2024-02-29", "2000-02-29", "0000-01-01", "9999-12-31"] {
            assert!(Date::parse(text).is_some(), "{text:?}");
        }
    }

    #[test]
    fn today_is_what_the_build_says_else_what_the_clock_says() {
        let clock = UNIX_EPOCH + Duration::from_secs(1_782_864_000);
        let date = |text| Ok(Date::parse(text).unwrap());
        assert_eq!(today_from(None, clock), date("2026-07-01"));
        assert_eq!(today_from(None, clock - Duration::from_secs(1)), date("2026-06-30"));
        assert_eq!(today_from(None, UNIX_EPOCH - Duration::from_secs(1)), date("1970-01-01"));
        assert_eq!(today_from(Some("0"), clock), date("1970-01-01"));
        assert_eq!(today_from(Some("951782400"), clock), date("2000-02-29"));
        for text in ["", " 0", "+1", "-1", "1.5", "now", "253402300800", "99999999999999999999"] {
            assert_eq!(today_from(Some(text), clock), Err(text.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_day_is_over_when_the_next_one_has_begun() {
        let last = Date::parse("2026-12-31").unwrap();
        let at = |seconds: u64| last.is_over(Date::of_seconds(seconds).unwrap());
        let next_year = 1_798_761_600;
        assert!(!at(0) && !at(next_year - 1));
        assert!(at(next_year) && at(LAST_SECOND));
    }

    proptest! {
        #[test]
        fn dates_are_ordered_as_their_days_are(a in 0..=LAST_SECOND, b in 0..=LAST_SECOND) {
            let (first, second) = (Date::of_seconds(a).unwrap(), Date::of_seconds(b).unwrap());
            prop_assert_eq!(first.cmp(&second), (a / SECONDS_PER_DAY).cmp(&(b / SECONDS_PER_DAY)));
        }

        #[test]
        fn what_reads_prints_the_same(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]") {
            if let Some(date) = Date::parse(&text) {
                prop_assert_eq!(date.to_string(), text);
            }
        }
    }
}
