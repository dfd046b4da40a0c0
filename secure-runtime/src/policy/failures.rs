//! Failure budgets: how many failures, and which response statuses count as a failure.

use std::fmt;

use crate::throttling::{LimitMode, Quota};

/// One failure budget of an endpoint.
///
/// Prints as `failures 10/min on 404 shared as login observed`, without the parts that have their default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureBudget {
    /// The number of failures, and the window.
    pub quota: Quota,
    /// The statuses that are failures; empty: 401 and 403, and 404 if the endpoint
    /// [hides](super::Policy::hides) forbidden resources.
    pub on: &'static [u16],
    /// The name of a budget that several endpoints share; `None`: the endpoint has its own.
    pub shared: Option<&'static str>,
    /// The mode in the attribute; `None`: that of the configuration.
    pub mode: Option<LimitMode>,
}

impl FailureBudget {
    pub(crate) const fn new(quota: Quota) -> Self {
        Self { quota, on: &[], shared: None, mode: None }
    }

    /// The statuses that are failures.
    ///
    /// If an endpoint hides forbidden resources, a missing resource is a failure as well. Otherwise, a client
    /// that counts could tell forbidden and missing resources apart.
    pub(crate) fn statuses(&self, hides: bool) -> Vec<u16> {
        match self.on {
            [] if hides => vec![401, 403, 404],
            [] => vec![401, 403],
            on => on.to_vec(),
        }
    }
}

impl fmt::Display for FailureBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "failures {}", self.quota)?;
        let on: Vec<String> = self.on.iter().map(ToString::to_string).collect();
        if !on.is_empty() {
            write!(formatter, " on {}", on.join(", "))?;
        }
        if let Some(name) = self.shared {
            write!(formatter, " shared as {name}")?;
        }
        self.mode.map_or(Ok(()), |mode| mode.write_of_limit(formatter))
    }
}
