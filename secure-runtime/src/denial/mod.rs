//! [`Denial`]: a refused request as a value, with the details for the client and the cause for the
//! log.

mod kind;
mod panics;

pub(crate) use panics::{caught, poll_caught};

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::problem::{Problem, QUOTA_EXCEEDED, REDUCED_CAPACITY};
pub use kind::DenialKind;

/// Why a request was refused; also an error that handlers, extractors and checkers can return.
///
/// The client gets the [`kind`](Denial::kind), the [`detail`](Denial::detail) and the header fields
/// of that kind. The [`cause`](Denial::cause) is for logs and tests. `Display` prints only what the
/// client may see, so a middleware that writes the text of an error into a body reveals nothing.
///
/// A denial that a handler, an extractor or a checker returns is answered like a refusal of the
/// pipeline.
///
/// ```
/// use secure_runtime::{Denial, DenialKind};
///
/// let denial = Denial::new(DenialKind::Conflict, "version 7 was expected, found 9")
///     .with_detail("somebody else has changed the order");
/// assert_eq!(denial.to_string(), "409 Conflict: somebody else has changed the order");
/// assert_eq!(denial.cause(), "version 7 was expected, found 9");
/// ```
#[derive(Clone, Debug)]
pub struct Denial {
    kind: DenialKind,
    cause: Cow<'static, str>,
    detail: Option<Cow<'static, str>>,
    /// Shared by all refusals of an endpoint. `None` if it has no challenges.
    pub(crate) challenges: Option<Arc<[Box<str>]>>,
    /// The index of the authenticator, among the endpoint's, whose credentials were refused.
    pub(crate) authenticator: Option<usize>,
    particulars: Particulars,
}

/// The data of a refusal besides its kind.
#[derive(Clone, Debug)]
enum Particulars {
    None,
    /// The arguments break these rules.
    Fields(Vec<FieldError>),
    /// The client may try again later.
    Throttled(Throttled),
    /// The body may have one of these codings, or none.
    Codings(&'static [&'static str]),
}

/// One violated rule of an argument: an element of the problem's `errors` member. See
/// [`Denial::field_errors`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The part of the request: `body`, `query` or `path`.
    #[serde(rename = "in")]
    pub(crate) location: &'static str,
    /// A JSON Pointer as a URI fragment (RFC 6901 section 6).
    pub(crate) pointer: String,
    /// The code of the rule, such as `length`.
    pub(crate) code: String,
    /// The requirement of the rule.
    pub(crate) detail: String,
}

/// A limit that is used up, as the client sees it.
#[derive(Clone, Debug)]
struct Throttled {
    /// In whole seconds, rounded up (RFC 9110 section 10.2.3).
    retry_after_seconds: Option<u64>,
    /// `None`: not a limit of the client, but load shedding.
    violated: Option<Violated>,
}

/// The limit that is used up.
#[derive(Clone, Debug)]
pub(crate) enum Violated {
    Known(&'static Violation),
    New(Box<Violation>),
}

/// The texts of a limit for a problem. For limits that are known at startup, they are rendered
/// then, because a flood of requests gets them.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    /// The name of the policy in `violated-policies`.
    name: Box<str>,
    /// The problem as JSON; `None` if the name would need escaping.
    problem: Option<Box<str>>,
}

