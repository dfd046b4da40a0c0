//! Turns a denial into a response: status, body, and the header fields of 401, 415, 426 and 429
//! (`Retry-After`). The rate limit headers are in [`rate_limit_headers`].

pub(super) mod log;
mod own_problem;
pub(super) mod rate_limit_headers;
mod repeated;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE,
};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use self::log::RefusedRequest;
use crate::answer::Answers;
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::probe;
use crate::pipeline::refused::Refused;
use crate::problem;
use crate::security::{ProblemHook, Security};
use crate::throttling::FieldValue;

/// The response to a refused request, with the denial as its error, for tests and for middlewares
/// such as loggers. Without a gate, it has no challenges.
pub(super) fn refuse(refusing: RefusedRequest<'_>, mut denial: Refused) -> HttpResponse {
    if let Some(gate) = refusing.gate {
        challenge(gate, &mut denial);
    }
    // A `Security` that is not responsible for the endpoint still has the application's form of
    // problems.
    let installed = || refusing.request.app_data::<Security>();
    let security = refusing.gate.map(|gate| gate.security).or_else(installed);
    let response = render(denial, refusing.request, security);
    if let Some(denial) = Denial::of(&response) {
        refusing.log_denial(denial, response.status());
    }
    response
}

/// Answers a path that leads to no endpoint: 404 in the same form as other refusals, including
/// [`SecurityBuilder::answer`](crate::SecurityBuilder::answer) and the nearest
/// [`Answers`](crate::answer::Answers).
///
/// actix-web uses it for an unknown method too, unless the path has a `web::resource`.
///
/// ```standalone_crate
/// use actix_web::{App, web};
/// use secure_runtime::{Security, route};
///
/// let app = App::new()
///     .app_data(Security::builder().build()?)
///     .service(secure_runtime::scope("/api").default_service(route::not_found()))
///     .default_service(web::to(secure_runtime::not_found));
/// # drop(app);
/// # Ok::<(), secure_runtime::LaunchError>(())
/// ```
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    let denial = Box::new(Denial::new(DenialKind::NotFound, "the path leads to no endpoint"));
    let mut response = render(denial, &request, request.app_data::<Security>());
    remove_unwanted_fields(&mut response);
    probe::mark(&request, response)
}

/// The denial as a response, after the hooks of the application.
fn render(denial: Refused, request: &HttpRequest, security: Option<&Security>) -> HttpResponse {
    let configured = || security.and_then(|it| it.inner().answers.as_ref());
    let answers = Answers::nearest(request).or_else(configured);
    let answer = answers.and_then(|answers| answers.answer(&denial, request));
    let (own, without) = answer.map_or((None, Vec::new()), |answer| answer.into_parts());
    let hook = security.and_then(|it| it.inner().problem_hook.as_ref());
    let body = match own {
        None => hook.and_then(|hook| shape_with_hook(hook, &denial, request)),
        Some(_) => None,
    };
    let error: Box<dyn ResponseError> = denial;
    let response = HttpResponse::from_error(error);
    let mut response = match (own, body) {
        (Some(own), _) => with_application_response(response, own),
        (None, Some(body)) => response.set_body(BoxBody::new(body)),
        (None, None) => response,
    };
    if !without.is_empty() {
        response.extensions_mut().insert(Unwanted(without));
    }
    response
}

/// The application's response in place of the standard one, with the standard header fields. The
/// denial stays its error.
fn with_application_response(mut standard: HttpResponse, own: HttpResponse) -> HttpResponse {
    let (mut own, body) = own.into_parts();
    let (fields, own_fields) = (standard.headers(), own.headers_mut());
    // The application cannot override these fields: they are facts.
    for name in [RETRY_AFTER, ACCEPT_ENCODING, UPGRADE] {
        if let Some(value) = fields.get(&name) {
            own_fields.insert(name, value.clone());
        }
    }
    if !own_fields.contains_key(WWW_AUTHENTICATE) {
        for challenge in fields.get_all(WWW_AUTHENTICATE) {
            own_fields.append(WWW_AUTHENTICATE, challenge.clone());
        }
    }
    std::mem::swap(standard.head_mut(), own.head_mut());
    std::mem::swap(&mut *standard.extensions_mut(), &mut *own.extensions_mut());
    standard.set_body(body)
}

/// Header fields that the application does not want. They are removed at the end.
struct Unwanted(Vec<HeaderName>);

/// Removes the header fields of a refusal that the application does not want.
#[cold]
pub(super) fn remove_unwanted_fields(response: &mut HttpResponse) {
    let unwanted = response.extensions_mut().remove::<Unwanted>();
    for field in unwanted.iter().flat_map(|Unwanted(fields)| fields) {
        response.headers_mut().remove(field);
    }
}

/// Adds the challenges (`WWW-Authenticate`) of the endpoint's authenticators for the denial's kind.
pub(super) fn challenge(gate: &Gate<'_>, denial: &mut Denial) {
    if denial.challenges.is_none() {
        let challenges = &gate.plan.authentication.challenges;
        denial.challenges = challenges.of(denial.kind(), denial.authenticator);
    }
}

/// The problem as JSON, after the application's hook; `None` if the hook panics.
fn shape_with_hook(hook: &ProblemHook, denial: &Denial, request: &HttpRequest) -> Option<String> {
    let mut problem = denial.problem();
    match catch_unwind(AssertUnwindSafe(|| hook(denial, &mut problem, request))) {
        Ok(()) => Some(problem.to_json()),
        Err(_) => {
            tracing::error!(
                "the hook for `problems` panicked: the problem is sent without its changes"
            );
            None
        }
    }
}

impl Denial {
    /// The denial of a refused request's response; see [`refuse`].
    pub(crate) fn of<Body>(response: &HttpResponse<Body>) -> Option<&Self> {
        response.error()?.as_error()
    }

    /// The HTTP status code of its kind.
    #[must_use]
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Handlers and extractors can return a denial as an error.
impl ResponseError for Denial {
    fn status_code(&self) -> StatusCode {
        Self::status_code(self)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        // The map is empty, so appending equals inserting, at half the cost.
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
        // RFC 9110 section 15.5.16: the codings that the client could use instead.
        if let Some(Ok(codings)) = self.codings().map(HeaderValue::try_from) {
            headers.append(ACCEPT_ENCODING, codings);
        }
        if self.kind() == DenialKind::UpgradeRequired {
            // actix-web adds `Connection: upgrade` (RFC 9110 section 7.8).
            headers.append(UPGRADE, HeaderValue::from_static("websocket"));
        }
        let body = self.prerendered_problem().unwrap_or_else(|| self.problem().to_json().into());
        response.map_body(|_, _| match body {
            Cow::Borrowed(body) => BoxBody::new(body),
            Cow::Owned(body) => BoxBody::new(body),
        })
    }
}
