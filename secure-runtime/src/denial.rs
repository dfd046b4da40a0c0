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
    pub(crate) challenges: Arc<[Box<str>]>,
    /// The place of the authenticator, among the endpoint's, whose credentials this is about.
    pub(crate) concerned: Option<usize>,
    pub(crate) field_errors: Vec<FieldError>,
    pub(crate) throttled: Option<Box<Throttled>>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// Whole seconds, rounded up (RFC 9110 section 10.2.3).
    pub(crate) retry_after_seconds: Option<u64>,
    /// The names of the violated policies.
    pub(crate) violated: Box<str>,
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
            challenges: Arc::default(),
            concerned: None,
            field_errors: Vec::new(),
            throttled: None,
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

    pub(crate) fn with_challenges(mut self, challenges: Arc<[Box<str>]>) -> Self {
        self.challenges = challenges;
        self
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
        if !self.field_errors.is_empty() {
            let errors = serde_json::to_value(&self.field_errors).unwrap_or_default();
            problem.set_member("errors", errors);
        }
        if self.throttled.is_some() && self.kind == DenialKind::Unavailable {
            problem.set_type(REDUCED_CAPACITY);
            problem.set_title("Temporary Reduced Capacity");
        } else if let Some(throttled) = &self.throttled {
            problem.set_type(QUOTA_EXCEEDED);
            problem.set_title("Quota Exceeded");
            problem.set_member("violated-policies", vec![throttled.violated.to_string()]);
        }
        problem
    }

    /// What [`problem`](Self::problem) comes to as JSON, without the tree in between: for the answers
    /// that a flood of requests gets. `None` for all others.
    pub(crate) fn usual_problem(&self) -> Option<String> {
        if self.detail.is_some() || !self.field_errors.is_empty() {
            return None;
        }
        let status = self.kind.status().to_string();
        let Some(throttled) = &self.throttled else {
            let title = self.kind.title();
            let parts =
                [r#"{"type":"about:blank","title":""#, title, r#"","status":"#, &status, "}"];
            return Some(parts.concat());
        };
        let name = &*throttled.violated;
        let is_text = |byte: u8| byte != b'"' && byte != b'\\' && (b' '..=b'~').contains(&byte);
        (self.kind == DenialKind::Throttled && name.bytes().all(is_text)).then(|| {
            [
                r#"{"type":""#,
                QUOTA_EXCEEDED,
                r#"","title":"Quota Exceeded","status":"#,
                &status,
                r#","violated-policies":[""#,
                name,
                r#""]}"#,
            ]
            .concat()
        })
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
            let mut denial = Denial::new(DenialKind::Throttled, "cause");
            let throttled = Throttled { retry_after_seconds: Some(1), violated: violated.into() };
            denial.throttled = Some(Box::new(throttled));
            check(&denial, is_usual);
            let mut shed = Denial::new(DenialKind::Unavailable, "cause");
            shed.throttled = denial.throttled.clone();
            check(&shed, false);
        }
    }
}