impl Denial {
    /// A denial of this kind. `cause` is written to the log, and is never sent to the client.
    ///
    /// Pass the reason that an operator needs, such as the name of the failed check. For a sentence
    /// to the client, add [`with_detail`](Self::with_detail).
    #[must_use]
    pub fn new(kind: DenialKind, cause: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            cause: cause.into(),
            detail: None,
            challenges: None,
            authenticator: None,
            particulars: Particulars::None,
        }
    }

    /// A fault of the server.
    pub(crate) fn internal(cause: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DenialKind::Internal, cause)
    }

    /// Sets the `detail` of the problem (RFC 9457 section 3.1.4): a sentence that is sent to the
    /// client.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub(crate) fn with_authenticator(mut self, authenticator: Option<usize>) -> Self {
        self.authenticator = authenticator;
        self
    }

    /// The arguments break these rules.
    pub(crate) fn invalid(cause: impl Into<Cow<'static, str>>, errors: Vec<FieldError>) -> Self {
        let particulars = Particulars::Fields(errors);
        Self { particulars, ..Self::new(DenialKind::Invalid, cause) }
    }

    /// The body has a content coding that is not in this list.
    pub(crate) fn unsupported_coding(
        cause: &'static str,
        expected: &'static [&'static str],
    ) -> Self {
        let detail = match expected {
            [] => Cow::from("expected no `Content-Encoding`"),
            names => format!("expected `Content-Encoding: {}`, or none", names.join("`, `")).into(),
        };
        let particulars = Particulars::Codings(expected);
        Self { particulars, ..Self::new(DenialKind::UnsupportedMediaType, cause) }
            .with_detail(detail)
    }

    /// A limit refuses. It admits the request again after this many seconds; `None`: never.
    pub(crate) fn throttled(
        cause: &'static str,
        retry_after_seconds: Option<u64>,
        violated: Violated,
    ) -> Self {
        let throttled = Throttled { retry_after_seconds, violated: Some(violated) };
        let particulars = Particulars::Throttled(throttled);
        Self { particulars, ..Self::new(DenialKind::Throttled, cause) }
    }

    /// The service is at reduced capacity, regardless of the client.
    pub(crate) fn reduced_capacity(cause: &'static str, retry_after_seconds: u64) -> Self {
        let retry_after_seconds = Some(retry_after_seconds);
        let particulars = Particulars::Throttled(Throttled { retry_after_seconds, violated: None });
        Self { particulars, ..Self::new(DenialKind::Unavailable, cause) }
    }

    /// The seconds after which the client may try again, if a limit refused.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        match &self.particulars {
            Particulars::Throttled(throttled) => throttled.retry_after_seconds,
            _ => None,
        }
    }

    /// The content codings that a body may have, if the body has another one.
    pub(crate) fn codings(&self) -> Option<String> {
        match &self.particulars {
            Particulars::Codings([]) => Some(String::from("identity")),
            Particulars::Codings(codings) => Some(codings.join(", ")),
            _ => None,
        }
    }

    /// The kind of the refusal.
    #[must_use]
    pub fn kind(&self) -> DenialKind {
        self.kind
    }

    /// The sentence that the client gets, if there is one.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The time after which the client may try again: the value of `Retry-After`, in whole seconds.
    /// `None` if the response has no such field.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after_seconds().map(Duration::from_secs)
    }

    /// The rules that the arguments break, if validation refused the request; otherwise empty.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        match &self.particulars {
            Particulars::Fields(errors) => errors,
            _ => &[],
        }
    }

    /// The cause for the log. Never send it to the client.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// The problem for the client, before the application's hook has changed it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.kind.status());
        if let Some(detail) = &self.detail {
            problem.set_detail(detail.clone());
        }
        match &self.particulars {
            Particulars::None | Particulars::Codings(_) => {}
            Particulars::Fields(errors) => {
                let errors = serde_json::to_value(errors).unwrap_or_default();
                problem.set_member("errors", errors);
            }
            Particulars::Throttled(Throttled { violated: None, .. }) => {
                problem.set_type(REDUCED_CAPACITY);
                problem.set_title("Temporary Reduced Capacity");
            }
            Particulars::Throttled(Throttled { violated: Some(violated), .. }) => {
                problem.set_type(QUOTA_EXCEEDED);
                problem.set_title("Quota Exceeded");
                let name = violated.violation().name();
                problem.set_member("violated-policies", vec![name.to_owned()]);
            }
        }
        problem
    }

    /// [`problem`](Self::problem) as JSON, without the intermediate tree, for the refusals that a
    /// flood of requests gets. `None` for all others.
    pub(crate) fn prerendered_problem(&self) -> Option<Cow<'static, str>> {
        match &self.particulars {
            _ if self.detail.is_some() => None,
            Particulars::None => {
                let (title, status) = (self.kind.title(), self.kind.status());
                let problem =
                    format!(r#"{{"type":"about:blank","title":"{title}","status":{status}}}"#);
                Some(problem.into())
            }
            Particulars::Fields(_) | Particulars::Codings(_) => None,
            Particulars::Throttled(throttled) => match throttled.violated.as_ref()? {
                Violated::Known(violation) => Some(violation.problem.as_deref()?.into()),
                Violated::New(violation) => Some(violation.problem.clone()?.into_string().into()),
            },
        }
    }
}

