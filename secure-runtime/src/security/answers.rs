//! Settings of the builder for the form of refusals: problems (RFC 9457), or responses of the application.

use actix_web::HttpRequest;

use super::SecurityBuilder;
use crate::answer::{Answer, Answers};
use crate::denial::Denial;
use crate::problem::Problem;

impl SecurityBuilder {
    /// Changes the problem (RFC 9457) of every refusal: its type URI, its title, its instance, further
    /// members.
    ///
    /// The status and the media type stay; [`answer`](Self::answer) replaces these as well. If the hook
    /// panics, the panic is logged and the problem is sent unchanged.
    ///
    /// ```
    /// use secure_runtime::{DenialKind, Security};
    ///
    /// let security = Security::builder().problems(|denial, problem, request| {
    ///     problem.set_instance(request.path());
    ///     if denial.kind() == DenialKind::Throttled {
    ///         problem.set_member("upgrade", "https://shop.example/plans");
    ///     }
    /// });
    /// # drop(security);
    /// ```
    pub fn problems(
        mut self,
        hook: impl Fn(&Denial, &mut Problem, &HttpRequest) + Send + Sync + 'static,
    ) -> Self {
        self.problem_hook = Some(Box::new(hook));
        self
    }

    /// Answers every refused request with the application's own response: body, content type and status.
    ///
    /// `WWW-Authenticate`, `Retry-After` and the rate limit headers are added to it.
    /// [`answer`](crate::answer) has the rules, and `docs/errors.md` covers pages and redirects.
    /// [`Scope::answer`](crate::Scope::answer) does the same for a part of the program.
    ///
    /// ```
    /// use actix_web::HttpResponse;
    /// use secure_runtime::Security;
    /// use serde_json::json;
    ///
    /// let security = Security::builder().answer(|denial, _request| {
    ///     let error = json!({"code": denial.kind().title(), "message": denial.detail()});
    ///     HttpResponse::build(denial.status_code()).json(json!({"error": error}))
    /// });
    /// # drop(security);
    /// ```
    pub fn answer<A: Into<Answer>>(
        mut self,
        hook: impl Fn(&Denial, &HttpRequest) -> A + Send + Sync + 'static,
    ) -> Self {
        self.answers = Some(Answers::new(hook));
        self
    }
}
