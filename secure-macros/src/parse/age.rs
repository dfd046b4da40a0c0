//! The grammar of ages: `"5m"`, `"1h"`. Knows neither syn nor the rest of the crate.

use std::fmt;

/// Units with their seconds, longest first; a minute may be written as a rate writes it, too.
const UNITS: [(&str, u32); 5] = [("d", 86_400), ("h", 3_600), ("m", 60), ("min", 60), ("s", 1)];

/// So many seconds, never none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age(pub(crate) u32);

/// What is wrong with the text of an age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgeError {
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

impl std::str::FromStr for Age {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        parse(text).map_err(|problem| AgeError { text: text.to_owned(), problem })
    }
}

fn parse(text: &str) -> Result<Age, Problem> {
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
    let Some((_, seconds)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
        return Err(Problem::UnknownUnit(unit.to_owned()));
    };
    let age = number.parse::<u32>().ok().and_then(|number| number.checked_mul(seconds));
    match age.ok_or(Problem::TooLong)? {
        0 => Err(Problem::Zero),
        age => Ok(Age(age)),
    }
}

impl fmt::Display for Age {
    /// The canonical form: the longest unit that divides the age.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divides = |seconds: u32| self.0.is_multiple_of(seconds);
        let (unit, seconds) =
            UNITS.into_iter().find(|(_, seconds)| divides(*seconds)).unwrap_or(("s", 1));
        write!(formatter, "{}{unit}", self.0 / seconds)
    }
}

impl fmt::Display for AgeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "in `{:?}`: {}", self.text, self.problem)
    }
}

impl std::error::Error for AgeError {}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("expected an age such as `5m`, found nothing"),
            Self::NoNumber => formatter.write_str("expected a whole number before the unit"),
            Self::NoUnit => formatter.write_str("expected a unit: `s`, `m`, `h` or `d`"),
            Self::UnknownUnit(found) => {
                write!(formatter, "unknown unit `{found}`, expected `s`, `m`, `h` or `d`")
            }
            Self::Zero => formatter.write_str("an age of zero would refuse every caller"),
            Self::TooLong => {
                write!(formatter, "expected an age of at most {} s", u32::MAX)
            }
        }
    }
}
