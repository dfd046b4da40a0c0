//! Which kind of token is accepted: the media type of the header and the claims it must carry.

use super::Rules;
use super::header::Header;

/// What a token must be.
///
/// Both profiles require `iss`, `sub`, `aud` and `exp`, and both check every registered claim that
/// is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// An OAuth 2.0 access token in JWT form (RFC 9068): `typ` is `at+jwt` or
    /// `application/at+jwt`, and `iat`, `jti` and `client_id` are there too (section 2.2). No other
    /// token of the same issuer (an ID token, a logout token) passes for one.
    #[default]
    Rfc9068,
    /// Any JWT of the issuer (RFC 7519): `typ` may also be `JWT` or missing, and `iat`, `jti` and
    /// `client_id` may be missing.
    ///
    /// For issuers that do not follow RFC 9068. Only the audience then tells an access token from
    /// another token of the issuer (RFC 8725 section 3.12): never name a client's identifier as
    /// audience with this profile, for ID tokens carry that.
    Jwt,
}

impl Profile {
    /// Whether a header with this `typ` is of this profile.
    pub(crate) fn accepts_type(self, name: Option<&str>) -> bool {
        match (self, name) {
            (Self::Rfc9068, None) => false,
            (Self::Rfc9068, Some(name)) => same_media_type(name, "at+jwt"),
            (Self::Jwt, None) => true,
            (Self::Jwt, Some(name)) => {
                same_media_type(name, "at+jwt") || same_media_type(name, "JWT")
            }
        }
    }

    /// Whether `iat`, `jti` and `client_id` must be there.
    pub(crate) const fn requires_all_claims(self) -> bool {
        matches!(self, Self::Rfc9068)
    }
}

impl Rules {
    /// Checks the header's `typ` (RFC 8725 section 3.11).
    pub(super) fn check_type(&self, header: &Header<'_>) -> Result<(), &'static str> {
        let found = header.media_type.as_deref();
        let added = found
            .is_some_and(|name| self.types.iter().any(|accepted| same_media_type(name, accepted)));
        if added || self.profile.accepts_type(found) {
            Ok(())
        } else {
            Err("`typ` is not that of the tokens accepted here")
        }
    }
}

/// Compares a `typ` with a media type: case does not matter, and `application/` may be left out
/// where no other slash is in the name (RFC 7515 section 4.1.9).
pub(crate) fn same_media_type(name: &str, expected: &str) -> bool {
    subtype(name).eq_ignore_ascii_case(subtype(expected))
}

fn subtype(name: &str) -> &str {
    match name.split_at_checked(APPLICATION.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(APPLICATION) && !rest.contains('/') => {
            rest
        }
        _ => name,
    }
}

const APPLICATION: &str = "application/";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: Option<&str>, access_token: bool, jwt: bool) {
        assert_eq!(Profile::Rfc9068.accepts_type(name), access_token, "{name:?}");
        assert_eq!(Profile::Jwt.accepts_type(name), jwt, "{name:?}");
    }

    #[test]
    fn types_are_media_types() {
        check(Some("at+jwt"), true, true);
        check(Some("AT+JWT"), true, true);
        check(Some("application/at+jwt"), true, true);
        check(Some("Application/At+Jwt"), true, true);
        check(Some("JWT"), false, true);
        check(Some("jwt"), false, true);
        check(Some("application/jwt"), false, true);
        check(None, false, true);
        for other in [
            "",
            "at+jwt ",
            "text/at+jwt",
            "application/x/at+jwt",
            "application/application/at+jwt",
            "dpop+jwt",
            "logout+jwt",
            "secevent+jwt",
            "token-introspection+jwt",
            "at+jwté",
            "JOSE",
        ] {
            check(Some(other), false, false);
        }
    }
}
