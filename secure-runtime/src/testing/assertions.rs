//! Assertions about responses, which show why a request was denied.

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;

use super::denial;
use crate::denial::Denial;

/// Asserts that a request was refused, and that the [cause](Denial::cause) has this text in it: a test
/// that expects a 401 passes for the wrong reason otherwise, an issuer that is not the test's for
/// instance.
///
/// ```standalone_crate
/// use actix_web::{App, get, test};
/// use secure_runtime::secure;
/// use secure_runtime::testing::{TestSecurity, assert_admitted, assert_refused};
///
/// #[secure(roles = "admin")]
/// #[get("/admin")]
/// async fn admin() -> &'static str {
///     "welcome"
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let TestSecurity { security, issuer, .. } = TestSecurity::new()?;
/// let app = test::init_service(App::new().app_data(security).service(admin)).await;
/// let call = |token: secure_runtime::testing::Token<'_>| {
///     test::TestRequest::get().uri("/admin").insert_header(token.bearer()).to_request()
/// };
///
/// assert_admitted(&test::call_service(&app, call(issuer.token("ada").role("admin"))).await);
/// let refused = test::call_service(&app, call(issuer.token("bob"))).await;
/// assert_refused(&refused, r#"`role("admin")` does not hold"#);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// If it was not refused by a denial, or because of something else; the message has the cause.
#[track_caller]
#[expect(clippy::panic, reason = "an assertion")]
pub fn assert_refused<B>(response: &ServiceResponse<B>, cause: &str) -> Denial {
    assert!(!cause.is_empty(), "expected the cause of the refusal, or a part of it, found nothing");
    match denial(response) {
        Some(denial) if denial.cause().contains(cause) => denial,
        Some(denial) => panic!(
            "expected a refusal because of `{cause}`, found {denial} because of `{}`",
            denial.cause()
        ),
        None if response.status().is_client_error() || response.status().is_server_error() => {
            panic!(
                "expected a refusal because of `{cause}`, found {}, which is not a refusal of this library: no \
             route takes the request, or the handler returned it",
                response.status()
            )
        }
        None => panic!(
            "expected a refusal because of `{cause}`, found an admitted request: {}",
            response.status()
        ),
    }
}

/// Asserts that a request was admitted: the pipeline refused it nowhere, and the handler has answered with
/// a status below 400.
///
/// See [`assert_refused`] for an example.
///
/// # Panics
///
/// Otherwise; the message has the cause of the denial, or the error of the handler.
#[track_caller]
#[expect(clippy::panic, reason = "an assertion")]
pub fn assert_admitted<B: MessageBody>(response: &ServiceResponse<B>) {
    if let Some(denial) = denial(response) {
        panic!("expected an admitted request, found {denial} because of `{}`", denial.cause());
    }
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        match response.response().error() {
            Some(error) => panic!("expected an admitted request, found {status}: {error}"),
            None => panic!("expected an admitted request, found {status}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use actix_web::test::TestRequest;
    use actix_web::{HttpResponse, error::ErrorConflict};

    use super::*;
    use crate::DenialKind;

    fn response(response: HttpResponse) -> ServiceResponse {
        ServiceResponse::new(TestRequest::default().to_http_request(), response)
    }

    fn refused() -> ServiceResponse {
        let denial = Denial::new(DenialKind::InvalidToken, "the token was revoked");
        response(HttpResponse::from_error(denial))
    }

    /// What an assertion says that does not hold.
    fn message(assertion: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let panic = catch_unwind(assertion).unwrap_err();
        panic.downcast_ref::<String>().cloned().unwrap()
    }

    #[test]
    fn the_message_has_the_cause() {
        assert_eq!(assert_refused(&refused(), "was revoked").kind(), DenialKind::InvalidToken);
        assert_admitted(&response(HttpResponse::Ok().finish()));
        assert_admitted(&response(HttpResponse::Found().finish()));
        assert_eq!(
            message(|| drop(assert_refused(&refused(), "expired"))),
            "expected a refusal because of `expired`, found 401 Unauthorized because of `the token was revoked`"
        );
        assert_eq!(
            message(|| assert_admitted(&refused())),
            "expected an admitted request, found 401 Unauthorized because of `the token was revoked`"
        );
        assert_eq!(
            message(|| drop(assert_refused(&response(HttpResponse::Ok().finish()), "expired"))),
            "expected a refusal because of `expired`, found an admitted request: 200 OK"
        );
        let conflict = || response(HttpResponse::from_error(ErrorConflict("sold out")));
        assert_eq!(
            message(|| assert_admitted(&conflict())),
            "expected an admitted request, found 409 Conflict: sold out"
        );
    }
}
