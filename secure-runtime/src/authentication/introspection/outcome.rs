//! What an introspection comes to. Causes are sentences of this program: nothing of a token or of an
//! answer gets into a log through them.

use crate::authentication::token_cache::Validity;
use crate::authentication::{Refusal, Revocations, Verdict};
use crate::principal::Principal;
use crate::support::time::Moment;

/// What is known of a token.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It is active; its times are checked against the clock.
    Active(Principal, Validity),
    /// It is not good, or not for this service.
    Refused(&'static str),
    /// It is not good yet.
    Early(&'static str),
    /// It cannot be decided.
    Unknown(&'static str),
}

impl Outcome {
    /// What a request that came at this time is told. Whether a token is revoked is asked now: it
    /// does not depend on when the provider was.
    pub(super) fn verdict(self, revocations: Option<&Revocations>, now: Moment) -> Verdict {
        // The provider was asked: what it said decides, whatever others make of the token.
        let refused = |cause| Verdict::Refused(Refusal::invalid_token(cause).decided());
        match self {
            Self::Active(_, validity) if validity.is_over(now) => refused("`exp` has passed"),
            Self::Active(_, validity) if validity.is_ahead(now) => refused(NOT_YET),
            Self::Active(principal, _) => {
                match revocations.map_or(Ok(()), |revocations| revocations.check(&principal)) {
                    Ok(()) => Verdict::Accepted(principal),
                    Err(refusal) => Verdict::Refused(refusal.decided()),
                }
            }
            Self::Refused(cause) | Self::Early(cause) => refused(cause),
            Self::Unknown(cause) => Verdict::Refused(Refusal::unavailable(cause)),
        }
    }
}

pub(super) const NOT_YET: &str = "the token is not valid yet: `nbf` or `iat` is in the future";
