//! How a request ends before its handler is called.

use actix_web::HttpResponse;

use crate::denial::{Denial, DenialKind};

/// A refused request. Boxed, because it is rare and large.
pub(super) type Refused = Box<Denial>;

/// A refusal whose cause only the operator sees.
pub(super) fn refused(kind: DenialKind, cause: &'static str) -> Refused {
    Box::new(Denial::new(kind, cause))
}

/// How a request ends before its handler is called.
pub(super) enum Ended {
    Refused(Refused),
    Answered(Box<EarlyAnswer>),
    /// The client is gone, and nothing depends on how the request ends.
    Abandoned,
}

/// A response that an extractor of the application, or an expression of a rule, rendered itself.
pub(super) struct EarlyAnswer {
    pub(super) response: HttpResponse,
    /// For the log.
    pub(super) cause: String,
}

impl From<Refused> for Ended {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}
