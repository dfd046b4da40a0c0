//! The grammar of sizes: `"64KiB"`, `"1MB"`. Knows neither syn nor the rest of the crate.

use std::fmt;

/// Units with their bytes, largest first: decimal and binary prefixes as IEC 80000-13 has them.
const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

/// A size in bytes, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// What is wrong with the text of a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SizeError {
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
    TooLarge,
}

impl std::str::FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        parse(text).map_err(|problem| SizeError { text: text.to_owned(), problem })
    }
}

fn parse(text: &str) -> Result<Size, Problem> {
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
    let Some((_, bytes)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
        return Err(Problem::UnknownUnit(unit.to_owned()));
    };
    let size = number.parse::<u64>().ok().and_then(|number| number.checked_mul(bytes));
    match size.ok_or(Problem::TooLarge)? {
        0 => Err(Problem::Zero),
        size => Ok(Size(size)),
    }
}

impl fmt::Display for Size {
    /// The canonical form: the largest unit that divides the size.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divides = |bytes: u64| self.0.is_multiple_of(bytes);
        let (unit, bytes) =
            UNITS.into_iter().find(|(_, bytes)| divides(*bytes)).unwrap_or(("B", 1));
        write!(formatter, "{}{unit}", self.0 / bytes)
    }
}

impl fmt::Display for SizeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "in `{:?}`: {}", self.text, self.problem)
    }
}

impl std::error::Error for SizeError {}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("expected a size such as `64KiB`, found nothing"),
            Self::NoNumber => formatter.write_str("expected a whole number before the unit"),
            Self::NoUnit => formatter.write_str("expected a unit: `B`, `KiB`, `MiB`, `GiB`, `kB`…"),
            Self::UnknownUnit(found) => write!(
                formatter,
                "unknown unit `{found}`, expected `B`, `KiB`, `MiB`, `GiB`, `kB`, `MB` or `GB`"
            ),
            Self::Zero => formatter.write_str("zero bytes would refuse every body"),
            Self::TooLarge => formatter.write_str("expected a size below 2^64 bytes"),
        }
    }
}