impl FieldError {
    /// The part of the request: `body`, `query` or `path`.
    #[must_use]
    pub fn location(&self) -> &'static str {
        self.location
    }

    /// A JSON Pointer as a URI fragment, `#/items/0/name` (RFC 6901 section 6).
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The code of the rule, such as `length`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The requirement of the rule, as a sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl Violated {
    fn violation(&self) -> &Violation {
        match self {
            Self::Known(violation) => violation,
            Self::New(violation) => violation,
        }
    }
}

impl Violation {
    /// The texts for the policy with this name.
    pub(crate) fn new(name: impl Into<Box<str>>) -> Self {
        let name = name.into();
        let is_text = |byte: u8| byte != b'"' && byte != b'\\' && (b' '..=b'~').contains(&byte);
        let status = DenialKind::Throttled.status();
        let problem = name.bytes().all(is_text).then(|| {
            format!(
                r#"{{"type":"{QUOTA_EXCEEDED}","title":"Quota Exceeded","status":{status},"violated-policies":["{name}"]}}"#
            )
        });
        Self { name, problem: problem.map(Into::into) }
    }

    /// The name of the policy.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// The status, its phrase and the detail: nothing that the client may not see.
impl fmt::Display for Denial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind.status(), self.kind.title())?;
        self.detail.iter().try_for_each(|detail| write!(formatter, ": {detail}"))
    }
}

impl std::error::Error for Denial {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(denial: &Denial, is_usual: bool) {
        match denial.prerendered_problem() {
            Some(usual) => assert_eq!(usual, denial.problem().to_json()),
            None => assert!(!is_usual, "{denial}"),
        }
        assert_eq!(denial.prerendered_problem().is_some(), is_usual, "{denial}");
    }

    #[test]
    fn the_prerendered_problems_equal_all_others() {
        for kind in [DenialKind::Unauthenticated, DenialKind::Forbidden, DenialKind::Timeout] {
            check(&Denial::new(kind, "cause"), true);
            check(&Denial::new(kind, "cause").with_detail("detail"), false);
        }
        for (violated, is_usual) in [("100/h burst 10", true), ("\"", false), ("\\", false)] {
            let violation = Violation::new(violated);
            check(
                &Denial::throttled("cause", Some(1), Violated::New(Box::new(violation.clone()))),
                is_usual,
            );
            let known: &'static Violation = Box::leak(Box::new(violation));
            check(&Denial::throttled("cause", Some(1), Violated::Known(known)), is_usual);
        }
        check(&Denial::reduced_capacity("cause", 1), false);
    }

    #[test]
    fn what_is_displayed_is_for_the_client() {
        let denial = Denial::new(DenialKind::Forbidden, "s3cr3t");
        assert_eq!(denial.to_string(), "403 Forbidden");
        assert_eq!(denial.with_detail("ask").to_string(), "403 Forbidden: ask");
        let throttled =
            Denial::throttled("s3cr3t", Some(7), Violated::New(Violation::new("p").into()));
        assert_eq!(throttled.to_string(), "429 Too Many Requests");
        assert_eq!(throttled.retry_after(), Some(Duration::from_secs(7)));
    }
}
