//! The one place where a denial becomes a response.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use crate::denial::{Denial, DenialKind};
use crate::policy::Endpoint;
use crate::problem;
use crate::security::{ProblemHook, Security};

/// The response of a refused request. Without a [`Security`] that answers for the endpoint there
/// are neither challenges nor a hook.
pub(super) fn refuse(
    request: &HttpRequest,
    endpoint: &'static Endpoint,
    denial: Denial,
) -> HttpResponse {
    let denial = challenged(request, endpoint, denial);
    log(endpoint, &denial);
    let security = request.app_data::<Security>();
    let hook = security.and_then(|security| security.inner().problem_hook.as_ref());
    let body = hook.and_then(|hook| shaped(hook, &denial)).unwrap_or_else(|| body(&denial));
    let mut response = render(&denial, body);
    // For what runs in the same process: a log, a test. It is not sent.
    response.extensions_mut().insert(denial);
    response
}

/// The denial with the challenges that the endpoint's authenticators make for its kind.
pub(super) fn challenged(
    request: &HttpRequest,
    endpoint: &'static Endpoint,
    denial: Denial,
) -> Denial {
    match request.app_data::<Security>().and_then(|security| security.plan(endpoint)) {
        Some(plan) if denial.challenges.is_empty() => {
            let challenges = plan.authentication.challenges.of(denial.kind(), denial.concerned);
            denial.with_challenges(challenges)
        }
        _ => denial,
    }
}

/// The problem as the application's hook shapes it; `None` if the hook panics.
fn shaped(hook: &ProblemHook, denial: &Denial) -> Option<String> {
    let mut problem = denial.problem();
    match catch_unwind(AssertUnwindSafe(|| hook(denial, &mut problem))) {
        Ok(()) => Some(problem.to_json()),
        Err(_) => {
            tracing::error!("the hook that shapes problems panicked");
            None
        }
    }
}

/// A denial as an error of actix-web: for extractors and handlers that return one.
impl ResponseError for Denial {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        render(self, body(self))
    }
}

fn body(denial: &Denial) -> String {
    denial.usual_problem().unwrap_or_else(|| denial.problem().to_json())
}

fn render(denial: &Denial, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(denial.status_code());
    // Nothing is there yet, so that appending is inserting, at half the work.
    let headers = response.headers_mut();
    headers.append(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
    for challenge in denial.challenges.iter() {
        if let Ok(challenge) = HeaderValue::from_str(challenge) {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
    }
    if let Some(seconds) = denial.throttled.as_ref().and_then(|it| it.retry_after_seconds) {
        headers.append(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.map_body(|_, _| BoxBody::new(body))
}

fn log(endpoint: &Endpoint, denial: &Denial) {
    let (handler, cause) = (endpoint.name, denial.cause());
    match denial.kind() {
        DenialKind::Internal | DenialKind::Unavailable => {
            tracing::error!(handler, status = denial.kind().status(), cause, "refused");
        }
        kind => tracing::info!(handler, status = kind.status(), cause, "refused"),
    }
}
