//! The handshake of a WebSocket.
//!
//! 1. A request without the fields of a WebSocket handshake is answered with 426 (RFC 9110 section
//!    15.5.22).
//! 2. A browser lets every page open a WebSocket to every server, and sends cookies and client
//!    certificates automatically. If nothing else authenticates the caller, `Origin` must be
//!    allowed (RFC 6455 section 10.2).

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::HttpRequest;
use actix_web::http::header::{CONNECTION, HOST, HeaderName, ORIGIN, UPGRADE};

use super::authentication::is_in;
use crate::authentication::Presented;
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::{Refused, refused};
use crate::request::RequestHead;

/// Checks the handshake of an endpoint with `websocket`, and the origin of the page.
///
/// # Errors
///
/// 403 and 426.
#[inline]
pub(in crate::pipeline) fn check(gate: &Gate<'_>, request: &Progress) -> Result<(), Refused> {
    if gate.plan.endpoint.policy.websocket { check_socket(gate, request) } else { Ok(()) }
}

fn check_socket(gate: &Gate<'_>, request: &Progress) -> Result<(), Refused> {
    if !has_word(gate.request, &UPGRADE, "websocket")
        || !has_word(gate.request, &CONNECTION, "upgrade")
    {
        let cause = "the request asks for no WebSocket";
        let denial = Denial::new(DenialKind::UpgradeRequired, cause);
        return Err(Box::new(denial.with_detail("this endpoint speaks WebSocket only")));
    }
    if !is_sent_automatically(gate, request)? || is_allowed_origin(gate) {
        return Ok(());
    }
    let cause = "a browser may have sent the credentials by itself, and `Origin` is neither this host nor \
                 among `websocket_origins` of the builder";
    Err(refused(DenialKind::Forbidden, cause))
}

/// Whether the header's list contains the word, regardless of case.
fn has_word(request: &HttpRequest, name: &HeaderName, word: &str) -> bool {
    let mut words = request
        .headers()
        .get_all(name)
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii));
    words.any(|found| found.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether all accepted credentials are of a kind that a browser sends automatically.
fn is_sent_automatically(gate: &Gate<'_>, request: &Progress) -> Result<bool, Refused> {
    let accepted = request.authentication.accepted();
    let head = RequestHead::new(gate.request);
    let authenticators = gate.plan.authentication.authenticators.iter().enumerate();
    let mut is_sent = accepted != 0;
    for (_, it) in authenticators.filter(|(place, _)| is_in(accepted, *place)) {
        let look = || match it.presented(&head) {
            Presented::Cookie(_) | Presented::Connection => !it.checks_origins(),
            Presented::Header(name) => name.eq_ignore_ascii_case("cookie"),
            Presented::Absent | Presented::Query(_) => false,
        };
        is_sent &= catch_unwind(AssertUnwindSafe(look))
            .map_err(|_| refused(DenialKind::Unavailable, "the authenticator panicked"))?;
    }
    Ok(is_sent)
}

/// Whether the page is of this host, or of an origin that the builder allows.
fn is_allowed_origin(gate: &Gate<'_>) -> bool {
    let mut values = gate.request.headers().get_all(ORIGIN).map(|value| value.as_bytes());
    let (Some(origin), None) = (values.next(), values.next()) else { return false };
    let Ok(origin) = std::str::from_utf8(origin) else { return false };
    match &gate.security.inner().sockets.origins {
        Some(origins) => origins.iter().any(|allowed| **allowed == *origin),
        None => {
            let host = gate.request.headers().get(HOST).and_then(|host| host.to_str().ok());
            host.is_some_and(|host| is_same_host(origin, host))
        }
    }
}

/// Whether an origin (RFC 6454 section 6.2) has this `Host`. The scheme between the client and a
/// proxy is unknown, so the default port of the origin's scheme may be missing in either.
fn is_same_host(origin: &str, host: &str) -> bool {
    let usual = |scheme| match scheme {
        "https" => Some(":443"),
        "http" => Some(":80"),
        _ => None,
    };
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let Some(port) = usual(scheme) else { return false };
    let bare = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    !authority.is_empty() && bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::is_same_host;

    #[test]
    fn an_origin_is_compared_with_the_host_and_the_usual_port() {
        let check = |origin, host, expected| {
            assert_eq!(is_same_host(origin, host), expected, "{origin} {host}")
        };
        check("https://shop.example", "shop.example", true);
        check("https://Shop.example", "shop.example:443", true);
        check("http://shop.example", "shop.example:80", true);
        check("http://localhost:3000", "localhost:3000", true);
        check("http://localhost:3000", "localhost:8080", false);
        check("https://shop.example", "shop.example:80", false);
        check("https://shop.example.evil.example", "shop.example", false);
        check("https://evil.example", "shop.example", false);
        check("null", "shop.example", false);
        check("file://", "", false);
        check("https://", "", false);
    }
}
