//! The place of the token in a request: the `Authorization` header or a configured one.
//!
//! 1. Each description has one place, and a token anywhere else is not looked at: one that turns up in
//!    another place was not sent by a client that was told where to send it.
//! 2. A browser sends a cookie with requests that other sites cause. So a token in a cookie counts
//!    only for requests that change nothing (`GET`, `HEAD`, `OPTIONS`), or that come from a page of an
//!    origin that the description names: `Sec-Fetch-Site: same-origin`, or `Origin` (Fetch standard
//!    section 3.1, RFC 6454 section 7). A WebSocket is opened by `GET` and changes what it likes, so
//!    its handshake has to come from such a page as well (RFC 6455 section 10.2). For other requests the
//!    cookie is not there, as if the browser had not sent it: it is not the caller who is at fault, so
//!    it is no failure that counts against the caller's address.
//! 3. Two of it are refused, because two readers may each believe another one: two field lines, two
//!    cookies of one name, two subprotocols.

use super::bearer::{Bearer, is_token_character, of_scheme};
use super::{Attempt, Presented, bearer};
use crate::authentication::{ConfigurationError, Faults};
use crate::request::{FieldName, RequestHead, cookies, is_origin};

/// Where the token of one description stands.
#[derive(Clone, Debug, Default)]
pub(crate) enum TokenPlace {
    /// `Authorization: Bearer` (RFC 6750 section 2.1).
    #[default]
    Bearer,
    /// `Authorization` with another scheme.
    Scheme(&'static str),
    /// A header of its own, which holds the token alone.
    Header(FieldName),
    Cookie {
        name: Box<str>,
        /// Pages of these origins may send requests that change something.
        origins: Vec<Box<str>>,
    },
    /// The entry after this one in `Sec-WebSocket-Protocol`.
    Subprotocol(Box<str>),
}

impl TokenPlace {
    /// The scheme of the challenge.
    pub(crate) fn scheme(&self) -> &'static str {
        match self {
            Self::Scheme(scheme) => scheme,
            _ => "Bearer",
        }
    }

    /// What is wrong with it.
    pub(crate) fn faults(&self) -> Faults {
        match self {
            Self::Scheme(scheme) if !is_token(scheme) => {
                vec![ConfigurationError::invalid(format!(
                    "`{}` is not a scheme of `Authorization`",
                    scheme.escape_debug()
                ))]
            }
            Self::Subprotocol(name) if !is_token(name) => {
                vec![ConfigurationError::invalid(format!(
                    "`{}` is not a WebSocket subprotocol",
                    name.escape_debug()
                ))]
            }
            Self::Cookie { name, origins } => {
                let mut faults = Vec::new();
                if !is_token(name) {
                    faults.push(ConfigurationError::invalid(format!(
                        "`{}` is not a name of a cookie",
                        name.escape_debug()
                    )));
                }
                if origins.is_empty() {
                    faults.push(ConfigurationError::hazard(
                        "a browser sends a cookie with requests that other sites cause: name the \
                         origins whose pages may send them, as `https://shop.example`",
                    ));
                }
                faults.extend(origins.iter().filter(|origin| !is_origin(origin)).map(|origin| {
                    ConfigurationError::invalid(format!(
                        "`{}` is not an origin, expected a scheme, a host in lower case and a port \
                         where it is not the usual one: `https://shop.example`",
                        origin.escape_debug()
                    ))
                }));
                faults
            }
            _ => Vec::new(),
        }
    }

