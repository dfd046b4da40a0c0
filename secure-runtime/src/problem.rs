//! Problem details (RFC 9457): the body of the response to a refused request.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

/// The media type of a problem (RFC 9457 section 3).
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// The problem type of a used-up quota (draft-ietf-httpapi-ratelimit-headers-10 section 7).
pub(crate) const QUOTA_EXCEEDED: &str =
    "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// The problem type of a service with temporarily reduced capacity (section 7 of the same draft).
pub(crate) const REDUCED_CAPACITY: &str =
    "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";

/// A problem details object (RFC 9457).
///
/// It is a response and an error of handlers, so an application's own errors have the same form as
/// refusals. See also [`Denial`](crate::Denial), which also has a cause for the log.
///
/// ```
/// use actix_web::{post, web};
/// use secure_runtime::{Problem, secure};
///
/// #[secure(roles = "staff", objects = any)]
/// #[post("/orders/{order}/refund")]
/// async fn refund(order: web::Path<u32>) -> Result<&'static str, Problem> {
///     Err(Problem::new(409)
///         .with_type("https://api.example/problems/refunded")
///         .with_detail("the order was refunded before")
///         .with_member("order", order.into_inner()))
/// }
///
/// let problem = Problem::new(403).with_member("plan", "free");
/// assert_eq!(
///     problem.to_json(),
///     r#"{"type":"about:blank","title":"Forbidden","status":403,"plan":"free"}"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: Cow<'static, str>,
    title: Cow<'static, str>,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl Problem {
    /// A problem of type `about:blank` with this status. The title is the status phrase (RFC 9457
    /// section 4.2.1).
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            kind: Cow::Borrowed("about:blank"),
            title: Cow::Borrowed(phrase(status)),
            status,
            detail: None,
            instance: None,
            members: Map::new(),
        }
    }

    /// The HTTP status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The URI that identifies the problem type.
    #[must_use]
    pub fn problem_type(&self) -> &str {
        &self.kind
    }

    /// The summary of the problem type.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The explanation of this occurrence, if there is one.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The extension member of this name, if there is one.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Sets the URI that identifies the problem type (RFC 9457 section 3.1.1).
    pub fn set_type(&mut self, uri: impl Into<Cow<'static, str>>) -> &mut Self {
        self.kind = uri.into();
        self
    }

    /// Sets the summary of the problem type (RFC 9457 section 3.1.3).
    pub fn set_title(&mut self, title: impl Into<Cow<'static, str>>) -> &mut Self {
        self.title = title.into();
        self
    }

    /// Sets the explanation of this occurrence (RFC 9457 section 3.1.4).
    pub fn set_detail(&mut self, detail: impl Into<Cow<'static, str>>) -> &mut Self {
        self.detail = Some(detail.into());
        self
    }

    /// Sets the URI that identifies this occurrence (RFC 9457 section 3.1.5).
    pub fn set_instance(&mut self, uri: impl Into<String>) -> &mut Self {
        self.instance = Some(uri.into());
        self
    }

    /// Sets an extension member (RFC 9457 section 3.2). The five members that the RFC defines have
    /// methods of their own; this method ignores them.
    pub fn set_member(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        let name = name.into();
        if !matches!(name.as_str(), "type" | "title" | "status" | "detail" | "instance") {
            self.members.insert(name, value.into());
        }
        self
    }

    /// As [`set_type`](Self::set_type).
    #[must_use]
    pub fn with_type(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.set_type(uri);
        self
    }

    /// As [`set_title`](Self::set_title).
    #[must_use]
    pub fn with_title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.set_title(title);
        self
    }

    /// As [`set_detail`](Self::set_detail).
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.set_detail(detail);
        self
    }

    /// As [`set_instance`](Self::set_instance).
    #[must_use]
    pub fn with_instance(mut self, uri: impl Into<String>) -> Self {
        self.set_instance(uri);
        self
    }

    /// As [`set_member`](Self::set_member).
    #[must_use]
    pub fn with_member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set_member(name, value);
        self
    }

    /// The object as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and JSON values always serialize. If that ever changes, RFC 9457 section 3.1
        // defines the empty object as `about:blank`.
        serde_json::to_string(self).unwrap_or_else(|_| String::from("{}"))
    }
}

/// The status, the title and the detail.
impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.status, self.title)?;
        self.detail.iter().try_for_each(|detail| write!(formatter, ": {detail}"))
    }
}

impl std::error::Error for Problem {}

/// The status phrase from IANA's registry. The `http` crate has the older phrases of RFC 7231 for
/// two statuses.
fn phrase(status: u16) -> &'static str {
    match status {
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        status => {
            let status = StatusCode::from_u16(status).ok();
            status.and_then(|status| status.canonical_reason()).unwrap_or("Error")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_the_rfc_defines_cannot_be_set_twice() {
        let mut problem = Problem::new(401);
        problem.set_member("status", 200).set_member("title", "fine");
        assert_eq!(
            problem.to_json(),
            r#"{"type":"about:blank","title":"Unauthorized","status":401}"#
        );
    }

    #[test]
    fn titles_are_those_of_the_registry() {
        for kind in crate::DenialKind::all() {
            assert_eq!(Problem::new(kind.status()).title(), kind.title());
        }
        assert_eq!(Problem::new(418).title(), "I'm a teapot");
        assert_eq!(Problem::new(599).title(), "Error");
        assert_eq!(Problem::new(7).title(), "Error");
    }
}
