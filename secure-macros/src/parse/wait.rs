//! The grammar of waits: `"500ms"`, `"2s"`. Knows neither syn nor the rest of the crate.

use std::fmt;

/// Units with their milliseconds, longest first.
const UNITS: [(&str, u32); 2] = [("s", 1_000), ("ms", 1)];

/// More, and the client has gone, or is asking again.
const MOST: u32 = 60_000;

/// So many milliseconds, never none, a minute at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) u32);

/// What is wrong with the text of a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitError {
    text: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    NoNumber,
    NoUnit,
    UnknownUnit(String),
    Zero,
    TooLong,
}

impl std::str::FromStr for Wait {
    type Err = WaitError;

    fn from_str(text: &str) -> Result<Self, WaitError> {
        parse(text).map_err(|problem| WaitError { text: text.to_owned(), problem })
    }
}

fn parse(text: &str) -> Result<Wait, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number = text.strip_suffix(unit).unwrap_or_default();
    if number.is_empty() {
        return Err(Problem::NoNumber);
    }
    if unit.is_empty() {
        return Err(Problem::NoUnit);
    }
    let Some((_, millis)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
        return Err(Problem::UnknownUnit(unit.to_owned()));
    };
    let wait = number.parse::<u32>().ok().and_then(|number| number.checked_mul(millis));
    match wait.filter(|wait| *wait <= MOST).ok_or(Problem::TooLong)? {
        0 => Err(Problem::Zero),
        wait => Ok(Wait(wait)),
    }
}

impl fmt::Display for Wait {
    /// The canonical form: the longest unit that divides the wait.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divides = |millis: u32| self.0.is_multiple_of(millis);
        let (unit, millis) =
            UNITS.into_iter().find(|(_, millis)| divides(*millis)).unwrap_or(("ms", 1));
        write!(formatter, "{}{unit}", self.0 / millis)
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "in `{:?}`: {}", self.text, self.problem)
    }
}

impl std::error::Error for WaitError {}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("expected a wait such as `500ms`, found nothing"),
            Self::NoNumber => formatter.write_str("expected a whole number before the unit"),
            Self::NoUnit => formatter.write_str("expected a unit: `ms` or `s`"),
            Self::UnknownUnit(found) => {
                write!(formatter, "unknown unit `{found}`, expected `ms` or `s`")
            }
            Self::Zero => formatter.write_str("nobody would wait, expected at least 1 ms"),
            Self::TooLong => write!(formatter, "expected a wait of at most {} s", MOST / 1_000),
        }
    }
}
