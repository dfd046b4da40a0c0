//! Why a request ends before its handler is called.

use actix_web::HttpResponse;

use crate::denial::{Denial, DenialKind};

/// Boxed, because it is rare and large.
pub(super) type Refused = Box<Denial>;

/// A refusal whose cause is for the operator alone.
pub(super) fn refused(kind: DenialKind, cause: &'static str) -> Refused {
    Box::new(Denial::new(kind, cause))
}

/// How a request ends before its handler is called.
pub(super) enum Ended {
    Refused(Refused),
    Answered(Box<EarlyAnswer>),
    /// Its client is gone, and nothing hangs on how it ends.
    Abandoned,
}

/// The answer that an extractor of the application rendered, or an expression of a rule.
pub(super) struct EarlyAnswer {
    pub(super) response: HttpResponse,
    /// For the operator.
    pub(super) cause: String,
}

impl From<Refused> for Ended {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}
