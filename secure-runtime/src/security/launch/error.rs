//! Startup errors: everything that keeps a program from being secured, in one list.

use std::fmt;

use crate::plan::faults::{Faults, LaunchFault};

/// Everything that keeps a program from being secured: the error of
/// [`SecurityBuilder::build`](crate::SecurityBuilder::build).
///
/// A `main` that returns it prints the list, line by line.
///
/// ```
/// use secure_runtime::{LaunchFaultKind, Security};
///
/// let error = Security::builder().max_in_flight(0).build().unwrap_err();
/// let fault = error.faults().find(|it| it.kind() == LaunchFaultKind::InvalidSetting).unwrap();
/// assert_eq!(fault.message(), "`max_in_flight` expects at least 1, found 0");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LaunchError {
    faults: Vec<LaunchFault>,
}

impl LaunchError {
    /// What is missing or wrong.
    pub fn faults(&self) -> impl Iterator<Item = &LaunchFault> {
        self.faults.iter()
    }
}

impl LaunchError {
    /// The error, if there is a fault.
    pub(super) fn of(faults: Faults) -> Result<(), Self> {
        let faults = faults.into_vec();
        if faults.is_empty() { Ok(()) } else { Err(Self { faults }) }
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
    use crate::plan::LaunchFaultKind;

    #[test]
    fn what_main_prints_is_the_list() {
        let mut faults = Faults::default();
        faults.add_all(LaunchFaultKind::InvalidSetting, ["one is missing", "another one is wrong"]);
        let error = LaunchError::of(faults).unwrap_err();
        let list = "the security configuration has 2 faults:\n  - one is missing\n  - another one is wrong";
        assert_eq!(error.to_string(), list);
        // As `main` has it in a box.
        let error: Box<dyn std::error::Error> = Box::new(error);
        assert_eq!(format!("{error:?}"), list);
    }
}