    /// Looks for a token in the request's head.
    #[inline]
    pub(crate) fn find<'a>(&self, request: &RequestHead<'a>) -> Bearer<'a> {
        match self {
            Self::Bearer => bearer::bearer(request),
            other => other.find_elsewhere(request),
        }
    }

    #[inline(never)]
    fn find_elsewhere<'a>(&self, request: &RequestHead<'a>) -> Bearer<'a> {
        match self {
            Self::Bearer => bearer::bearer(request),
            Self::Scheme(scheme) => match one(request.authorization()) {
                Ok(None) => Bearer::Absent,
                Ok(Some(line)) => of_scheme(scheme, line),
                Err(Twice) => Bearer::Malformed("several `Authorization` lines"),
            },
            Self::Header(name) => match one(request.lines_of(name)) {
                Ok(None) => Bearer::Absent,
                Ok(Some([])) => Bearer::Malformed("the header of the token is empty"),
                Ok(Some(token)) => Bearer::Token(token),
                Err(Twice) => Bearer::Malformed("several headers with a token"),
            },
            Self::Cookie { name, origins } => match one(cookies(request, name)) {
                Ok(None | Some([])) => Bearer::Absent,
                Ok(Some(_)) if !is_from_own_page(request, origins) => Bearer::Absent,
                Ok(Some(token)) => Bearer::Token(token),
                Err(Twice) => Bearer::Malformed("several cookies with a token"),
            },
            Self::Subprotocol(name) => match one(subprotocols_after(request, name)) {
                Ok(None) => Bearer::Absent,
                Ok(Some(token)) => Bearer::Token(token),
                Err(Twice) => Bearer::Malformed("several WebSocket subprotocols with a token"),
            },
        }
    }

    /// What an authenticator answers where nothing was found.
    pub(crate) fn absent(&self, request: &RequestHead<'_>) -> Attempt {
        self.tell_of_foreign_page(request);
        Attempt::Absent
    }

    /// Tells the operator of a cookie that was not looked at, if there is one.
    fn tell_of_foreign_page(&self, request: &RequestHead<'_>) {
        if let Self::Cookie { name, origins } = self
            && cookies(request, name).next().is_some()
            && !is_from_own_page(request, origins)
        {
            let shown = |field| {
                let text = String::from_utf8_lossy(request.header(field).unwrap_or_default());
                text.chars().take(MOST_CHARACTERS).collect::<String>().escape_debug().to_string()
            };
            tracing::info!(
                cookie = &**name,
                method = request.method(),
                origin = shown("origin"),
                sec_fetch_site = shown("sec-fetch-site"),
                "a token in a cookie was not looked at: the request changes something, and was not \
                 sent by a page of the origins that `.cookie(…)` names: add yours there"
            );
        }
    }

    /// Where the request carries a token, well-formed or not.
    pub(crate) fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        if matches!(self.find(request), Bearer::Absent) {
            return Presented::Absent;
        }
        match self {
            Self::Bearer | Self::Scheme(_) => Presented::Header("authorization"),
            Self::Header(name) => Presented::Header(name.as_str()),
            Self::Cookie { name, .. } => Presented::Cookie(name),
            Self::Subprotocol(_) => Presented::Header(SUBPROTOCOL),
        }
    }
}

/// There are two, where one is expected.
struct Twice;

fn one<'a>(mut found: impl Iterator<Item = &'a [u8]>) -> Result<Option<&'a [u8]>, Twice> {
    match (found.next(), found.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(Twice),
    }
}

/// The entries that follow those of this name (RFC 6455 section 11.3.4).
fn subprotocols_after<'a>(request: &RequestHead<'a>, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let lines = request.header_lines(SUBPROTOCOL);
    let mut entries =
        lines.flat_map(|line| line.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
    std::iter::from_fn(move || {
        entries.find(|entry| *entry == name.as_bytes())?;
        entries.next()
    })
}

/// Whether the request changes nothing, or a page of one of these origins has sent it.
fn is_from_own_page(request: &RequestHead<'_>, origins: &[Box<str>]) -> bool {
    let opens_a_channel = request.header("upgrade").is_some();
    if matches!(request.method(), "GET" | "HEAD" | "OPTIONS") && !opens_a_channel {
        return true;
    }
    match (request.header("sec-fetch-site"), one(request.header_lines("origin"))) {
        (Some(b"same-origin"), Ok(_)) => true,
        (_, Ok(Some(origin))) => origins.iter().any(|own| own.as_bytes() == origin),
        _ => false,
    }
}

/// A token of RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_character)
}

const MOST_CHARACTERS: usize = 200;

