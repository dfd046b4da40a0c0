//! A refused request, as a value: which stage refused it, what the client may know, what the log
//! must know.

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

/// Why a request was refused.
///
/// What the client learns is the [`kind`](Denial::kind), with the [`detail`](Denial::detail) and the
/// fields that belong to it; the [`cause`](Denial::cause) is for logs and tests. `Display` says what the
/// client may know: a middleware that writes an error's text into a body gives nothing away.
///
/// Handlers, extractors and checkers return denials too: they are answered as those of the pipeline.
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
    /// Shared by everybody whom an endpoint refuses: where it has none, nothing is.
    pub(crate) challenges: Option<Arc<[Box<str>]>>,
    /// The place of the authenticator, among the endpoint's, whose credentials this is about.
    pub(crate) concerned: Option<usize>,
    particulars: Particulars,
}

/// What a client reads beside the kind.
#[derive(Clone, Debug)]
enum Particulars {
    None,
    /// The arguments break rules.
    Fields(Vec<FieldError>),
    /// The client may come back.
    Throttled(Throttled),
    /// The body may be coded in these ways, or not at all.
    Codings(&'static [&'static str]),
}

/// One violated rule of an argument, an element of the `errors` member of a problem; see
/// [`Denial::field_errors`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Which part of the request: `body`, `query` or `path`.
    #[serde(rename = "in")]
    pub(crate) location: &'static str,
    /// A JSON Pointer as a URI fragment (RFC 6901 section 6).
    pub(crate) pointer: String,
    /// The rule's code, such as `length`.
    pub(crate) code: String,
    /// What the rule demands.
    pub(crate) detail: String,
}

/// What a client is told of a limit that is used up.
#[derive(Clone, Debug)]
struct Throttled {
    /// Whole seconds, rounded up (RFC 9110 section 10.2.3).
    retry_after_seconds: Option<u64>,
    /// `None`: it is no limit of the client's.
    violated: Option<Violated>,
}

/// The limit that is used up.
#[derive(Clone, Debug)]
pub(crate) enum Violated {
    Known(&'static Violation),
    New(Box<Violation>),
}

/// A limit in the words of a problem. Those that are known at launch are written there, because a
/// flood of requests gets them.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    /// The name of the policy.
    name: Box<str>,
    /// The problem as JSON, without what the name would have to be escaped for.
    problem: Option<Box<str>>,
}

impl Denial {
    /// A denial of this kind. `cause` goes to the log, never to the client.
    pub fn new(kind: DenialKind, cause: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            cause: cause.into(),
            detail: None,
            challenges: None,
            concerned: None,
            particulars: Particulars::None,
        }
    }

    /// Something on this side is wrong.
    pub(crate) fn internal(cause: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DenialKind::Internal, cause)
    }

    /// Sets a sentence that the client may read.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub(crate) fn about(mut self, authenticator: Option<usize>) -> Self {
        self.concerned = authenticator;
        self
    }

    /// The arguments break these rules.
    pub(crate) fn invalid(cause: impl Into<Cow<'static, str>>, errors: Vec<FieldError>) -> Self {
        let particulars = Particulars::Fields(errors);
        Self { particulars, ..Self::new(DenialKind::Invalid, cause) }
    }

    /// The body has a content coding, and none but these may be there.
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

    /// A limit refuses. After so many seconds it does no more; `None`: it always will.
    pub(crate) fn throttled(
        cause: &'static str,
        retry_after_seconds: Option<u64>,
        violated: Violated,
    ) -> Self {
        let throttled = Throttled { retry_after_seconds, violated: Some(violated) };
        let particulars = Particulars::Throttled(throttled);
        Self { particulars, ..Self::new(DenialKind::Throttled, cause) }
    }

    /// The service has less to give for a while, whoever asks.
    pub(crate) fn reduced_capacity(cause: &'static str, retry_after_seconds: u64) -> Self {
        let retry_after_seconds = Some(retry_after_seconds);
        let particulars = Particulars::Throttled(Throttled { retry_after_seconds, violated: None });
        Self { particulars, ..Self::new(DenialKind::Unavailable, cause) }
    }

    /// The whole seconds after which the client may come back, if it is a limit that refuses.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        match &self.particulars {
            Particulars::Throttled(throttled) => throttled.retry_after_seconds,
            _ => None,
        }
    }

    /// The content codings that a body may have, if it has another one.
    pub(crate) fn codings(&self) -> Option<String> {
        match &self.particulars {
            Particulars::Codings([]) => Some(String::from("identity")),
            Particulars::Codings(codings) => Some(codings.join(", ")),
            _ => None,
        }
    }

    /// Which outcome this is.
    #[must_use]
    pub fn kind(&self) -> DenialKind {
        self.kind
    }

    /// The sentence that the client may read, if there is one.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The time after which the client may come back: the value of `Retry-After`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after_seconds().map(Duration::from_secs)
    }

    /// The rules that the arguments break, where validation refused the request.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        match &self.particulars {
            Particulars::Fields(errors) => errors,
            _ => &[],
        }
    }

    /// The internal cause: never for the client.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// The problem a client reads, before the application's own hook has shaped it.
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

    /// What [`problem`](Self::problem) comes to as JSON, without the tree in between: for the answers
    /// that a flood of requests gets. `None` for all others.
    pub(crate) fn usual_problem(&self) -> Option<Cow<'static, str>> {
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
    /// Which part of the request: `body`, `query` or `path`.
    #[must_use]
    pub fn location(&self) -> &'static str {
        self.location
    }

    /// A JSON Pointer as a URI fragment, `#/items/0/name` (RFC 6901 section 6).
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The rule's code, such as `length`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What the rule demands.
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
    /// Of the policy with this name.
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

/// The status, its phrase and the detail: what the client may know.
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
        match denial.usual_problem() {
            Some(usual) => assert_eq!(usual, denial.problem().to_json()),
            None => assert!(!is_usual, "{denial}"),
        }
        assert_eq!(denial.usual_problem().is_some(), is_usual, "{denial}");
    }

    #[test]
    fn the_usual_problems_are_written_as_all_others() {
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
