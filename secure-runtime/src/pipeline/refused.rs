//! A denial on its way to becoming a response.

use crate::denial::{Denial, DenialKind};

/// Boxed, because it is rare and large.
pub(super) type Refused = Box<Denial>;

/// A refusal whose cause is for the operator alone.
pub(super) fn refused(kind: DenialKind, cause: &'static str) -> Refused {
    Box::new(Denial::new(kind, cause))
}