const SUBPROTOCOL: &str = "sec-websocket-protocol";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::with_request;

    /// What is found: a token, nothing, or why not.
    fn find(place: &TokenPlace, headers: &[(&str, &str)]) -> Result<Option<String>, &'static str> {
        with_request(headers, |request| match place.find(request) {
            Bearer::Absent => Ok(None),
            Bearer::Token(token) => Ok(Some(String::from_utf8_lossy(token).into_owned())),
            Bearer::Malformed(cause) => Err(cause),
        })
    }

    fn found(token: &str) -> Result<Option<String>, &'static str> {
        Ok(Some(token.to_owned()))
    }

    #[test]
    fn a_token_may_stand_after_another_scheme_or_in_a_header_of_its_own() {
        let scheme = TokenPlace::Scheme("Token");
        assert_eq!(find(&scheme, &[("authorization", "Token a.b.c")]), found("a.b.c"));
        assert_eq!(find(&scheme, &[("authorization", "token a.b.c")]), found("a.b.c"));
        assert_eq!(find(&scheme, &[("authorization", "Bearer a.b.c")]), Ok(None));
        let header = TokenPlace::Header(FieldName::parse("Cf-Access-Jwt-Assertion").unwrap());
        assert_eq!(find(&header, &[("cf-access-jwt-assertion", "a.b.c")]), found("a.b.c"));
        assert_eq!(find(&header, &[("authorization", "Bearer a.b.c")]), Ok(None));
        let twice = [("cf-access-jwt-assertion", "a"), ("cf-access-jwt-assertion", "b")];
        assert!(find(&header, &twice).is_err());
    }

    #[test]
    fn a_cookie_is_one_of_its_name() {
        let origins = vec!["https://shop.example".into()];
        let place = TokenPlace::Cookie { name: "s".into(), origins };
        assert_eq!(find(&place, &[("cookie", "a=1; s=t.o.k; b=2")]), found("t.o.k"));
        assert_eq!(find(&place, &[("cookie", "s=\"t.o.k\"")]), found("t.o.k"));
        assert_eq!(find(&place, &[("cookie", "a=1"), ("cookie", "s=t")]), found("t"));
        for other in ["ss=t", "a=s=t", "s", "S=t", "s=", "as=t"] {
            assert_eq!(find(&place, &[("cookie", other)]), Ok(None), "{other}");
        }
        assert!(find(&place, &[("cookie", "s=a; s=b")]).is_err());
        assert!(find(&place, &[("cookie", "s=a"), ("cookie", "s=b")]).is_err());
        // The handshake of a WebSocket, by another site and by a page of ours.
        let upgrade = |more: (&'static str, &'static str)| {
            find(&place, &[("cookie", "s=t"), ("upgrade", "websocket"), more])
        };
        assert_eq!(upgrade(("origin", "https://evil.example")), Ok(None));
        assert_eq!(upgrade(("sec-fetch-site", "cross-site")), Ok(None));
        assert_eq!(upgrade(("sec-fetch-site", "same-site")), Ok(None));
        assert_eq!(upgrade(("x", "y")), Ok(None));
        assert_eq!(upgrade(("origin", "https://shop.example")), found("t"));
        assert_eq!(upgrade(("sec-fetch-site", "same-origin")), found("t"));
    }

    #[test]
    fn a_token_is_the_entry_after_its_subprotocol() {
        let place = TokenPlace::Subprotocol("access_token".into());
        let of = |value| find(&place, &[(SUBPROTOCOL, value)]);
        assert_eq!(of("access_token, a.b.c"), found("a.b.c"));
        assert_eq!(of("graphql-ws,access_token,a.b.c"), found("a.b.c"));
        assert_eq!(of("graphql-ws"), Ok(None));
        assert_eq!(of("access_token"), Ok(None));
        assert!(of("access_token, a, access_token, b").is_err());
    }

    #[test]
    fn places_are_checked_at_startup() {
        let cookie = |name: &str, origins: &[&str]| TokenPlace::Cookie {
            name: name.into(),
            origins: origins.iter().map(|&origin| origin.into()).collect(),
        };
        let good = ["https://shop.example", "http://localhost:8080", "https://[::1]:8443"];
        assert_eq!(cookie("__Host-session", &good).faults(), []);
        assert_eq!(cookie("s", &[]).faults().len(), 1);
        for bad in
            ["shop.example", "https://", "https://Shop.example", "https://a/", "https://a:443"]
        {
            assert_eq!(cookie("s", &[bad]).faults().len(), 1, "{bad}");
        }
        assert_eq!(cookie("a b", &good).faults().len(), 1);
        assert_eq!(TokenPlace::Scheme("To ken").faults().len(), 1);
        assert_eq!(TokenPlace::Subprotocol("".into()).faults().len(), 1);
    }
}
