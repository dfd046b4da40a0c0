//! Who is calling: the one trait that every scheme implements, and the schemes.
//!
//! 1. An [`Authenticator`] looks at the head of a request only; the body has not been read.
//! 2. No credentials of its scheme is not an error: [`Attempt::Absent`].
//! 3. Credentials that are not good are [`Attempt::Refused`]; the client learns the error code of
//!    RFC 6750 section 3.1, the log learns the cause.
//! 4. An authenticator that cannot decide (a key store is gone) is [`Refusal::unavailable`]: 503,
//!    never an accepted request.
//! 5. Where any of several schemes will do, they are asked in the order of `auth = any(…)`, or of
//!    their configuration; the first that accepts names the caller. Credentials that only a later
//!    one understands cost the earlier ones a look.
//!    A request that one calls malformed ([`Refusal::invalid_request`]) is shown to no other.
//! 6. Where any of several schemes will do, credentials in two places ([`Presented`]) are refused
//!    before any is verified: 400 `invalid_request` (RFC 6750 section 2).
//!    Of several refusals, the client and the log are told that of the authenticator the credentials
//!    were for ([`Refusal::decided`]); else that of one that cannot judge, which might have accepted.
//! 7. A refusal carries one challenge for each scheme of the endpoint; the one of the scheme whose
//!    credentials were refused names the error.

pub mod api_key;
mod bearer;
mod claim_path;
#[cfg(feature = "discovery")]
mod fetch_error;
#[cfg(feature = "discovery")]
mod fetching;
#[cfg(feature = "discovery")]
mod http;
#[cfg(feature = "introspection")]
mod introspection;
mod json;
mod jwt;
mod local_file;
#[cfg(feature = "discovery")]
mod metadata;
mod outage;
mod places;
mod presented;
mod provider;
mod revocation;
mod token_cache;
mod token_place;
#[cfg(feature = "discovery")]
mod url;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use api_key::ApiKeys;
pub(crate) use bearer::bearer_token;
pub use claim_path::ClaimPath;
#[cfg(feature = "introspection")]
pub(crate) use introspection::read_answer;
#[cfg(feature = "introspection")]
pub use introspection::{ClientKey, Introspection};
pub use jwt::{Algorithm, ClaimValue, DemandedClaim, Jwt, Key, Profile, TokenExplanation};
pub(crate) use jwt::{open_with, read_key_set, vocabulary_claims};
pub use presented::Presented;
#[cfg(feature = "redis")]
pub use revocation::InvalidStore;
pub use revocation::{
    RevocationError, RevocationStatistics, Revocations, RevocationsBuilder, Revoked,
};
pub use token_cache::TokenCacheStatistics;
pub(crate) use token_place::cookies;

use crate::principal::Principal;
use crate::request::RequestHead;
use crate::time::Moment;

