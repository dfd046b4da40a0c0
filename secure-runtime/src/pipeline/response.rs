//! The one place where a denial becomes a response, and where limits are described to clients.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, ResponseError};

use super::body::{Holding, Unread};
use super::limits::LimitReport;
use super::passage::Passage;
use crate::denial::{Denial, DenialKind};
use crate::policy::Endpoint;
use crate::problem;
use crate::scope::SecuredResponse;
use crate::throttling::{RateLimitHeaders, limit_field, reset_seconds};

/// A request that no [`Security`](crate::Security) can judge.
pub(super) fn unconfigured(
    endpoint: &'static Endpoint,
    denial: &Denial,
    unread: Option<Unread>,
) -> SecuredResponse {
    log(endpoint, denial);
    SecuredResponse::new(holding(denial.error_response(), unread))
}

/// The response with whatever of the request's body must outlive its sending.
pub(super) fn holding(response: HttpResponse, unread: Option<Unread>) -> HttpResponse {
    match unread {
        None => response,
        Some(unread) => {
            response.map_body(|_, body| BoxBody::new(Holding { body, _unread: unread }))
        }
    }
}

/// The response of a refused request.
pub(super) fn refuse(passage: &Passage<'_>, mut denial: Denial) -> HttpResponse {
    let Passage { security, plan, .. } = passage;
    if denial.challenges.is_empty() {
        denial.challenges = plan.challenges(denial.kind());
    }
    log(plan.endpoint, &denial);
    let body = match &security.inner().problem_hook {
        None => body(&denial),
        Some(hook) => {
            let mut shaped = denial.problem();
            match catch_unwind(AssertUnwindSafe(|| hook(&denial, &mut shaped))) {
                Ok(()) => shaped.to_json(),
                Err(_) => {
                    tracing::error!("the hook that shapes problems panicked");
                    body(&denial)
                }
            }
        }
    };
    render(&denial, body)
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
    if !denial.is_plain() {
        return denial.problem().to_json();
    }
    // What `problem` would write, without the tree in between.
    let kind = denial.kind();
    format!(r#"{{"type":"about:blank","title":"{}","status":{}}}"#, kind.title(), kind.status())
}

fn render(denial: &Denial, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(denial.status_code());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
    for challenge in denial.challenges.iter() {
        if let Ok(challenge) = HeaderValue::from_str(challenge) {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
    }
    if let Some(seconds) = denial.throttled.as_ref().and_then(|it| it.retry_after_seconds) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.map_body(|_, _| BoxBody::new(body))
}

/// Adds the fields that describe the limit nearest to exhaustion.
pub(super) fn describe_limits(passage: &Passage<'_>, headers: &mut HeaderMap) {
    let Some(LimitReport { limit, decision }) = &passage.report else {
        return;
    };
    match passage.security.inner().headers {
        RateLimitHeaders::Off => {}
        RateLimitHeaders::Draft10 => {
            if let Some(policy) = &passage.plan.policy_field {
                headers.insert(RATELIMIT_POLICY, policy.clone());
            }
            let field = Bytes::from(limit_field(&limit.field_name, decision));
            if let Ok(field) = HeaderValue::from_maybe_shared(field) {
                headers.insert(RATELIMIT, field);
            }
        }
        RateLimitHeaders::Legacy => {
            let permits = limit.limit.quota.permits().get();
            headers.insert(X_RATELIMIT_LIMIT, HeaderValue::from(permits));
            headers.insert(X_RATELIMIT_REMAINING, HeaderValue::from(decision.remaining()));
            headers.insert(X_RATELIMIT_RESET, HeaderValue::from(reset_seconds(decision)));
        }
    }
}

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const X_RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

fn log(endpoint: &Endpoint, denial: &Denial) {
    let (handler, cause) = (endpoint.name, denial.cause());
    match denial.kind() {
        DenialKind::Internal | DenialKind::Unavailable => {
            tracing::error!(handler, status = denial.kind().status(), cause, "refused");
        }
        kind => tracing::info!(handler, status = kind.status(), cause, "refused"),
    }
}
