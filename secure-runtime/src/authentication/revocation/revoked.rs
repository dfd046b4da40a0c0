//! The result of a revocation, and its errors.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A revocation that counts in this process already.
///
/// Awaited, it says whether it was also stored where the other processes learn of it. Without a
/// store there is nothing to wait for.
#[derive(Debug)]
#[must_use = "awaited, it says whether the revocation was stored"]
pub struct Revoked(State);

#[derive(Debug)]
enum State {
    Known(Result<(), RevocationError>),
    #[cfg(feature = "redis")]
    Storing(tokio::sync::oneshot::Receiver<Result<(), RevocationError>>),
}

/// Why a revocation did not, or not everywhere, take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationError {
    /// It was to reach what will be issued more than five minutes from now. Nothing was revoked.
    InTheFuture,
    /// The caller's credentials are of a kind that no list reaches: they do not say when they were
    /// issued and when they end. Nothing was revoked.
    OutOfReach,
    /// The store does not answer. The revocation counts in this process and is stored when the store
    /// is back; until then the other processes do not know of it.
    NotStored,
}

impl Revoked {
    pub(super) fn known(outcome: Result<(), RevocationError>) -> Self {
        Self(State::Known(outcome))
    }

    #[cfg(feature = "redis")]
    pub(super) fn storing(
        outcome: tokio::sync::oneshot::Receiver<Result<(), RevocationError>>,
    ) -> Self {
        Self(State::Storing(outcome))
    }
}

impl Future for Revoked {
    type Output = Result<(), RevocationError>;

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Known(outcome) => Poll::Ready(*outcome),
            #[cfg(feature = "redis")]
            State::Storing(outcome) => Pin::new(outcome)
                .poll(_context)
                .map(|outcome| outcome.unwrap_or(Err(RevocationError::NotStored))),
        }
    }
}

impl fmt::Display for RevocationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::InTheFuture => {
                "a revocation reaches what was issued, not what will be: the time is more than five \
                 minutes ahead"
            }
            Self::OutOfReach => {
                "these credentials do not say when they were issued and when they end: no list of \
                 revocations reaches them"
            }
            Self::NotStored => {
                "the revocation counts in this process, and the store of revocations did not take it"
            }
        })
    }
}

impl std::error::Error for RevocationError {}