/// Verifies the credentials of one scheme.
///
/// Answers at once where it can, without boxing; an authenticator that must wait returns
/// [`Attempt::Pending`].
///
/// ```
/// use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented, Refusal};
/// use secure_runtime::{Moment, Principal, RequestHead};
///
/// struct Gateway;
///
/// impl Authenticator for Gateway {
///     fn challenge(&self) -> Challenge {
///         Challenge::new("Gateway").parameter("realm", "shop")
///     }
///
///     fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
///         Presented::by_header(request, "x-gateway-user")
///     }
///
///     fn authenticate(&self, request: &RequestHead<'_>, _now: Moment) -> Attempt {
///         match request.header("x-gateway-user") {
///             None => Attempt::Absent,
///             Some(b"alice") => Attempt::Accepted(Principal::builder("alice").build()),
///             Some(_) => Attempt::Refused(Refusal::invalid_token("the gateway does not know this user")),
///         }
///     }
/// }
/// ```
pub trait Authenticator: Send + Sync + 'static {
    /// What a client is told when it must authenticate (RFC 9110 section 11.6.1).
    fn challenge(&self) -> Challenge;

    /// Where the request carries credentials of this scheme, if it does. Nothing is verified.
    ///
    /// Asked only where an endpoint accepts any of several schemes.
    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_>;

    /// Looks for credentials of this scheme and verifies them.
    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt;

    /// Whether these very credentials were verified before and are remembered as good: then they are
    /// asked about even while their address is banned for failures. `false` unless it can be told
    /// without verifying anything.
    fn remembers(&self, request: &RequestHead<'_>, now: Moment) -> bool {
        let _ = (request, now);
        false
    }

    /// Whether credentials that were refused are remembered, so that to refuse them again costs nothing
    /// worth bounding. Failures of a client that repeats them, an expired token say, then count once
    /// within the window of the default budget; otherwise each of them counts.
    fn remembers_refusals(&self) -> bool {
        false
    }

    /// The public name that the credentials claim, an id of an API key say, before anything is
    /// verified. Budgets for failures count by it and the client's address together, so that a bad
    /// caller does not use up the budget of a good one.
    fn claimed_id<'a>(&self, request: &RequestHead<'a>) -> Option<&'a str> {
        let _ = request;
        None
    }

    /// Called once, when the [`Security`](crate::Security) is built: what takes a while can begin.
    fn start(&self, now: Moment) {
        let _ = now;
    }

    /// Whether it can judge credentials now: the error is why not, for operators and probes. An
    /// authenticator whose keys are published is not ready until there are usable ones; this call has
    /// them fetched if that is due, so that a service without requests recovers.
    ///
    /// # Errors
    ///
    /// Why credentials of this scheme would be answered with 503.
    fn ready(&self, now: Moment) -> Result<(), Arc<str>> {
        let _ = now;
        Ok(())
    }

    /// What it keeps of credentials that were verified before, if it keeps any; see
    /// [`Security::token_cache_statistics`](crate::Security::token_cache_statistics).
    fn token_cache_statistics(&self) -> Option<TokenCacheStatistics> {
        None
    }

    /// Whether its principals have a tenant, as far as their credentials name one. Otherwise the
    /// launch refuses endpoints that count by tenant and whose caller it may name.
    fn names_tenants(&self) -> bool {
        true
    }

    /// Whether its principals have a tier of service, as far as their credentials name one.
    /// Otherwise the launch refuses endpoints whose limits depend on it.
    fn names_tiers(&self) -> bool {
        true
    }

    /// Whether its principals name the [API key](Principal::api_key) that was sent. The launch refuses
    /// endpoints that count by API key where nobody's do.
    fn names_api_keys(&self) -> bool {
        false
    }

    /// The authorization server whose tokens it accepts, by its issuer identifier (RFC 8414 section
    /// 2), if its credentials are OAuth 2.0 access tokens: clients of a
    /// [protected resource](crate::SecurityBuilder::protected_resource) are sent there.
    fn issuer(&self) -> Option<&str> {
        None
    }

    /// Whether its principals name an [issuer](Principal::issuer), by which limits tell them apart.
    fn names_issuers(&self) -> Option<bool> {
        self.issuer().map(|_| true)
    }

    /// Whether it accepts the tokens of its [issuer](Self::issuer) that are for this audience. The
    /// launch asks about the identifier of the protected resource.
    fn accepts_audience(&self, audience: &str) -> bool {
        let _ = audience;
        true
    }

    /// Whether it refuses what a list of [`Revocations`] holds. The launch refuses an endpoint that
    /// accepts any of several authenticators of one [issuer](Self::issuer) of which only some do: a
    /// token that one of them refuses as revoked would be accepted by another.
    fn asks_revocations(&self) -> bool {
        false
    }

    /// Whether its principals say how and when they signed in, as far as their credentials do.
    /// Otherwise the launch refuses endpoints with `fresh`, `acr` or `amr` that nobody else's
    /// callers can reach.
    fn tells_authentication(&self) -> bool {
        true
    }
}

/// What an [`Authenticator`] found.
#[non_exhaustive]
pub enum Attempt {
    /// The request carries no credentials of this scheme.
    Absent,
    /// The credentials are good.
    Accepted(Principal),
    /// The credentials are not good, or cannot be judged.
    Refused(Refusal),
    /// The answer takes a while.
    Pending(Pin<Box<dyn Future<Output = Verdict> + Send>>),
}

impl fmt::Debug for Attempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => formatter.write_str("Absent"),
            Self::Accepted(principal) => {
                formatter.debug_tuple("Accepted").field(principal).finish()
            }
            Self::Refused(refusal) => formatter.debug_tuple("Refused").field(refusal).finish(),
            Self::Pending(_) => formatter.write_str("Pending"),
        }
    }
}

