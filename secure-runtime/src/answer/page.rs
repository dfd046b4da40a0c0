//! Content negotiation for refusals: the media type that a client prefers, and whether it is a
//! browser that opens a page.

use std::cmp::Reverse;

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};

/// Whether the client opens a page: a browser navigates (`Sec-Fetch-Mode: navigate`, Fetch
/// Metadata), or the client [prefers](preferred) `text/html` to JSON.
///
/// `Accept: */*`, which scripts and command line tools send, does not count as a page request. If a
/// response depends on this and may be cached, send `Vary: Accept, Sec-Fetch-Mode` with it.
///
/// ```
/// use actix_web::test::TestRequest;
/// use secure_runtime::answer::is_page_request;
///
/// let accepts = |value| is_page_request(&TestRequest::default().insert_header(("accept", value)).to_http_request());
/// assert!(accepts("text/html,application/xhtml+xml,*/*;q=0.8"));
/// assert!(!accepts("application/json, text/html;q=0.9"));
/// assert!(!accepts("*/*"));
/// ```
#[must_use]
pub fn is_page_request(request: &HttpRequest) -> bool {
    const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    let mode = request.headers().get(MODE).map(HeaderValue::as_bytes);
    if mode == Some(b"navigate") {
        return true;
    }
    let offers = ["application/problem+json", "application/json", "text/html"];
    preferred(request, &offers) == Some("text/html")
}

/// The media type among `offers` that the client prefers, by the qualities in `Accept` (RFC 9110
/// section 12.5.1). `None` if it accepts none of them.
///
/// For each offer, the most specific range counts. Among offers of the same quality, the more
/// specifically named one wins, then the first one. Without `Accept`, the first offer is returned.
/// Parameters other than `q` are ignored. At most 64 ranges are read, and invalid ranges are
/// skipped.
///
/// ```
/// use actix_web::test::TestRequest;
/// use secure_runtime::answer::preferred;
///
/// let request = TestRequest::default().insert_header(("accept", "text/*;q=0.5, text/csv, */*;q=0.1"));
/// let offers = ["application/json", "text/html", "text/csv"];
/// assert_eq!(preferred(&request.to_http_request(), &offers), Some("text/csv"));
/// ```
#[must_use]
pub fn preferred<'a>(request: &HttpRequest, offers: &[&'a str]) -> Option<&'a str> {
    if !request.headers().contains_key(ACCEPT) {
        return offers.first().copied();
    }
    let ranges: Vec<Range<'_>> = ranges(request.headers()).take(MOST_RANGES).collect();
    let rated = offers.iter().filter_map(|offer| {
        let matching = ranges.iter().filter_map(|range| Some((range.specificity(offer)?, range.q)));
        // The most specific range; the best of several equal ones.
        let (specificity, q) = matching.max()?;
        (q > 0).then_some(((q, specificity), *offer))
    });
    // `min_by_key` keeps the first of equal ones.
    rated.min_by_key(|(rating, _)| Reverse(*rating)).map(|(_, offer)| offer)
}

const MOST_RANGES: usize = 64;

struct Range<'a> {
    main: &'a str,
    sub: &'a str,
    /// In thousandths.
    q: u16,
}

impl Range<'_> {
    /// How exactly the range names this media type; `None` if it does not match.
    fn specificity(&self, offer: &str) -> Option<u8> {
        let (main, sub) = offer.split_once('/')?;
        match (self.main, self.sub) {
            ("*", "*") => Some(0),
            (range, "*") if range.eq_ignore_ascii_case(main) => Some(1),
            (range, subtype)
                if range.eq_ignore_ascii_case(main) && subtype.eq_ignore_ascii_case(sub) =>
            {
                Some(2)
            }
            _ => None,
        }
    }
}

/// The media ranges of all lines.
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = Range<'_>> {
    let lines = headers.get_all(ACCEPT).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(range)
}

fn range(text: &str) -> Option<Range<'_>> {
    let mut parts = text.split(';').map(str::trim_ascii);
    let (main, sub) = parts.next()?.split_once('/')?;
    let is_token =
        |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if !(is_token(main) && is_token(sub)) {
        return None;
    }
    let mut q = 1000;
    for parameter in parts {
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim_ascii().eq_ignore_ascii_case("q")
        {
            q = weight(value.trim_ascii())?;
            break;
        }
    }
    Some(Range { main, sub, q })
}

/// `0`, `1`, or up to three digits after the point (RFC 9110 section 12.4.2).
fn weight(text: &str) -> Option<u16> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    if digits.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{digits:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request(lines: &[(&str, &str)]) -> HttpRequest {
        let request = TestRequest::default();
        lines.iter().fold(request, |request, line| request.append_header(*line)).to_http_request()
    }

    fn check(accept: &str, expected: Option<&str>) {
        let offers = ["application/json", "text/html", "text/csv"];
        let request = request(&[("accept", accept)]);
        assert_eq!(preferred(&request, &offers), expected, "{accept}");
    }

    #[test]
    fn the_best_quality_of_the_most_specific_range_counts() {
        check("*/*", Some("application/json"));
        check("", None);
        check("text/html", Some("text/html"));
        check("TEXT/HTML", Some("text/html"));
        check("text/*", Some("text/html"));
        check("text/csv, text/*", Some("text/csv"));
        check("application/json;q=0.5, text/html;q=0.6", Some("text/html"));
        check("application/json;q=0.600, text/html;q=0.6", Some("application/json"));
        check("*/*, text/html;q=0", Some("application/json"));
        check("*/*;q=0.1, application/json;q=0", Some("text/html"));
        check("image/png", None);
        check("text/html;level=1;q=0.2, application/json;q=0.1", Some("text/html"));
        check("text/html ; Q=0.2 , */* ; q=0.3", Some("application/json"));
    }

    #[test]
    fn what_breaks_the_grammar_is_passed_over() {
        for bad in ["text", "/", "text/", "text/html;q=2", "text/html;q=0.1234", "text/html;q=-1"] {
            check(bad, None);
            check(&format!("{bad}, text/csv;q=0.1"), Some("text/csv"));
        }
        check("text/html;q=1.001", None);
        check("text/html;q=", None);
        check(&"image/png,".repeat(100_000), None);
        check(&format!("{}text/html", "image/png,".repeat(64)), None);
        check(&format!("{}text/html", "image/png,".repeat(63)), Some("text/html"));
    }

    #[test]
    fn a_page_is_what_a_browser_opens() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (lines, expected) in [
            (&[("accept", browser)][..], true),
            (&[("accept", "*/*"), ("sec-fetch-mode", "navigate")], true),
            (&[("sec-fetch-mode", "navigate")], true),
            (&[("accept", "*/*"), ("sec-fetch-mode", "cors")], false),
            (&[("accept", "application/json, text/plain, */*")], false),
            (&[("accept", "application/json, text/html")], false),
            (&[("accept", "application/problem+json, text/html;q=0.9")], false),
            (&[("accept", "image/png"), ("accept", "text/html")], true),
            (&[("accept", "*/*")], false),
            (&[], false),
        ] {
            assert_eq!(is_page_request(&request(lines)), expected, "{lines:?}");
        }
    }
}
