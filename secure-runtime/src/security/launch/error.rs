//! Startup errors: everything that keeps a program from being secured, in one list.

use std::fmt;

use crate::policy::Endpoint;

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

/// One fault of a configuration. `Display` prints its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchFault {
    kind: LaunchFaultKind,
    endpoint: Option<String>,
    message: String,
}

/// What a startup error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LaunchFaultKind {
    /// The description of an authenticator is wrong or incomplete.
    InvalidAuthenticator,
    /// An endpoint names an authenticator that is not configured, or needs a default one.
    MissingAuthenticator,
    /// A policy depends on something that no authenticator of the endpoint provides: a tenant, a tier, an API key,
    /// the time of sign-in, revocations.
    MissingCapability,
    /// A setting of the builder has a value that is not allowed, or contradicts another one.
    InvalidSetting,
    /// A policy needs a setting of the builder that is missing.
    MissingSetting,
    /// A policy needs a cargo feature that the program was built without.
    MissingFeature,
    /// A policy cannot be read, or does not hold where it should: the policy of a module, an unknown time zone.
    InvalidPolicy,
    /// Limits contradict each other.
    InvalidLimit,
    /// The description of the protected resource is wrong, or contradicts the authenticators (RFC 9728).
    InvalidResource,
}

impl LaunchError {
    /// What is missing or wrong.
    pub fn faults(&self) -> impl Iterator<Item = &LaunchFault> {
        self.faults.iter()
    }
}

impl LaunchFault {
    /// A fault of the configuration as a whole.
    pub(super) fn new(kind: LaunchFaultKind, message: impl Into<String>) -> Self {
        Self { kind, endpoint: None, message: message.into() }
    }

    /// A fault of one endpoint; the place of its attribute is added to the message.
    pub(super) fn at(endpoint: &Endpoint, kind: LaunchFaultKind, message: &str) -> Self {
        let Endpoint { file, line, .. } = endpoint;
        let message = format!("{message} ({file}:{line})");
        Self { kind, endpoint: Some(endpoint.full_name()), message }
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> LaunchFaultKind {
        self.kind
    }

    /// The endpoint whose policy it is about, as `shop::orders::list`; `None` if it is about the configuration as a
    /// whole, or about several endpoints.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// What is wrong and what to do, in one sentence, with the place of the attribute.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The faults that are found while a configuration is checked.
#[derive(Default)]
pub(super) struct Faults(Vec<LaunchFault>);

impl Faults {
    /// Adds a fault of the configuration as a whole.
    pub(super) fn add(&mut self, kind: LaunchFaultKind, message: impl Into<String>) {
        self.0.push(LaunchFault::new(kind, message));
    }

    /// Adds several of one kind.
    pub(super) fn add_all<M: Into<String>>(
        &mut self,
        kind: LaunchFaultKind,
        messages: impl IntoIterator<Item = M>,
    ) {
        self.0.extend(messages.into_iter().map(|message| LaunchFault::new(kind, message)));
    }

    /// Adds a fault of one endpoint.
    pub(super) fn add_at(&mut self, endpoint: &Endpoint, kind: LaunchFaultKind, message: &str) {
        self.0.push(LaunchFault::at(endpoint, kind, message));
    }

    /// Adds those of another list.
    pub(super) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The error, if there is a fault.
    pub(super) fn into_result(self) -> Result<(), LaunchError> {
        if self.0.is_empty() { Ok(()) } else { Err(LaunchError { faults: self.0 }) }
    }
}

impl fmt::Display for LaunchFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
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
        let mut faults = Faults::default();
        faults.add_all(LaunchFaultKind::InvalidSetting, ["one is missing", "another one is wrong"]);
        let error = faults.into_result().unwrap_err();
        let list = "the security configuration has 2 faults:\n  - one is missing\n  - another one is wrong";
        assert_eq!(error.to_string(), list);
        // As `main` has it in a box.
        let error: Box<dyn std::error::Error> = Box::new(error);
        assert_eq!(format!("{error:?}"), list);
    }
}
