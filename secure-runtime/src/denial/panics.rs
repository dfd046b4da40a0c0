//! Catches panics in code of the application that runs before the handler. The request is refused
//! with 500 and logged; otherwise the connection would end without a response.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use crate::denial::Denial;

/// Runs code of the application. A panic becomes a denial that names the code.
///
/// The code may leave its data half changed. That is safe, because the data belongs to this
/// request, which ends.
pub(crate) fn caught<T>(what: &str, run: impl FnOnce() -> T) -> Result<T, Denial> {
    let outcome = catch_unwind(AssertUnwindSafe(run));
    outcome.map_err(|_| Denial::internal(format!("{what} panicked")))
}

/// Like [`caught`], for one poll of a future of the application. Do not poll the future again after
/// a panic.
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
