//! Token profiles: which kind of token is accepted, by its header and its claims.
//!
//! An issuer signs tokens of several kinds with the same keys: access tokens, ID tokens, refresh
//! tokens, logout tokens. One that is sent as another is an attack (RFC 8725 section 3.11 and 3.12,
//! "cross-JWT confusion"). How they are distinguished, and what each rule prevents:
//!
//! 1. `typ` of the header: `at+jwt` is an access token (RFC 9068 section 2.1). `JWT`, or no `typ`, says
//!    nothing. Anything else (`logout+jwt`, `dpop+jwt`, `secevent+jwt` …) is another kind: refused.
//! 2. `typ` and `token_use` of the claims, which some providers write (Keycloak, AWS Cognito): `Bearer`
//!    and `access` are access tokens; ID, refresh and every other kind are refused.
//!    `token_type`, `type` and `tokenName` may say anything else, but neither refresh nor ID token.
//! 3. `events`: a logout token or another security event (RFC 8417 section 2.2), refused.
//! 4. `at_hash`, `c_hash`, `s_hash`: an ID token (OpenID Connect Core sections 3.1.3.6 and 3.3.2.11),
//!    refused, unless 1 or 2 say that it is an access token.
//! 5. `nonce`, or a client in `aud` to which the token was issued itself: an ID token (sections 2 and
//!    3.1.3.7), refused, unless 1 or 2 say that it is an access token, or it has a
//!    scope, which ID tokens do not have. Where a preset demands a claim that names the client, the client may be the audience.
//!
//! An ID token without any of these marks passes where a client's identifier is named as the audience.
//! So an API should have an audience of its own.

use super::Rules;
use super::header::Header;
use super::json::{Json, Object};

/// What a token must be.
///
/// All profiles require `iss`, `sub`, `aud` and `exp`, unless a setting changes that:
/// [`client_as_subject`](super::Jwt::client_as_subject), and
/// [`client_ids`](super::Jwt::client_ids) without an audience. All check `nbf`, `iat`, `auth_time` and
/// `cnf`, where they are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// An access token as OpenID providers issue them: `typ` of the header is `at+jwt`, `JWT` or
    /// missing, and nothing in the token says that it is of another kind. ID tokens, refresh tokens
    /// and logout tokens are refused by what tells them apart: `typ`, `token_use`, `nonce`,
    /// `at_hash`, `c_hash`, `events`, or an audience that is the token's own client.
    ///
    /// Name an audience that is the API's own, not the identifier of a client: an ID token is for a
    /// client, and not every provider marks its ID tokens.
    #[default]
    AccessToken,
    /// An OAuth 2.0 access token in JWT form as RFC 9068 demands it: `typ` is `at+jwt` or
    /// `application/at+jwt`, and `iat`, `jti` and `client_id` are there too (section 2.2). No other
    /// token of the same issuer passes for one. Use it where the issuer follows RFC 9068.
    Rfc9068,
    /// An ID token (OpenID Connect Core section 2): for providers whose ID tokens are what APIs
    /// accept, as those of Google and Firebase. `iat` is required, `typ` is `JWT` or missing, and
    /// `azp`, where it is there, is one of the audiences or of
    /// [`client_ids`](super::Jwt::client_ids).
    IdToken,
    /// Any JWT of the issuer (RFC 7519), whatever kind it is: `typ` is `at+jwt`, `JWT` or missing.
    ///
    /// Only the audience then tells an access token from another token of the issuer (RFC 8725
    /// section 3.12): never name a client's identifier as audience with this profile, because ID
    /// tokens carry that.
    Jwt,
}

/// The kind of token, by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderType {
    AccessToken,
    /// `JWT`, nothing, or a type that the description names.
    Unsaid,
}

impl Profile {
    /// The kind of token of this `typ`; `None`: it is of another profile.
    pub(crate) fn header_type(self, name: Option<&str>) -> Option<HeaderType> {
        let found = match name {
            None => HeaderType::Unsaid,
            Some(name) if same_media_type(name, "at+jwt") => HeaderType::AccessToken,
            Some(name) if same_media_type(name, "JWT") => HeaderType::Unsaid,
            Some(_) => return None,
        };
        let is_accepted = match self {
            Self::AccessToken | Self::Jwt => true,
            Self::Rfc9068 => found == HeaderType::AccessToken,
            Self::IdToken => found == HeaderType::Unsaid,
        };
        is_accepted.then_some(found)
    }

    /// Whether `iat`, `jti` and `client_id` must be there.
    pub(crate) const fn requires_all_claims(self) -> bool {
        matches!(self, Self::Rfc9068)
    }

    /// Whether `iat` must be there.
    pub(crate) const fn requires_issue_time(self) -> bool {
        matches!(self, Self::Rfc9068 | Self::IdToken)
    }
}

impl Rules {
    /// Checks the header's `typ` (RFC 8725 section 3.11).
    pub(super) fn check_type(&self, header: &Header<'_>) -> Result<HeaderType, &'static str> {
        let found = header.media_type.as_deref();
        let added = found
            .is_some_and(|name| self.types.iter().any(|accepted| same_media_type(name, accepted)));
        match self.profile.header_type(found) {
            Some(said) => Ok(said),
            None if added => Ok(HeaderType::Unsaid),
            None => Err(WRONG_TYPE),
        }
    }

    /// Checks the kind of token by its claims.
    pub(super) fn check_kind(
        &self,
        claims: &Object<'_>,
        header: HeaderType,
    ) -> Result<(), &'static str> {
        match self.profile {
            Profile::Jwt => Ok(()),
            Profile::IdToken => self.check_id_token(claims),
            Profile::AccessToken | Profile::Rfc9068 => self.check_access_token(claims, header),
        }
    }