/// What an [`Attempt::Pending`] comes to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// The credentials are good.
    Accepted(Principal),
    /// The credentials are not good, or cannot be judged.
    Refused(Refusal),
}

/// Why credentials were not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) code: RefusalCode,
    /// For the log only.
    pub(crate) cause: Arc<str>,
    is_decided: bool,
}

/// The error of RFC 6750 section 3.1 that a [`Refusal`] becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalCode {
    /// 400 `invalid_request`: the credentials are not even well-formed, or sent twice.
    InvalidRequest,
    /// 401 `invalid_token`: expired, revoked, malformed, forged or not meant for this service.
    InvalidToken,
    /// 503: nobody can say now.
    Unavailable,
}

impl Refusal {
    fn new(code: RefusalCode, cause: Arc<str>) -> Self {
        Self { code, cause, is_decided: false }
    }

    /// The request itself is malformed: several credentials, an unusable header.
    pub fn invalid_request(cause: impl Into<Arc<str>>) -> Self {
        Self::new(RefusalCode::InvalidRequest, cause.into())
    }

    /// The credentials are expired, revoked, malformed, forged or meant for somebody else.
    ///
    /// `cause` goes to the log and never to the client; it must not contain the credentials.
    pub fn invalid_token(cause: impl Into<Arc<str>>) -> Self {
        Self::new(RefusalCode::InvalidToken, cause.into())
    }

    /// The credentials cannot be judged now.
    pub fn unavailable(cause: impl Into<Arc<str>>) -> Self {
        Self::new(RefusalCode::Unavailable, cause.into())
    }

    /// This authenticator is the one that the credentials were for, because they name its issuer,
    /// say. Where an endpoint accepts any of several, this refusal is then what the client and the log
    /// are told, whatever the others say, even if one of them cannot judge now: unless that one says
    /// that the credentials were for it, too.
    ///
    /// ```
    /// use secure_runtime::authentication::Refusal;
    ///
    /// let refusal = Refusal::invalid_token("the ticket has expired").decided();
    /// ```
    #[must_use]
    pub fn decided(mut self) -> Self {
        self.is_decided = true;
        self
    }

    /// Whether the authenticator is the one that the credentials were for.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        self.is_decided
    }

    /// Which error the client sees.
    #[must_use]
    pub fn code(&self) -> RefusalCode {
        self.code
    }

    /// The cause, for logs and tests.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

/// A `WWW-Authenticate` challenge: a scheme and its parameters (RFC 9110 section 11.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: &'static str,
    parameters: Vec<(&'static str, String)>,
}

impl Challenge {
    /// A challenge of this scheme without parameters. `scheme` is a token (RFC 9110 section 5.6.2).
    #[must_use]
    pub fn new(scheme: &'static str) -> Self {
        Self { scheme, parameters: Vec::new() }
    }

    /// Adds a parameter; its value is quoted when the challenge is written, and whatever a
    /// quoted string cannot carry (RFC 9110 section 5.6.4) is left out.
    #[must_use]
    pub fn parameter(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }

    /// The scheme's name.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Scheme names are compared without regard to case (RFC 9110 section 11.1).
    pub(crate) fn is_of_scheme(&self, other: &Self) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
    }
}

impl std::fmt::Display for Challenge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.scheme)?;
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(formatter, "{separator}{name}=\"")?;
            for character in value.chars() {
                match character {
                    '"' | '\\' => write!(formatter, "\\{character}")?,
                    ' '..='~' => write!(formatter, "{character}")?,
                    _ => {}
                }
            }
            formatter.write_str("\"")?;
        }
        Ok(())
    }
}

/// What [`SecurityBuilder::authenticator`](crate::security::SecurityBuilder::authenticator) takes:
/// an [`Authenticator`], or the description of one that is checked at launch.
pub trait IntoAuthenticator {
    /// Checks the configuration and makes the authenticator.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the configuration, one sentence each.
    fn into_authenticator(self) -> Result<Arc<dyn Authenticator>, Vec<String>>;
}

impl<A: Authenticator> IntoAuthenticator for A {
    fn into_authenticator(self) -> Result<Arc<dyn Authenticator>, Vec<String>> {
        Ok(Arc::new(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_cannot_be_broken_out_of() {
        let challenge = Challenge::new("Bearer").parameter("realm", "a\"b\\c\r\nd");
        assert_eq!(challenge.to_string(), r#"Bearer realm="a\"b\\cd""#);
    }
}
