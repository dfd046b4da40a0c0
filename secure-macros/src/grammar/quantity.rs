//! Parses quantities, a number and its unit: ages such as `"5m"`, waits such as `"500ms"`, sizes
//! such as `"64KiB"`. Depends neither on syn nor on the rest of the crate.

use std::fmt;
use std::str::FromStr;

/// A number of seconds, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age(pub(crate) u32);

/// A number of milliseconds, at least 1, at most a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) u32);

/// A number of milliseconds, at least 1, at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeout(pub(crate) u32);

/// A number of bytes, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// A minute may also be written `min`, as in a rate.
static AGE: Measure = Measure {
    example: "an age such as `5m`",
    units: &[("d", 86_400), ("h", 3_600), ("m", 60), ("min", 60), ("s", 1)],
    unit_list: "`s`, `m`, `h` or `d`",
    most: u32::MAX as u64,
    zero: "an age of zero would refuse every caller",
    too_much: "expected an age of at most 4294967295 s",
};

/// A client that waits longer has gone, or sends the request again.
static WAIT: Measure = Measure {
    example: "a wait such as `500ms`",
    units: &[("s", 1_000), ("ms", 1)],
    unit_list: "`ms` or `s`",
    most: 60_000,
    zero: "no request would wait, expected at least 1 ms",
    too_much: "expected a wait of at most 60 s",
};

/// A body that takes longer than a day is an upload with a minimum rate.
static TIMEOUT: Measure = Measure {
    example: "a time such as `30s`",
    units: &[("h", 3_600_000), ("m", 60_000), ("min", 60_000), ("s", 1_000), ("ms", 1)],
    unit_list: "`ms`, `s`, `m` or `h`",
    most: 86_400_000,
    zero: "no body would arrive in time, expected at least 1 ms",
    too_much: "expected a time of at most 24 h",
};

/// Decimal and binary prefixes of IEC 80000-13.
static SIZE: Measure = Measure {
    example: "a size such as `64KiB`",
    units: &[
        ("GiB", 1 << 30),
        ("GB", 1_000_000_000),
        ("MiB", 1 << 20),
        ("MB", 1_000_000),
        ("KiB", 1 << 10),
        ("kB", 1_000),
        ("B", 1),
    ],
    unit_list: "`B`, `KiB`, `MiB`, `GiB`, `kB`, `MB` or `GB`",
    most: u64::MAX,
    zero: "zero bytes would refuse every body",
    too_much: "expected a size below 2^64 bytes",
};

/// A kind of quantity, with its units and messages.
#[derive(Debug)]
struct Measure {
    example: &'static str,
    /// The largest first; values are kept in the last one.
    units: &'static [(&'static str, u64)],
    /// The units in a sentence.
    unit_list: &'static str,
    most: u64,
    zero: &'static str,
    too_much: &'static str,
}

/// An error in the text of a quantity.
#[derive(Clone, Debug)]
pub(crate) struct QuantityError {
    text: String,
    measure: &'static Measure,
    problem: Problem,
}

#[derive(Clone, Debug)]
enum Problem {
    Empty,
    NoNumber,
    NoUnit,
    UnknownUnit(String),
    Zero,
    TooMuch,
}

impl Measure {
    fn read<T: TryFrom<u64>>(&'static self, text: &str) -> Result<T, QuantityError> {
        let amount = self.amount(text);
        let value = amount.and_then(|amount| T::try_from(amount).map_err(|_| Problem::TooMuch));
        value.map_err(|problem| QuantityError { text: text.to_owned(), measure: self, problem })
    }

    fn amount(&self, text: &str) -> Result<u64, Problem> {
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
        let Some((_, one)) = self.units.iter().find(|(name, _)| *name == unit) else {
            return Err(Problem::UnknownUnit(unit.to_owned()));
        };
        let amount = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*one));
        match amount.filter(|amount| *amount <= self.most).ok_or(Problem::TooMuch)? {
            0 => Err(Problem::Zero),
            amount => Ok(amount),
        }
    }

    /// The canonical form: the largest unit that divides the amount.
    fn write(&self, amount: u64, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divides = |(_, one): &&(&str, u64)| amount.is_multiple_of(*one);
        let (unit, one) = self.units.iter().find(divides).copied().unwrap_or(("", 1));
        write!(formatter, "{}{unit}", amount / one)
    }
}

impl FromStr for Age {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        AGE.read(text).map(Self)
    }
}

impl FromStr for Wait {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        WAIT.read(text).map(Self)
    }
}

impl FromStr for Timeout {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        TIMEOUT.read(text).map(Self)
    }
}

impl FromStr for Size {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        SIZE.read(text).map(Self)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        AGE.write(self.0.into(), formatter)
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        WAIT.write(self.0.into(), formatter)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        SIZE.write(self.0, formatter)
    }
}

impl fmt::Display for QuantityError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, measure: Measure { example, unit_list, zero, too_much, .. }, problem } =
            self;
        write!(formatter, "in `{text:?}`: ")?;
        match problem {
            Problem::Empty => write!(formatter, "expected {example}, found nothing"),
            Problem::NoNumber => formatter.write_str("expected a whole number before the unit"),
            Problem::NoUnit => write!(formatter, "expected a unit: {unit_list}"),
            Problem::UnknownUnit(found) => {
                write!(formatter, "unknown unit `{found}`, expected {unit_list}")
            }
            Problem::Zero => formatter.write_str(zero),
            Problem::TooMuch => formatter.write_str(too_much),
        }
    }
}

impl std::error::Error for QuantityError {}
