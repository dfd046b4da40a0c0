//! The errors that an authenticator reports at startup: every mistake in its configuration, with its kind.

use std::fmt;

/// Everything that is wrong with a configuration: at least one error.
///
/// Its text has one line for each error. A `main` that returns it prints the same lines.
///
/// ```
/// use secure_runtime::authentication::{ConfigurationErrorKind, IntoAuthenticator, Jwt};
///
/// let errors = Jwt::hs256("short").audience("shop").into_authenticator().err().unwrap();
/// assert!(errors.iter().any(|error| error.kind() == ConfigurationErrorKind::MissingSetting));
/// println!("{errors}");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigurationErrors {
    first: ConfigurationError,
    others: Vec<ConfigurationError>,
}

impl ConfigurationErrors {
    /// A list of one error. A text becomes an error of the kind
    /// [`Other`](ConfigurationErrorKind::Other).
    #[must_use]
    pub fn new(error: impl Into<ConfigurationError>) -> Self {
        Self { first: error.into(), others: Vec::new() }
    }

    /// Adds an error at the end.
    pub fn push(&mut self, error: impl Into<ConfigurationError>) {
        self.others.push(error.into());
    }

    /// The errors in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigurationError> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The errors that a check collected, if there are any.
    pub(crate) fn collected(faults: Faults) -> Option<Self> {
        let mut faults = faults.into_iter();
        let first = faults.next()?;
        Some(Self { first, others: faults.collect() })
    }
}

/// Adds the errors at the end.
impl Extend<ConfigurationError> for ConfigurationErrors {
    fn extend<I: IntoIterator<Item = ConfigurationError>>(&mut self, errors: I) {
        self.others.extend(errors);
    }
}

impl IntoIterator for ConfigurationErrors {
    type Item = ConfigurationError;
    type IntoIter = std::iter::Chain<
        std::iter::Once<ConfigurationError>,
        std::vec::IntoIter<ConfigurationError>,
    >;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self.first).chain(self.others)
    }
}

impl From<ConfigurationError> for ConfigurationErrors {
    fn from(error: ConfigurationError) -> Self {
        Self::new(error)
    }
}

/// One line for each error.
impl fmt::Display for ConfigurationErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.first, formatter)?;
        self.others.iter().try_for_each(|error| write!(formatter, "\n{error}"))
    }
}

/// The same lines: a `main` that returns an error prints them.
impl fmt::Debug for ConfigurationErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::error::Error for ConfigurationErrors {}

/// One mistake in a configuration.
///
/// The message names the setting and contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationError {
    kind: ConfigurationErrorKind,
    message: String,
}

impl ConfigurationError {
    /// An error of this kind. The message is one sentence, and must not contain secrets.
    #[must_use]
    pub fn new(kind: ConfigurationErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The kind of mistake.
    #[must_use]
    pub fn kind(&self) -> ConfigurationErrorKind {
        self.kind
    }

    /// The setting that is wrong and what was expected, in one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(ConfigurationErrorKind::MissingSetting, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ConfigurationErrorKind::InvalidValue, message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(ConfigurationErrorKind::ConflictingSettings, message)
    }

    pub(crate) fn hazard(message: impl Into<String>) -> Self {
        Self::new(ConfigurationErrorKind::UnsafeSetting, message)
    }

    pub(crate) fn unreadable(message: impl Into<String>) -> Self {
        Self::new(ConfigurationErrorKind::Unreadable, message)
    }

    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::new(ConfigurationErrorKind::Other, message)
    }

    /// The same error with the name of its part in front of the message.
    pub(crate) fn prefixed(self, prefix: impl fmt::Display) -> Self {
        Self { kind: self.kind, message: format!("{prefix}{}", self.message) }
    }
}

impl From<String> for ConfigurationError {
    fn from(message: String) -> Self {
        Self::other(message)
    }
}

impl From<&str> for ConfigurationError {
    fn from(message: &str) -> Self {
        Self::other(message)
    }
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ConfigurationError {}

/// The kind of a [`ConfigurationError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigurationErrorKind {
    /// A required setting is missing.
    MissingSetting,
    /// A value has the wrong form, or is out of its bounds.
    InvalidValue,
    /// Two settings exclude each other.
    ConflictingSettings,
    /// A setting would let other people in, so it is refused.
    UnsafeSetting,
    /// A file could not be read, or its content is wrong.
    Unreadable,
    /// A key or secret is published with this crate for tests.
    TestKey,
    /// A feature of this crate is needed and is not compiled in.
    MissingFeature,
    /// Any other mistake; the kind of an error that was made from a text.
    Other,
}

/// The errors that a check has found so far.
pub(crate) type Faults = Vec<ConfigurationError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_a_line_and_texts_have_the_kind_other() {
        let mut errors = ConfigurationErrors::new("one is wrong");
        errors.push(ConfigurationError::missing("another is missing"));
        assert_eq!(errors.to_string(), "one is wrong\nanother is missing");
        assert_eq!(format!("{errors:?}"), errors.to_string());
        let kinds: Vec<_> = errors.iter().map(ConfigurationError::kind).collect();
        assert_eq!(kinds, [ConfigurationErrorKind::Other, ConfigurationErrorKind::MissingSetting]);
        assert_eq!(errors.clone().into_iter().count(), 2);
        assert_eq!(
            ConfigurationErrors::collected(errors.clone().into_iter().collect()),
            Some(errors)
        );
        assert_eq!(ConfigurationErrors::collected(Vec::new()), None);
    }
}
