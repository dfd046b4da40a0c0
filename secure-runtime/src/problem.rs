//! Problem details (RFC 9457): what a client reads when a request is refused.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

/// The media type of a problem (RFC 9457 section 3).
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// The problem type of a used-up quota (draft-ietf-httpapi-ratelimit-headers-10 section 7).
pub(crate) const QUOTA_EXCEEDED: &str =
    "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// The problem type of a service that has less to give for a while (section 7 of the same draft).
pub(crate) const REDUCED_CAPACITY: &str =
    "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";

/// A problem details object.
///
/// ```
/// use secure_runtime::Problem;
///
/// let mut problem = Problem::new(403, "Forbidden");
/// problem.set_type("https://api.example/problems/plan").set_member("plan", "free");
/// assert_eq!(
///     problem.to_json(),
///     r#"{"type":"https://api.example/problems/plan","title":"Forbidden","status":403,"plan":"free"}"#
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
    /// A problem of type `about:blank`, whose title is the status phrase (RFC 9457 section 4.2.1).
    #[must_use]
    pub fn new(status: u16, title: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: Cow::Borrowed("about:blank"),
            title: title.into(),
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

    /// Sets an extension member (RFC 9457 section 3.2). The five members that the RFC defines
    /// have methods of their own and are left alone here.
    pub fn set_member(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        let name = name.into();
        if !matches!(name.as_str(), "type" | "title" | "status" | "detail" | "instance") {
            self.members.insert(name, value.into());
        }
        self
    }

    /// The object as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and JSON values always serialize; the empty object is what RFC 9457 section 3.1
        // reads as `about:blank` should that ever change.
        serde_json::to_string(self).unwrap_or_else(|_| String::from("{}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_the_rfc_defines_cannot_be_set_twice() {
        let mut problem = Problem::new(401, "Unauthorized");
        problem.set_member("status", 200).set_member("title", "fine");
        assert_eq!(
            problem.to_json(),
            r#"{"type":"about:blank","title":"Unauthorized","status":401}"#
        );
    }
}
