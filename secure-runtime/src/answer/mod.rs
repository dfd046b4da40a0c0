//! Custom responses to refused requests: body, content type and status.
//!
//! 1. A hook creates the response to a refused request:
//!    [`SecurityBuilder::answer`](crate::SecurityBuilder::answer) for the program,
//!    [`Scope::answer`](crate::Scope::answer) or [`Answers`] as `app_data` for a part of it. The
//!    nearest hook is used.
//! 2. Header fields that clients depend on are added to the response: `WWW-Authenticate`,
//!    `Retry-After`, `Accept-Encoding` (415), `RateLimit` and `RateLimit-Policy` or their legacy
//!    form. If the hook has set `WWW-Authenticate` itself, its value is kept. The others are facts,
//!    so the pipeline's value replaces the hook's. [`Answer::without`] leaves a field out.
//! 3. The hook does not change what the pipeline decides. Failure budgets count the denial, not the
//!    status that the hook chose. The log has the denial's status and cause.
//! 4. The response's `error()` is the [`Denial`], for middlewares, logs and tests.
//! 5. If a hook panics, or returns a status below 200, an error is logged and the standard problem
//!    is sent.
//! 6. A hook may run twice for one request: if the refusal uses up a failure budget, the response
//!    is the 429 instead.
//!
//! `docs/errors.md` has examples.

mod login;
mod page;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::http::header::HeaderName;
use actix_web::{HttpRequest, HttpResponse};

use crate::denial::Denial;
use crate::problem::Problem;
pub use login::{login_redirect, return_path};
pub use page::{is_page_request, preferred};

/// The response of a hook to a refused request: made from a response, from a [`Problem`], or the
/// standard one.
///
/// ```
/// use actix_web::HttpResponse;
/// use actix_web::http::header::WWW_AUTHENTICATE;
/// use secure_runtime::answer::Answer;
///
/// let page = HttpResponse::Unauthorized().content_type("text/html").body("<h1>Sign in</h1>");
/// // Without a challenge of the scheme `Basic`, no browser opens its dialog.
/// let answer = Answer::from(page).without(WWW_AUTHENTICATE);
/// # drop(answer);
/// ```
#[must_use = "a hook returns it"]
pub struct Answer {
    /// `None`: the standard problem, after the hook for problems.
    response: Option<HttpResponse>,
    without: Vec<HeaderName>,
}

impl Answer {
    /// The problem that is sent without a hook, including the changes by
    /// [`problems`](crate::SecurityBuilder::problems).
    pub fn standard() -> Self {
        Self { response: None, without: Vec::new() }
    }

    /// Leaves out a header field that would be added, or that the standard response has.
    ///
    /// A 401 without `WWW-Authenticate` violates RFC 9110 section 15.5.2, and programs read the
    /// scheme from it. Clients retry a 429 without `Retry-After` at once.
    pub fn without(mut self, field: HeaderName) -> Self {
        self.without.push(field);
        self
    }

    pub(crate) fn into_parts(self) -> (Option<HttpResponse>, Vec<HeaderName>) {
        (self.response, self.without)
    }

    fn of(response: HttpResponse) -> Self {
        Self { response: Some(response), without: Vec::new() }
    }
}

impl<B: MessageBody + 'static> From<HttpResponse<B>> for Answer {
    fn from(response: HttpResponse<B>) -> Self {
        Self::of(response.map_into_boxed_body())
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        Self::of(problem.into_response())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.response.as_ref().map(|response| response.status().as_u16());
        let mut shown = formatter.debug_struct("Answer");
        shown.field("status", &status).field("without", &self.without).finish_non_exhaustive()
    }
}

type Hook = dyn Fn(&Denial, &HttpRequest) -> Answer + Send + Sync;

/// The hook for refused requests in a part of the program: `app_data` of an `App`, a scope or a
/// resource. The nearest one is used, before
/// [`SecurityBuilder::answer`](crate::SecurityBuilder::answer).
///
/// Pass it directly, not in a `web::Data`.
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use secure_runtime::answer::Answers;
///
/// let pages = Answers::new(|denial, _| {
///     HttpResponse::build(denial.status_code())
///         .content_type("text/html; charset=utf-8")
///         .body(format!("<h1>{}</h1>", denial.kind().title()))
/// });
/// let app = App::new().service(web::scope("/pages").app_data(pages));
/// # drop(app);
/// ```
#[derive(Clone)]
pub struct Answers(Arc<Hook>);

impl Answers {
    /// Uses the response that this function returns for a denial and its request.
    pub fn new<A: Into<Answer>>(
        hook: impl Fn(&Denial, &HttpRequest) -> A + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |denial, request| hook(denial, request).into()))
    }

    /// The hook nearest to the handler.
    pub(crate) fn nearest(request: &HttpRequest) -> Option<&Self> {
        request.app_data()
    }

    /// The hook's response; `None` for the standard one.
    pub(crate) fn answer(&self, denial: &Denial, request: &HttpRequest) -> Option<Answer> {
        let answer = catch_unwind(AssertUnwindSafe(|| (self.0)(denial, request)));
        let fault = match answer {
            Ok(answer) => match &answer.response {
                Some(response) if response.status().is_informational() => {
                    "answered with a status below 200"
                }
                _ => return Some(answer),
            },
            Err(_) => "panicked",
        };
        tracing::error!(
            status = denial.kind().status(),
            "the hook for `answer` {fault}: the standard problem is sent instead"
        );
        None
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answers").finish_non_exhaustive()
    }
}
