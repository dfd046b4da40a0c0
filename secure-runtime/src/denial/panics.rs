//! A panic in code of the application, on the way to the handler, is a fault of this side: the request
//! is refused with 500 and the log has a line, where the connection would end without an answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use crate::denial::Denial;

/// Runs code of the application; a panic is a denial that names what panicked.
///
/// What the code was given may be half changed: it is for the request alone, which ends.
pub(crate) fn caught<T>(what: &str, run: impl FnOnce() -> T) -> Result<T, Denial> {
    let outcome = catch_unwind(AssertUnwindSafe(run));
    outcome.map_err(|_| Denial::internal(format!("{what} panicked")))
}

/// The same of one poll of a future that the application wrote. It must not be polled again after a
/// panic.
pub(crate) fn poll_caught<T, E: Into<actix_web::Error>>(
    what: &str,
    poll: impl FnOnce() -> Poll<Result<T, E>>,
) -> Poll<Result<T, actix_web::Error>> {
    match caught(what, poll) {
        Ok(polled) => polled.map_err(Into::into),
        Err(denial) => Poll::Ready(Err(denial.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denial::DenialKind;

    #[test]
    fn a_panic_is_a_denial_and_all_else_passes() {
        assert_eq!(caught("it", || 7).ok(), Some(7));
        let denial = caught("it", || panic!("s3cr3t")).map(|(): ()| ()).unwrap_err();
        assert_eq!((denial.kind(), denial.cause()), (DenialKind::Internal, "it panicked"));
        let polled = poll_caught("it", || Poll::Ready(Err::<(), _>(Denial::internal("said"))));
        let Poll::Ready(Err(error)) = polled else { panic!("it was ready") };
        assert!(error.as_error::<Denial>().is_some());
        assert!(poll_caught("it", || Poll::<Result<(), Denial>>::Pending).is_pending());
    }
}
