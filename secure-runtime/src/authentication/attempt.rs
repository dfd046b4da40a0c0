//! What an authenticator found.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::Refusal;
use crate::principal::Principal;

/// What an [`Authenticator`](super::Authenticator) found.
#[non_exhaustive]
pub enum Attempt {
    /// The request carries no credentials of this scheme.
    Absent,
    /// The credentials are good.
    Accepted(Principal),
    /// The credentials are not good, or cannot be judged.
    Refused(Refusal),
    /// The answer takes a while.
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

/// What an [`Attempt::Pending`] comes to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// The credentials are good.
    Accepted(Principal),
    /// The credentials are not good, or cannot be judged.
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
