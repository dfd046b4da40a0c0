//! The log line of a refused request ("refused"), with its fields.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderValue};

use super::repeated::is_repeated;
use crate::authentication::{Authenticator, Presented};
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::stages::caller;
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::{RequestHead, extensions};

/// A refused request, with everything that its log line needs.
#[derive(Clone, Copy)]
pub(in crate::pipeline) struct RefusedRequest<'a> {
    pub(in crate::pipeline) endpoint: &'static Endpoint,
    pub(in crate::pipeline) request: &'a HttpRequest,
    /// `None`: no `Security` is responsible for the endpoint.
    pub(in crate::pipeline) gate: Option<&'a Gate<'a>>,
    /// The caller, until it is published in the request.
    pub(in crate::pipeline) caller: Option<&'a Principal>,
}

/// The fields that differ between refusals.
struct LogLine<'a> {
    status: u16,
    /// The status that the client gets, if the application chose another one.
    answered: Option<u16>,
    cause: &'a str,
    authenticator: Option<&'a str>,
}

impl RefusedRequest<'_> {
    /// `answered` is the status that the client gets; the application may have chosen it.
    pub(super) fn log_denial(self, denial: &Denial, answered: StatusCode) {
        // Load shedding refuses as many requests as clients send; it is not a fault.
        let is_shed = denial.retry_after_seconds().is_some();
        let is_fault = match denial.kind() {
            DenialKind::Internal => true,
            DenialKind::Unavailable => !is_shed && !is_repeated(denial.cause()),
            _ => false,
        };
        let line = LogLine {
            status: denial.kind().status(),
            answered: Some(answered.as_u16()).filter(|it| *it != denial.kind().status()),
            cause: denial.cause(),
            authenticator: self.authenticator(denial),
        };
        self.log(line, is_fault && !is_shed);
    }

    /// Logs a response that the application rendered. A redirection is not a refusal.
    pub(in crate::pipeline) fn log_answer(self, status: StatusCode, cause: &str) {
        if status.is_client_error() {
            let status = status.as_u16();
            self.log(LogLine { status, answered: None, cause, authenticator: None }, false);
        }
    }

    /// Logs at `error` for a fault of the server, at `info` otherwise.
    fn log(self, line: LogLine<'_>, is_fault: bool) {
        let LogLine { status, answered, cause, authenticator } = line;
        macro_rules! refused {
            ($log:path) => {
                $log!(
                    handler = %self.endpoint.full_name(),
                    status,
                    answered,
                    cause,
                    authenticator,
                    accepts = self.accepts(status).as_deref(),
                    caller = self.caller().as_deref(),
                    client = self.client().map(tracing::field::display),
                    request_id = request_id(self.request.headers()),
                    "refused"
                )
            };
        }
        if is_fault {
            refused!(tracing::error);
        } else {
            refused!(tracing::info);
        }
    }

    /// The authenticator whose credentials were refused.
    fn authenticator(&self, denial: &Denial) -> Option<&'static str> {
        self.gate?.plan.authentication.names.get(denial.authenticator?).copied()
    }

    /// For a 401: the authenticators that the endpoint accepts, and those whose credentials were
    /// sent but are not accepted here.
    fn accepts(&self, status: u16) -> Option<String> {
        let gate = self.gate.filter(|_| status == StatusCode::UNAUTHORIZED.as_u16())?;
        let accepted = &gate.plan.authentication.names;
        let head = RequestHead::new(self.request);
        let was_sent = |it: &dyn Authenticator| {
            let presented = || !matches!(it.presented(&head), Presented::Absent);
            catch_unwind(AssertUnwindSafe(presented)).unwrap_or_default()
        };
        let others = gate.security.inner().authenticators.iter();
        let others = others.filter(|(name, it)| !accepted.contains(name) && was_sent(&**it));
        let others: Vec<&str> = others.map(|(name, _)| *name).collect();
        let accepted = accepted.join(", ");
        Some(match &*others {
            [] => accepted,
            sent => format!("{accepted} (sent, and not accepted here: {})", sent.join(", ")),
        })
    }

    /// The caller's subject, as an excerpt: an identity provider or the application has chosen it.
    fn caller(&self) -> Option<String> {
        let extensions = extensions(self.request);
        let published = || extensions.as_deref().and_then(caller::published);
        let caller = self.caller.or_else(published)?;
        Some(excerpt(caller.subject()))
    }

    fn client(&self) -> Option<IpAddr> {
        self.gate?.address_of_refused()
    }
}

/// The id of the request: `X-Request-Id`, otherwise the id of the trace (W3C Trace Context, section
/// 3.2.2.3).
fn request_id(headers: &HeaderMap) -> Option<&str> {
    const MOST_BYTES: usize = 128;
    let text = |name| headers.get(name).map(HeaderValue::as_bytes).map(std::str::from_utf8)?.ok();
    let is_plain = |id: &&str| {
        (1..=MOST_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let trace = || {
        let id = text("traceparent")?.split('-').nth(1)?;
        (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
    };
    text("x-request-id").filter(is_plain).or_else(trace)
}

/// The first characters of a text that may repeat what a client sent, on one line.
pub(in crate::pipeline) fn excerpt(text: &str) -> String {
    const MOST_CHARACTERS: usize = 200;
    let mut characters = text.chars();
    let first: String = characters.by_ref().take(MOST_CHARACTERS).collect();
    let more = if characters.next().is_some() { "…" } else { "" };
    format!("{}{more}", first.escape_debug())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn check(fields: &[(&str, &str)], expected: Option<&str>) {
        let mut request = TestRequest::default();
        for field in fields {
            request = request.append_header(*field);
        }
        assert_eq!(request_id(request.to_http_request().headers()), expected, "{fields:?}");
    }

    #[test]
    fn a_request_has_the_id_that_it_came_with() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let parent = &*format!("00-{trace}-b7ad6b7169203331-01");
        check(&[], None);
        check(&[("x-request-id", "7f-3")], Some("7f-3"));
        check(&[("traceparent", parent)], Some(trace));
        check(&[("x-request-id", "7f-3"), ("traceparent", parent)], Some("7f-3"));
        check(&[("x-request-id", "two words"), ("traceparent", parent)], Some(trace));
        check(&[("x-request-id", "")], None);
        check(&[("x-request-id", &"a".repeat(128))], Some(&"a".repeat(128)));
        check(&[("x-request-id", &"a".repeat(129))], None);
        check(&[("traceparent", "00-no-id")], None);
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("alice"), "alice");
        assert_eq!(excerpt("a\nb\u{1b}"), "a\\nb\\u{1b}");
        assert_eq!(excerpt(&"x".repeat(201)), format!("{}…", "x".repeat(200)));
    }
}
