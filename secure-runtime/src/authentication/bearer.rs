//! The `Authorization` header of the `Bearer` scheme (RFC 6750 section 2.1).
//!
//! 1. Here, tokens are taken from the header only (see `token_place` for others): never from the query or the body, where they end up
//!    in logs, histories and `Referer` lines (RFC 6750 sections 2.2 and 2.3, RFC 9700 section 4.3.2).
//! 2. One field line. Two are refused, because two readers may each believe another one.
//!    A token in the query beside that of the header is refused as well (section 2).
//! 3. The scheme is compared without regard to case (RFC 9110 section 11.1), one or more spaces
//!    follow (section 11.4), then a `b64token` and nothing else.
//! 4. Another scheme is not an error here: it is another authenticator's business.

use crate::request::RequestHead;

/// What the header holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bearer<'a> {
    /// No credentials of this scheme.
    Absent,
    /// A token. Its characters are not checked yet: what equals a token that was accepted before
    /// needs no check, everything else goes through [`is_b64token`].
    Token(&'a [u8]),
    /// Credentials that break the grammar; the sentence is for the log.
    Malformed(&'static str),
}

/// Looks for a bearer token in the request's head.
#[inline]
pub(crate) fn bearer<'a>(request: &RequestHead<'a>) -> Bearer<'a> {
    let mut lines = request.authorization();
    match (lines.next(), lines.next()) {
        (None, _) => Bearer::Absent,
        (Some(line), None) => match parse(line) {
            Bearer::Token(_) if has_token(request.query()) => {
                Bearer::Malformed("a token in the header and one in the query")
            }
            found => found,
        },
        (Some(_), Some(_)) => Bearer::Malformed("several `Authorization` lines"),
    }
}

/// Whether a query has the parameter of RFC 6750 section 2.3.
fn has_token(query: &str) -> bool {
    !query.is_empty() && query.split('&').any(|pair| pair.split('=').next() == Some("access_token"))
}

/// Reads one field line.
#[inline]
pub(crate) fn parse(line: &[u8]) -> Bearer<'_> {
    // How nearly every client writes it.
    if let Some(token @ [b'!'..=b'~', ..]) = line.strip_prefix(b"Bearer ") {
        return Bearer::Token(token);
    }
    of_scheme(SCHEME, line)
}

/// Reads one field line, whose credentials are a token after this scheme.
pub(crate) fn of_scheme<'a>(scheme: &str, line: &'a [u8]) -> Bearer<'a> {
    let Some((found, rest)) = line.split_at_checked(scheme.len()) else { return Bearer::Absent };
    if !found.eq_ignore_ascii_case(scheme.as_bytes()) {
        return Bearer::Absent;
    }
    match rest.split_first() {
        None => Bearer::Malformed("no token after the scheme"),
        Some((b' ', mut token)) => {
            while let Some((b' ', more)) = token.split_first() {
                token = more;
            }
            if token.is_empty() {
                return Bearer::Malformed("no token after the scheme");
            }
            Bearer::Token(token)
        }
        // The scheme goes on, so it is another one.
        Some((&byte, _)) if is_token_character(byte) => Bearer::Absent,
        Some(_) => Bearer::Malformed("the scheme is not followed by a space"),
    }
}

/// [`parse`] and the check of the characters, in public types.
pub(crate) fn bearer_token(line: &[u8]) -> Result<Option<&[u8]>, &'static str> {
    match parse(line) {
        Bearer::Absent => Ok(None),
        Bearer::Malformed(cause) => Err(cause),
        Bearer::Token(token) if is_b64token(token) => Ok(Some(token)),
        Bearer::Token(_) => Err("the token has characters that no token has"),
    }
}

/// Whether these bytes are `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
pub(crate) fn is_b64token(token: &[u8]) -> bool {
    let end = token.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let (body, _padding) = token.split_at(end);
    !body.is_empty()
        && body.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        })
}

/// `tchar` of RFC 9110 section 5.6.2.
pub(crate) fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

const SCHEME: &str = "Bearer";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Bearer<'_>) {
        assert_eq!(parse(line.as_bytes()), expected, "{line:?}");
    }

    #[test]
    fn one_line_is_read_by_the_grammar() {
        let empty = Bearer::Malformed("no token after the scheme");
        let glued = Bearer::Malformed("the scheme is not followed by a space");
        check("Bearer abc", Bearer::Token(b"abc"));
        check("bearer abc", Bearer::Token(b"abc"));
        check("BEARER    abc", Bearer::Token(b"abc"));
        check("Bearer", empty);
        check("Bearer ", empty);
        check("Bearer    ", empty);
        check("Bearer\tabc", glued);
        check("Bearer:abc", glued);
        check("Bearer,abc", glued);
        check("Bearer\u{e9}abc", glued);
        check("Bearerabc", Bearer::Absent);
        check("Bearer-abc x", Bearer::Absent);
        check("Basic YWxpY2U6eA==", Bearer::Absent);
        check("DPoP abc", Bearer::Absent);
        check("Bear", Bearer::Absent);
        check("", Bearer::Absent);
    }

    #[test]
    fn a_token_has_the_characters_of_rfc_6750() {
        for good in ["a", "aZ09-._~+/", "abc=", "abc==", "a.b.c"] {
            assert!(is_b64token(good.as_bytes()), "{good}");
        }
        for bad in ["", "=", "a b", "a,b", "a=b", "a\tb", " a", "a ", "a\"", "é", "a\0"] {
            assert!(!is_b64token(bad.as_bytes()), "{bad:?}");
        }
    }
}
