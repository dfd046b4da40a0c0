//! The one place where a denial becomes a response.

pub(super) mod log;
pub(super) mod rate_limit_headers;
mod repeated;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::body::BoxBody;
use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE,
};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::{HttpResponse, ResponseError};

use self::log::Refusing;
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::refused::Refused;
use crate::problem;
use crate::security::ProblemHook;
use crate::throttling::FieldValue;

/// The response of a refused request, with the denial as its error: for what runs in the same process, a
/// log, a test. Without a gate there are neither challenges nor a hook.
pub(super) fn refuse(refusing: Refusing<'_>, mut denial: Refused) -> HttpResponse {
    let mut body = None;
    if let Some(gate) = refusing.gate {
        challenge(gate, &mut denial);
        let hook = gate.security.inner().problem_hook.as_ref();
        body = hook.and_then(|hook| shaped(hook, &denial));
    }
    refusing.log_denial(&denial);
    let error: Box<dyn ResponseError> = denial;
    let response = HttpResponse::from_error(error);
    match body {
        Some(body) => response.set_body(BoxBody::new(body)),
        None => response,
    }
}

/// Adds the challenges that the endpoint's authenticators make for the denial's kind.
pub(super) fn challenge(gate: &Gate<'_>, denial: &mut Denial) {
    if denial.challenges.is_none() {
        let challenges = &gate.plan.authentication.challenges;
        denial.challenges = challenges.of(denial.kind(), denial.concerned);
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

impl Denial {
    /// What a response says of why its request was refused; see [`refuse`].
    pub(crate) fn of<Body>(response: &HttpResponse<Body>) -> Option<&Self> {
        response.error()?.as_error()
    }
}

/// A denial as an error of actix-web: for extractors and handlers that return one.
impl ResponseError for Denial {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        // Nothing is there yet, so that appending is inserting, at half the work.
        let headers = response.headers_mut();
        headers.append(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
        for challenge in self.challenges.iter().flat_map(|challenges| challenges.iter()) {
            if let Ok(challenge) = HeaderValue::from_str(challenge) {
                headers.append(WWW_AUTHENTICATE, challenge);
            }
        }
        if let Some(seconds) = self.retry_after_seconds().map(FieldValue::number)
            && let Ok(seconds) = HeaderValue::from_bytes(seconds.as_bytes())
        {
            headers.append(RETRY_AFTER, seconds);
        }
        // RFC 9110 section 15.5.16: what the client could send instead.
        if let Some(Ok(codings)) = self.codings().map(HeaderValue::try_from) {
            headers.append(ACCEPT_ENCODING, codings);
        }
        if self.kind() == DenialKind::UpgradeRequired {
            headers.append(UPGRADE, HeaderValue::from_static("websocket"));
            response.head_mut().set_connection_type(ConnectionType::Upgrade);
        }
        let body = self.usual_problem().unwrap_or_else(|| self.problem().to_json().into());
        response.map_body(|_, _| match body {
            Cow::Borrowed(body) => BoxBody::new(body),
            Cow::Owned(body) => BoxBody::new(body),
        })
    }
}
