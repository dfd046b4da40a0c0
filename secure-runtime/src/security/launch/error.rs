//! What keeps a program from being secured.

use std::fmt;

/// Everything that keeps a program from being secured.
///
/// A `main` that returns it prints the list, line by line.
#[derive(Clone, PartialEq, Eq)]
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

/// The same list: it is what a `main` that returns an error prints.
impl fmt::Debug for LaunchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::error::Error for LaunchError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_main_prints_is_the_list() {
        let faults = ["one is missing", "another one is wrong"].map(str::to_owned).to_vec();
        let error = LaunchError { faults };
        let list = "the security configuration has 2 faults:\n  - one is missing\n  - another one is wrong";
        assert_eq!(error.to_string(), list);
        // As `main` has it in a box.
        let error: Box<dyn std::error::Error> = Box::new(error);
        assert_eq!(format!("{error:?}"), list);
    }
}
