//! Budgets for failures: how many, and which answers are one.

use std::fmt;

use crate::throttling::{LimitMode, Quota};

/// One budget for failures of an endpoint.
///
/// Prints as `failures 10/min on 404 shared as login observed`, without what is as most have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailureBudget {
    /// How many, in which time.
    pub quota: Quota,
    /// The statuses that are failures; empty: 401 and 403, and 404 where the endpoint
    /// [hides](super::Policy::hides) what is forbidden.
    pub on: &'static [u16],
    /// The name under which every endpoint that uses this budget counts together; `None`: each counts
    /// for itself.
    pub shared: Option<&'static str>,
    /// What the attribute says of whoever makes more; `None`: what the configuration says.
    pub mode: Option<LimitMode>,
}

impl FailureBudget {
    pub(crate) const fn new(quota: Quota) -> Self {
        Self { quota, on: &[], shared: None, mode: None }
    }

    /// The statuses that are failures.
    ///
    /// Where an endpoint hides what is forbidden, what is not there is a failure as well: else whoever
    /// counts would learn which is which.
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
