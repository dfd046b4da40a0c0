//! A refused request, as a value: which stage refused it, what the client may know, what the log
//! must know.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::problem::{Problem, QUOTA_EXCEEDED, REDUCED_CAPACITY};

/// Why a request was refused.
///
/// What the client learns follows from the [`kind`](Denial::kind) alone; the
/// [`cause`](Denial::cause) is for logs and tests.
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

/// The outcomes a client can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialKind {
    /// 400: the request cannot be read.
    Malformed,
    /// 400 `invalid_request`: the credentials are malformed or sent twice (RFC 6750 section 3.1).
    InvalidCredentials,
    /// 401: no credentials were sent.
    Unauthenticated,
    /// 401 `invalid_token`: the credentials are not good.
    InvalidToken,
    /// 401 `insufficient_user_authentication`: the caller has to sign in again, by better means or
    /// just now (RFC 9470 section 3).
    InsufficientAuthentication,
    /// 403: the caller may not do this.
    Forbidden,
    /// 403 `insufficient_scope`: a token with more scope could do this.
    InsufficientScope,
    /// 404: a path segment does not name anything this endpoint knows.
    NotFound,
    /// 408: the body did not arrive in time.
    Timeout,
    /// 413: the body is larger than allowed.
    TooLarge,
    /// 415: the body's media type is not one the endpoint reads.
    UnsupportedMediaType,
    /// 422: the content breaks validation rules.
    Invalid,
    /// 426: the endpoint speaks WebSocket only (RFC 9110 section 15.5.22).
    UpgradeRequired,
    /// 429: a limit is used up.
    Throttled,
    /// 500: something on this side is wrong, and the request was refused because of it.
    Internal,
    /// 503: something this endpoint needs is not there now.
    Unavailable,
}

/// One violated rule of an argument, an element of the `errors` member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
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

impl DenialKind {
    /// The HTTP status code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::InvalidCredentials => 400,
            Self::Unauthenticated | Self::InvalidToken | Self::InsufficientAuthentication => 401,
            Self::Forbidden | Self::InsufficientScope => 403,
            Self::NotFound => 404,
            Self::Timeout => 408,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid => 422,
            Self::UpgradeRequired => 426,
            Self::Throttled => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// The status phrase of RFC 9110 section 15 (RFC 6585 section 4 for 429).
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed | Self::InvalidCredentials => "Bad Request",
            Self::Unauthenticated | Self::InvalidToken | Self::InsufficientAuthentication => {
                "Unauthorized"
            }
            Self::Forbidden | Self::InsufficientScope => "Forbidden",
            Self::NotFound => "Not Found",
            Self::Timeout => "Request Timeout",
            Self::TooLarge => "Content Too Large",
            Self::UnsupportedMediaType => "Unsupported Media Type",
            Self::Invalid => "Unprocessable Content",
            Self::UpgradeRequired => "Upgrade Required",
            Self::Throttled => "Too Many Requests",
            Self::Internal => "Internal Server Error",
            Self::Unavailable => "Service Unavailable",
        }
    }

    /// The error code of RFC 6750 section 3.1, where the kind has one.
    #[must_use]
    pub const fn error_code(self) -> Option<&'static str> {
        match self {
            Self::InvalidCredentials => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::InsufficientAuthentication => Some("insufficient_user_authentication"),
            Self::InsufficientScope => Some("insufficient_scope"),
            _ => None,
        }
    }
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

    /// The internal cause.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// The problem a client reads, before the application's own hook has shaped it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.kind.status(), self.kind.title());
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

/// The kind and the cause, for logs.
impl fmt::Display for Denial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.kind.status(), self.kind.title(), self.cause)
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
}
