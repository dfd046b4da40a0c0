//! A redirect to the login page, and safely back to a path of this service.
//!
//! 1. The requested page is passed as `return_to`, only for `GET` and `HEAD`: a redirect cannot
//!    repeat other methods.
//! 2. It is the path and the query of the request, never the host that the request contains.
//! 3. [`return_path`] checks it twice: before it is sent, and in the application after the login,
//!    because a link to the login page may contain any value (CWE-601, open redirect).

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse};

/// Redirects to the login page at `login`, and passes the requested page as the parameter
/// `return_to`.
///
/// The status is 303, so the browser sends a `GET` (RFC 9110 section 15.4.4). The redirect is not
/// cached. `login` is a path or a URL that the application chooses, with or without a query. The
/// login page must not redirect here itself.
///
/// ```
/// use actix_web::test::TestRequest;
/// use secure_runtime::answer::login_redirect;
///
/// let request = TestRequest::get().uri("/orders?page=2").to_http_request();
/// let response = login_redirect(&request, "/login");
/// assert_eq!(response.status(), 303);
/// assert_eq!(response.headers().get("location").unwrap(), "/login?return_to=%2Forders%3Fpage%3D2");
/// ```
#[must_use]
pub fn login_redirect(request: &HttpRequest, login: &str) -> HttpResponse {
    let mut location = String::new();
    let (page, fragment) = login.split_once('#').map_or((login, None), |(a, b)| (a, Some(b)));
    encode(page, |byte| byte.is_ascii_graphic(), &mut location);
    let is_repeatable = matches!(*request.method(), Method::GET | Method::HEAD);
    let asked = request.uri().path_and_query().filter(|_| is_repeatable);
    if let Some(asked) = asked.and_then(|asked| return_path(asked.as_str())) {
        location.push(if page.contains('?') { '&' } else { '?' });
        location.push_str("return_to=");
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        encode(asked, is_plain, &mut location);
    }
    if let Some(fragment) = fragment {
        location.push('#');
        encode(fragment, |byte| byte.is_ascii_graphic(), &mut location);
    }
    let mut response = HttpResponse::SeeOther().finish();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The encoded text contains only graphic ASCII characters.
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(LOCATION, location);
    }
    response
}

/// Checks a `return_to`: returns it if it leads to a path of this service, and `None` if it could
/// lead elsewhere.
///
/// It must begin with one `/`, and contain only graphic ASCII without a backslash: browsers read
/// `//host`, `/\host` and `/<tab>/host` as another host. It may have up to 2,048 bytes.
///
/// ```
/// use secure_runtime::answer::return_path;
///
/// assert_eq!(return_path("/orders?page=2"), Some("/orders?page=2"));
/// assert_eq!(return_path("//evil.example"), None);
/// assert_eq!(return_path("https://evil.example"), None);
/// // After the login:
/// # let return_to = Some(String::from("/\\evil.example"));
/// let page = return_to.as_deref().and_then(return_path).unwrap_or("/");
/// # assert_eq!(page, "/");
/// ```
#[must_use]
pub fn return_path(path: &str) -> Option<&str> {
    const MOST_BYTES: usize = 2048;
    let is_own = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= MOST_BYTES
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_own.then_some(path)
}

/// Percent-encodes the bytes that are not plain (RFC 3986 section 2.1).
fn encode(text: &str, is_plain: impl Fn(u8) -> bool, into: &mut String) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if is_plain(byte) {
            into.push(char::from(byte));
        } else {
            into.push('%');
            let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or_default();
            into.extend([digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_return_path_stays_here() {
        for good in ["/", "/a", "/a/b?c=d&e=//f", "/%5c%2f", "/a//b", "/a:b@c", "/?https://x"] {
            assert_eq!(return_path(good), Some(good));
        }
        for bad in [
            "",
            "a",
            "//",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/a b",
            "https://evil.example",
            "https:/evil.example",
            "javascript:alert(1)",
            "/a\0",
            "/\u{ff0f}evil.example",
            "?a",
            "#a",
            "@evil.example",
            ".evil.example",
        ] {
            assert_eq!(return_path(bad), None, "{bad:?}");
        }
        assert!(return_path(&format!("/{}", "a".repeat(2047))).is_some());
        assert!(return_path(&format!("/{}", "a".repeat(2048))).is_none());
    }

    fn check(request: TestRequest, login: &str, expected: &str) {
        let response = login_redirect(&request.to_http_request(), login);
        assert_eq!(response.headers().get(LOCATION).unwrap(), expected);
        assert_eq!(response.headers().get(CACHE_CONTROL).unwrap(), "no-store");
    }

    #[test]
    fn the_page_that_was_asked_for_goes_along_if_it_is_one() {
        let get = |uri| TestRequest::get().uri(uri);
        check(get("/a?b=c&d=%20"), "/login", "/login?return_to=%2Fa%3Fb%3Dc%26d%3D%2520");
        check(get("/a"), "/login?x=1", "/login?x=1&return_to=%2Fa");
        check(get("/a"), "https://id.example/#top", "https://id.example/?return_to=%2Fa#top");
        check(
            get("/a"),
            "/an melden\r\nset-cookie: a",
            "/an%20melden%0D%0Aset-cookie:%20a?return_to=%2Fa",
        );
        check(get("//evil.example/a"), "/login", "/login");
        check(TestRequest::post().uri("/a"), "/login", "/login");
        check(
            TestRequest::default().uri("http://evil.example/a"),
            "/login",
            "/login?return_to=%2Fa",
        );
    }
}