    /// Checks the kind of token by `typ` of an introspection answer.
    #[cfg(feature = "introspection")]
    pub(crate) fn check_claimed_type(&self, members: &Object<'_>) -> Result<(), &'static str> {
        match self.claimed_kind(members, "typ") {
            Kind::Access | Kind::Unsaid => Ok(()),
            Kind::Other => Err("`typ` of the answer is not that of an access token"),
        }
    }

    /// What this claim says of the kind of token. Where the description demands a value of it, that is
    /// what access tokens have there.
    fn claimed_kind(&self, claims: &Object<'_>, claim: &str) -> Kind {
        match claims.given(claim) {
            _ if self.demands_value_of(claim) => Kind::Access,
            None => Kind::Unsaid,
            Some(Json::Text(kind)) => kind_of(kind),
            Some(_) => Kind::Other,
        }
    }

    fn check_access_token(
        &self,
        claims: &Object<'_>,
        header: HeaderType,
    ) -> Result<(), &'static str> {
        let mut says_so = header == HeaderType::AccessToken;
        for (claim, wrong) in USES {
            match self.claimed_kind(claims, claim) {
                Kind::Access => says_so = true,
                Kind::Unsaid => {}
                Kind::Other => return Err(wrong),
            }
        }
        for claim in OTHER_USES {
            if let Some(Json::Text(kind)) = claims.given(claim)
                && !self.demands_value_of(claim)
                && OTHER_KINDS.iter().any(|other| kind.eq_ignore_ascii_case(other))
            {
                return Err("the token says that it is a refresh token or an ID token");
            }
        }
        check_no_event(claims)?;
        if says_so {
            return Ok(());
        }
        if HASHES.iter().any(|claim| claims.given(claim).is_some()) {
            return Err("the token is an ID token (`at_hash`, `c_hash` or `s_hash`)");
        }
        if SCOPES.iter().any(|claim| claims.given(claim).is_some()) {
            return Ok(());
        }
        if claims.given("nonce").is_some() {
            return Err("the token is an ID token (`nonce`, and no scope)");
        }
        // Where access tokens alone name their client, it may be the API itself.
        if !self.names_client && self.is_for_its_client(claims) {
            return Err(
                "the token is an ID token: it is for the client it was issued to, and has no scope",
            );
        }
        Ok(())
    }

    fn check_id_token(&self, claims: &Object<'_>) -> Result<(), &'static str> {
        for (claim, _) in USES {
            match claims.given(claim) {
                _ if self.demands_value_of(claim) => {}
                None => {}
                Some(Json::Text(kind)) if kind.eq_ignore_ascii_case("id") => {}
                Some(_) => return Err("the token is not an ID token"),
            }
        }
        check_no_event(claims)?;
        match claims.given("azp") {
            None => Ok(()),
            Some(Json::Text(client))
                if self.any_audience
                    || self.audiences.iter().chain(&self.client_ids).any(|it| **it == **client) =>
            {
                Ok(())
            }
            Some(_) => Err("`azp` is another client (OpenID Connect Core section 3.1.3.7)"),
        }
    }
}

fn check_no_event(claims: &Object<'_>) -> Result<(), &'static str> {
    match claims.given("events") {
        None => Ok(()),
        Some(_) => Err("the token is a logout token or another security event (`events`)"),
    }
}

/// The kind of token, by a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Access,
    Unsaid,
    Other,
}

/// Reads `typ` or `token_use` of the claims.
fn kind_of(kind: &str) -> Kind {
    let is = |names: &[&str]| names.iter().any(|name| kind.eq_ignore_ascii_case(name));
    if is(&["Bearer", "access", "access_token", "at+jwt", "DPoP"]) {
        Kind::Access
    } else if is(&["JWT"]) {
        Kind::Unsaid
    } else {
        Kind::Other
    }
}

/// Claims that say what a token is for, and what is told where it is for something else.
pub(super) const USES: [(&str, &str); 2] = [
    ("token_use", "`token_use` is not that of an access token"),
    ("typ", "`typ` of the claims is not that of an access token"),
];

/// Claims of free use, by which some libraries and providers say what a token is for.
const OTHER_USES: [&str; 3] = ["token_type", "type", "tokenName"];

const OTHER_KINDS: [&str; 4] = ["refresh", "refresh_token", "id", "id_token"];

const HASHES: [&str; 3] = ["at_hash", "c_hash", "s_hash"];

/// What access tokens have and ID tokens have not (RFC 8693 section 4.2, and what some providers write).
const SCOPES: [&str; 2] = ["scope", "scp"];

pub(super) const WRONG_TYPE: &str = "`typ` is not that of the tokens accepted here";

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

    /// Which profiles accept it: an access token, RFC 9068, an ID token, any JWT.
    fn check(name: Option<&str>, expected: [bool; 4]) {
        let profiles = [Profile::AccessToken, Profile::Rfc9068, Profile::IdToken, Profile::Jwt];
        let found = profiles.map(|profile| profile.header_type(name).is_some());
        assert_eq!(found, expected, "{name:?}");
    }

    #[test]
    fn types_are_media_types() {
        for name in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            check(Some(name), [true, true, false, true]);
        }
        for name in [Some("JWT"), Some("jwt"), Some("application/jwt"), None] {
            check(name, [true, false, true, true]);
        }
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
            check(Some(other), [false; 4]);
        }
    }
}
