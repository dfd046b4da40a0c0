//! The `WWW-Authenticate` challenge of a scheme.

use std::fmt;

/// A `WWW-Authenticate` challenge: a scheme and its parameters (RFC 9110 section 11.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: &'static str,
    parameters: Vec<(&'static str, String)>,
}

impl Challenge {
    /// A challenge of this scheme without parameters. `scheme` is a token (RFC 9110 section 5.6.2).
    #[must_use]
    pub fn new(scheme: &'static str) -> Self {
        Self { scheme, parameters: Vec::new() }
    }

    /// Adds a parameter. Its value is written as a quoted string; characters that a quoted string cannot
    /// contain (RFC 9110 section 5.6.4) are left out.
    #[must_use]
    pub fn parameter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }

    /// The scheme's name.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Scheme names are compared without regard to case (RFC 9110 section 11.1).
    pub(crate) fn is_of_scheme(&self, other: &Self) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.scheme)?;
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(formatter, "{separator}{name}=\"")?;
            for character in value.chars() {
                match character {
                    '"' | '\\' => write!(formatter, "\\{character}")?,
                    ' '..='~' => write!(formatter, "{character}")?,
                    _ => {}
                }
            }
            formatter.write_str("\"")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_cannot_be_broken_out_of() {
        let challenge = Challenge::new("Bearer").parameter("realm", "a\"b\\c\r\nd");
        assert_eq!(challenge.to_string(), r#"Bearer realm="a\"b\\cd""#);
    }
}
