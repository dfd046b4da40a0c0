//! How the builder is told in which form refused requests are answered.

use actix_web::HttpRequest;

use super::SecurityBuilder;
use crate::answer::{Answer, Answers};
use crate::denial::Denial;
use crate::problem::Problem;

impl SecurityBuilder {
    /// Shapes the problem of every denial: its type URI, its title, its instance, further members.
    ///
    /// The status and the media type stay; [`answer`](Self::answer) changes these as well. A hook that
    /// panics is logged, and the problem goes out as it was.
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

    /// Answers every refused request with the application's own response: its body, its content type and
    /// its status.
    ///
    /// `WWW-Authenticate`, `Retry-After` and the fields of limits are added to it; see
    /// [`answer`](crate::answer) for the rules, and `docs/errors.md` for pages and redirections.
    /// [`Scope::answer`](crate::Scope::answer) answers for a part of the program.
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
