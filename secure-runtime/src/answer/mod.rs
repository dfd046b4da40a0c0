//! The application's own answers to refused requests: body, content type and status.
//!
//! 1. A hook makes the response of a refusal: [`SecurityBuilder::answer`](crate::SecurityBuilder::answer)
//!    for a program, [`Scope::answer`](crate::Scope::answer) or [`Answers`] as `app_data` for a part of
//!    it. The nearest one holds.
//! 2. Fields that clients depend on are added to its response: `WWW-Authenticate`, `Retry-After`,
//!    `Accept-Encoding` (415), `RateLimit` and `RateLimit-Policy` or their legacy form. Those that the
//!    response has already: its own `WWW-Authenticate` stays; the others are facts, and the pipeline's
//!    value takes the place of the response's. [`Answer::without`] leaves a field out.
//! 3. What the pipeline decides does not depend on the answer: budgets for failures count the denial,
//!    and not the status that the application chose; the log has the denial's status and cause.
//! 4. The response's `error()` is the [`Denial`], so that middlewares, logs and tests find it.
//! 5. A hook that panics, or answers with a status below 200, is logged, and the standard problem is
//!    sent.
//! 6. A hook may be called twice for a request: where a refusal is the last one that a budget for
//!    failures allows, the 429 is answered instead.
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

/// The answer to a refused request, as a hook makes it: of a response, of a [`Problem`], or the standard
/// one.
///
/// ```
/// use actix_web::HttpResponse;
/// use actix_web::http::header::WWW_AUTHENTICATE;
/// use secure_runtime::answer::Answer;
///
/// let page = HttpResponse::Unauthorized().content_type("text/html").body("<h1>Sign in</h1>");
/// // Without a challenge of the scheme `Basic` no browser opens its dialog.
/// let answer = Answer::from(page).without(WWW_AUTHENTICATE);
/// # drop(answer);
/// ```
#[must_use = "a hook returns it"]
pub struct Answer {
    /// `None`: the standard problem, as the hook for problems shapes it.
    response: Option<HttpResponse>,
    without: Vec<HeaderName>,
}

impl Answer {
    /// The problem that is sent where no hook is, as [`problems`](crate::SecurityBuilder::problems)
    /// shapes it.
    pub fn standard() -> Self {
        Self { response: None, without: Vec::new() }
    }

    /// Leaves out a field that would be added, or that the standard answer has.
    ///
    /// A 401 without `WWW-Authenticate` breaks RFC 9110 section 15.5.2; programs look there for the
    /// scheme. A 429 without `Retry-After` is tried again at once.
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

/// How refused requests are answered in a part of the program: `app_data` of an `App`, a scope or a
/// resource. The nearest one holds, also over [`SecurityBuilder::answer`](crate::SecurityBuilder::answer).
///
/// It is given as it is, and not in a `web::Data`.
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
    /// Answers with what this function makes of a denial and its request.
    pub fn new<A: Into<Answer>>(
        hook: impl Fn(&Denial, &HttpRequest) -> A + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |denial, request| hook(denial, request).into()))
    }

    /// Those that are nearest to the handler.
    pub(crate) fn nearest(request: &HttpRequest) -> Option<&Self> {
        request.app_data()
    }

    /// `None`: what is sent is the standard answer.
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
            "the hook that answers refused requests {fault}: the standard problem is sent instead"
        );
        None
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answers").finish_non_exhaustive()
    }
}
