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

#[cfg(feature = "api-keys")]
pub mod api_key;
mod attempt;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
mod bearer;
mod challenge;
#[cfg(feature = "jwt")]
mod claim_mapping;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
mod claim_path;
mod credential_location;
mod enrichment;
#[cfg(feature = "discovery")]
mod fetch_error;
#[cfg(feature = "discovery")]
mod fetching;
mod from_middleware;
#[cfg(feature = "discovery")]
mod http;
#[cfg(feature = "introspection")]
mod introspection;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
mod json;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
mod local_file;
#[cfg(feature = "discovery")]
mod metadata;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
mod outage;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
mod provider;
mod refusal;
#[cfg(feature = "jwt")]
mod revocation;
#[cfg(feature = "jwt")]
mod token_cache;
mod token_cache_statistics;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
mod token_location;
#[cfg(feature = "discovery")]
mod url;

use std::sync::Arc;

#[cfg(feature = "api-keys")]
pub use api_key::ApiKeys;
pub use attempt::{Attempt, Verdict};
#[cfg(all(any(test, feature = "testing"), any(feature = "jwt", feature = "api-keys")))]
pub(crate) use bearer::bearer_token;
pub use challenge::Challenge;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
pub use claim_path::ClaimPath;
pub use credential_location::Presented;
pub use enrichment::{Enrich, Enriched, EnrichmentCache};
pub use from_middleware::FromMiddleware;
#[cfg(all(feature = "introspection", any(test, feature = "testing")))]
pub(crate) use introspection::read_answer;
#[cfg(feature = "introspection")]
pub use introspection::{ClientKey, Introspection};
#[cfg(feature = "jwt")]
pub use jwt::{Algorithm, ClaimValue, DemandedClaim, Jwt, Key, Profile, TokenExplanation};
#[cfg(all(feature = "jwt", any(test, feature = "testing")))]
pub(crate) use jwt::{open_with, read_key_set, vocabulary_claims};
pub use refusal::{Refusal, RefusalCode};
#[cfg(all(feature = "jwt", feature = "redis"))]
pub use revocation::InvalidStore;
#[cfg(feature = "jwt")]
pub use revocation::{
    RevocationError, RevocationStatistics, Revocations, RevocationsBuilder, Revoked,
};
pub use token_cache_statistics::TokenCacheStatistics;

use crate::principal::Principal;
use crate::request::RequestHead;
use crate::support::time::Moment;

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

    /// Whether its principals name an [issuer](Principal::issuer), by which limits tell them apart. `None`: it
    /// cannot be known before a request.
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

    /// Whether the credentials of a caller that it has accepted are still good: asked while a stream that
    /// the caller opened, a WebSocket say, goes on. That they end at
    /// [`expires_at`](crate::Principal::expires_at) is known, and need not be checked here.
    ///
    /// # Errors
    ///
    /// Why the stream ends, for the log.
    fn recheck(&self, caller: &Principal, now: Moment) -> Result<(), Refusal> {
        let _ = (caller, now);
        Ok(())
    }

    /// Whether it accepts credentials that a browser sends by itself, a cookie say, only with requests
    /// of pages that it knows. Otherwise the handshake of a `websocket` is refused unless its
    /// `Origin` is [allowed](crate::SecurityBuilder::websocket_origins).
    fn checks_origins(&self) -> bool {
        false
    }

    /// Whether its principals say how and when they signed in, as far as their credentials do.
    /// Otherwise the launch refuses endpoints with `fresh`, `acr` or `amr` that nobody else's
    /// callers can reach.
    fn tells_authentication(&self) -> bool {
        true
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
