//! [`LimitId`]: the name of a limit, for statistics and for changes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id of a rate limit, of a calendar quota, of a concurrency limit or of a failure budget.
///
/// The [statistics](super::Limits::statistics) and [`Limits::iter`](super::Limits::iter) list the ids of
/// a program. They are the same in every run of a build:
///
/// | id | limit |
/// |---|---|
/// | `shop::orders::place/1` | the first rate or calendar quota of a handler |
/// | `login/60s` | the shared rate `login` with a window of 60 seconds |
/// | `shop::search/concurrency/1` | the first concurrency limit of a handler |
/// | `shop::login/failures/1` | the first failure budget of a handler |
/// | `attempts/60s/failures` | the failure budget of a shared rate |
/// | `failed authentication` | the default failure budget |
///
/// An id is text in JSON and in configuration files, and parses with [`FromStr`]:
///
/// ```
/// use secure_runtime::operations::LimitId;
///
/// let id: LimitId = "shop::orders::place/1".parse()?;
/// assert_eq!(id.to_string(), "shop::orders::place/1");
/// assert!("".parse::<LimitId>().is_err());
/// # Ok::<(), secure_runtime::operations::InvalidLimitId>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct LimitId(Box<str>);

/// A text that cannot be a [`LimitId`]: it is empty, or contains control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidLimitId;

impl LimitId {
    pub(super) fn new(id: impl Into<Box<str>>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LimitId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl FromStr for LimitId {
    type Err = InvalidLimitId;

    fn from_str(text: &str) -> Result<Self, InvalidLimitId> {
        let is_valid = !text.is_empty() && !text.contains(char::is_control);
        if is_valid { Ok(Self::new(text)) } else { Err(InvalidLimitId) }
    }
}

impl TryFrom<String> for LimitId {
    type Error = InvalidLimitId;

    fn try_from(text: String) -> Result<Self, InvalidLimitId> {
        text.parse()
    }
}

impl From<LimitId> for String {
    fn from(id: LimitId) -> Self {
        id.0.into()
    }
}

impl PartialEq<str> for LimitId {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for LimitId {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl fmt::Display for InvalidLimitId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the id of a limit is not empty and has no control characters")
    }
}

impl std::error::Error for InvalidLimitId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_text_in_json_both_ways() {
        let id: LimitId = "failed authentication".parse().unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""failed authentication""#);
        assert_eq!(serde_json::from_str::<LimitId>(r#""failed authentication""#).unwrap(), id);
        assert!(id == "failed authentication" && id.as_str() == "failed authentication");
        assert!(serde_json::from_str::<LimitId>(r#""""#).is_err());
        assert_eq!("a\nb".parse::<LimitId>(), Err(InvalidLimitId));
    }
}
