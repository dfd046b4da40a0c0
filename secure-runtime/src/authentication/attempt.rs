//! The result of an authentication attempt.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::Refusal;
use crate::principal::Principal;

/// The result of [`Authenticator::authenticate`](super::Authenticator::authenticate).
#[non_exhaustive]
pub enum Attempt {
    /// The request carries no credentials of this scheme.
    Absent,
    /// The credentials are good.
    Accepted(Principal),
    /// The credentials are rejected, or the authenticator cannot decide.
    Refused(Refusal),
    /// The result is not known yet.
    Pending(Pin<Box<dyn Future<Output = Verdict> + Send>>),
}

impl fmt::Debug for Attempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => formatter.write_str("Absent"),
            Self::Accepted(principal) => {
                formatter.debug_tuple("Accepted").field(principal).finish()
            }
            Self::Refused(refusal) => formatter.debug_tuple("Refused").field(refusal).finish(),
            Self::Pending(_) => formatter.write_str("Pending"),
        }
    }
}

/// The result of an [`Attempt::Pending`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// The credentials are good.
    Accepted(Principal),
    /// The credentials are rejected, or the authenticator cannot decide.
    Refused(Refusal),
}

impl From<Verdict> for Attempt {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accepted(principal) => Self::Accepted(principal),
            Verdict::Refused(refusal) => Self::Refused(refusal),
        }
    }
}
