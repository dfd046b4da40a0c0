//! The faults of a configuration, as the startup checks find them.

use std::fmt;

use crate::policy::Endpoint;

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

impl LaunchFault {
    /// A fault of the configuration as a whole.
    fn new(kind: LaunchFaultKind, message: impl Into<String>) -> Self {
        Self { kind, endpoint: None, message: message.into() }
    }

    /// A fault of one endpoint; the place of its attribute is added to the message.
    fn at(endpoint: &Endpoint, kind: LaunchFaultKind, message: &str) -> Self {
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
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<LaunchFault>);

impl Faults {
    /// Adds a fault of the configuration as a whole.
    pub(crate) fn add(&mut self, kind: LaunchFaultKind, message: impl Into<String>) {
        self.0.push(LaunchFault::new(kind, message));
    }

    /// Adds several of one kind.
    pub(crate) fn add_all<M: Into<String>>(
        &mut self,
        kind: LaunchFaultKind,
        messages: impl IntoIterator<Item = M>,
    ) {
        self.0.extend(messages.into_iter().map(|message| LaunchFault::new(kind, message)));
    }

    /// Adds a fault of one endpoint.
    pub(crate) fn add_at(&mut self, endpoint: &Endpoint, kind: LaunchFaultKind, message: &str) {
        self.0.push(LaunchFault::at(endpoint, kind, message));
    }

    /// Adds those of another list.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// All of them, in the order in which they were found.
    pub(crate) fn into_vec(self) -> Vec<LaunchFault> {
        self.0
    }
}

impl fmt::Display for LaunchFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// The messages alone.
#[cfg(test)]
pub(super) fn messages(faults: &Faults) -> Vec<&str> {
    faults.0.iter().map(LaunchFault::message).collect()
}
