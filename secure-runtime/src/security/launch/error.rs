//! What keeps a program from being secured.

use std::fmt;

/// Everything that keeps a program from being secured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchError {
    pub(super) faults: Vec<String>,
}

impl LaunchError {
    /// What is missing or wrong, one sentence each.
    pub fn faults(&self) -> impl Iterator<Item = &str> {
        self.faults.iter().map(String::as_str)
    }
}

impl fmt::Display for LaunchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.faults.len();
        let noun = if count == 1 { "fault" } else { "faults" };
        write!(formatter, "the security configuration has {count} {noun}:")?;
        self.faults.iter().try_for_each(|fault| write!(formatter, "\n  - {fault}"))
    }
}

impl std::error::Error for LaunchError {}
