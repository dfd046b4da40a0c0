//! Parses rates: `"100/h"`, `"10/15min"`. Depends neither on syn nor on the rest of the crate.

use std::fmt;

/// Units of a window, longest first, with their seconds.
const UNITS: [(&str, u32); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];

/// A number of permits in a window of seconds. Neither is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rate {
    pub(crate) permits: u32,
    /// For a period of the calendar, its longest duration.
    pub(crate) window_seconds: u32,
    pub(crate) period: Option<Period>,
}

/// A period of the calendar: its count starts from zero when the next period begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Period {
    Hour,
    Day,
    Week,
    Month,
}

impl Period {
    const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    fn seconds(self) -> u32 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 7 * 86_400,
            Self::Month => 31 * 86_400,
        }
    }
}

/// An error in the text of a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RateError {
    text: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    Whitespace,
    NoSlash,
    SecondSlash,
    NoPermits,
    PermitsNotANumber(String),
    PermitsZero,
    PermitsTooMany(String),
    NoUnit,
    UnknownUnit(String),
    UnknownPeriod(String),
    WindowZero,
    WindowTooLong(String),
    TooFast,
}

impl std::str::FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        parse(text).map_err(|problem| RateError { text: text.to_owned(), problem })
    }
}

impl Rate {
    /// A quota of the calendar: `10000/month`.
    pub(crate) fn of_the_calendar(text: &str) -> Result<Self, RateError> {
        let read = || {
            let (permits, unit) = split(text)?;
            let period = Period::ALL.into_iter().find(|period| period.name() == unit);
            let period = period.ok_or_else(|| Problem::UnknownPeriod(unit.to_owned()))?;
            let (permits, window_seconds) = (parse_permits(permits)?, period.seconds());
            Ok(Self { permits, window_seconds, period: Some(period) })
        };
        read().map_err(|problem| RateError { text: text.to_owned(), problem })
    }
}

/// The permits and the window.
fn split(text: &str) -> Result<(&str, &str), Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    if text.chars().any(char::is_whitespace) {
        return Err(Problem::Whitespace);
    }
    let (permits, window) = text.split_once('/').ok_or(Problem::NoSlash)?;
    if window.contains('/') {
        return Err(Problem::SecondSlash);
    }
    Ok((permits, window))
}

fn parse(text: &str) -> Result<Rate, Problem> {
    let (permits, window) = split(text)?;
    let (permits, window_seconds) = (parse_permits(permits)?, parse_window(window)?);
    let rate = Rate { permits, window_seconds, period: None };
    // A limiter counts in nanoseconds: more than one permit per nanosecond has no interval.
    if u64::from(rate.window_seconds) * 1_000_000_000 < u64::from(rate.permits) {
        return Err(Problem::TooFast);
    }
    Ok(rate)
}

fn parse_permits(text: &str) -> Result<u32, Problem> {
    if text.is_empty() {
        return Err(Problem::NoPermits);
    }
    if !is_number(text) {
        return Err(Problem::PermitsNotANumber(text.to_owned()));
    }
    match text.parse() {
        Ok(0) => Err(Problem::PermitsZero),
        Ok(permits) => Ok(permits),
        Err(_) => Err(Problem::PermitsTooMany(text.to_owned())),
    }
}

fn parse_window(text: &str) -> Result<u32, Problem> {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let count = text.strip_suffix(unit).unwrap_or_default();
    if unit.is_empty() {
        return Err(Problem::NoUnit);
    }
    let Some((_, seconds)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
        return Err(Problem::UnknownUnit(unit.to_owned()));
    };
    if count.is_empty() {
        return Ok(seconds);
    }
    let too_long = || Problem::WindowTooLong(text.to_owned());
    match count.parse::<u32>().map_err(|_| too_long())? {
        0 => Err(Problem::WindowZero),
        count => count.checked_mul(seconds).ok_or_else(too_long),
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for Rate {
    /// The canonical form: the longest unit that divides the window, no count of one.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(period) = self.period {
            return write!(formatter, "{}/{}", self.permits, period.name());
        }
        let divides = |seconds: u32| self.window_seconds.is_multiple_of(seconds);
        let (unit, seconds) =
            UNITS.into_iter().find(|(_, seconds)| divides(*seconds)).unwrap_or(("s", 1));
        match self.window_seconds / seconds {
            1 => write!(formatter, "{}/{unit}", self.permits),
            count => write!(formatter, "{}/{count}{unit}", self.permits),
        }
    }
}

impl fmt::Display for RateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "in `{:?}`: {}", self.text, self.problem)
    }
}

impl std::error::Error for RateError {}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("expected a rate such as `100/h`, found nothing"),
            Self::Whitespace => formatter.write_str("expected no whitespace in a rate"),
            Self::NoSlash => formatter.write_str("expected `/` between permits and window"),
            Self::SecondSlash => formatter.write_str("expected one `/`, found a second one"),
            Self::NoPermits => formatter.write_str("expected a number of permits before `/`"),
            Self::PermitsNotANumber(found) => {
                write!(formatter, "expected a whole number of permits, found `{found}`")
            }
            Self::PermitsZero => {
                formatter.write_str("zero permits would refuse every request, expected at least 1")
            }
            Self::PermitsTooMany(found) => {
                write!(formatter, "expected at most {} permits, found `{found}`", u32::MAX)
            }
            Self::NoUnit => {
                formatter.write_str("expected a unit after `/`: `s`, `min`, `h` or `d`")
            }
            Self::UnknownUnit(found) => {
                write!(formatter, "unknown unit `{found}`, expected `s`, `min`, `h` or `d`")
            }
            Self::UnknownPeriod(found) => {
                write!(formatter, "expected `hour`, `day`, `week` or `month`, found `{found}`")
            }
            Self::WindowZero => formatter.write_str("expected a window above zero"),
            Self::WindowTooLong(found) => {
                write!(formatter, "expected a window of at most {} s, found `{found}`", u32::MAX)
            }
            Self::TooFast => formatter.write_str("expected at most one permit a nanosecond"),
        }
    }
}
