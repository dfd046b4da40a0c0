//! Authentication: the trait `Authenticator`, and the schemes that implement it.
//!
//! 1. An [`Authenticator`] looks at the head of a request only; the body has not been read.
//! 2. No credentials of its scheme is not an error: [`Attempt::Absent`].
//! 3. Rejected credentials are [`Attempt::Refused`]. The client receives the error code of RFC 6750 section
//!    3.1; the log contains the cause.
//! 4. Fail closed: an authenticator that cannot decide, because its key store is unreachable for example,
//!    returns [`Refusal::unavailable`]. The response is 503.
//! 5. If an endpoint accepts any of several schemes, they are tried in the order of `auth = any(…)`, or of
//!    their configuration. The principal comes from the first that accepts. After
//!    [`Refusal::invalid_request`], no further scheme is tried.
//! 6. If an endpoint accepts any of several schemes, credentials in two places ([`Presented`]) are rejected
//!    before any is verified: 400 `invalid_request` (RFC 6750 section 2).
//!    If several authenticators reject a request, the response and the log have the refusal of the
//!    authenticator that the credentials were for ([`Refusal::decided`]). If there is none, they have the
//!    refusal of one that could not decide, because it might have accepted.
//! 7. A refusal carries one challenge for each scheme of the endpoint. The challenge of the scheme whose
//!    credentials were rejected contains the error.

#[cfg(feature = "api-keys")]
pub mod api_key;
mod attempt;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
mod bearer;
mod capabilities;
mod challenge;
#[cfg(feature = "jwt")]
mod claim_mapping;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
mod claim_path;
mod configuration_error;
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

pub use attempt::{Attempt, Verdict};
#[cfg(all(any(test, feature = "testing"), any(feature = "jwt", feature = "api-keys")))]
pub(crate) use bearer::bearer_token;
pub use capabilities::Capabilities;
pub use challenge::Challenge;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
pub use claim_path::ClaimPath;
pub(crate) use configuration_error::Faults;
pub use configuration_error::{ConfigurationError, ConfigurationErrorKind, ConfigurationErrors};
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
/// Returns immediately if it can, without boxing; an authenticator that must wait returns
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
    /// The `WWW-Authenticate` challenge for clients that must authenticate (RFC 9110 section 11.6.1).
    fn challenge(&self) -> Challenge;

    /// The place of the credentials of this scheme in the request, if it carries any. Verifies nothing.
    ///
    /// Called only if an endpoint accepts any of several schemes.
    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_>;

    /// Looks for credentials of this scheme and verifies them.
    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt;

    /// Whether these credentials are cached as verified: then they are checked even while their client IP is
    /// banned for failures. Must verify nothing; `false` if that is not possible.
    fn remembers(&self, request: &RequestHead<'_>, now: Moment) -> bool {
        let _ = (request, now);
        false
    }

    /// Whether rejected credentials are cached, so that rejecting them again is cheap. If a client repeats
    /// them, an expired token for example, they then count once within the window of the default failure
    /// budget; otherwise each request counts.
    fn remembers_refusals(&self) -> bool {
        false
    }

    /// The public identifier in the credentials, the id of an API key for example, before anything is
    /// verified. Failure budgets count by it and the client IP together, so that a failing caller does not
    /// use up the budget of another one.
    fn claimed_id<'a>(&self, request: &RequestHead<'a>) -> Option<&'a str> {
        let _ = request;
        None
    }

    /// Called once, when the [`Security`](crate::Security) is built: starts background work, such as the
    /// first fetch of keys.
    fn start(&self, now: Moment) {
        let _ = now;
    }

    /// Whether it can verify credentials now; the error is the reason, for operators and probes. An
    /// authenticator with published keys is not ready until it has usable ones. This call starts a fetch
    /// that is due, so that a service without requests recovers.
    ///
    /// # Errors
    ///
    /// The reason why requests with credentials of this scheme would receive 503.
    fn ready(&self, now: Moment) -> Result<(), Arc<str>> {
        let _ = now;
        Ok(())
    }

    /// The statistics of its cache of verified credentials, if it has one; see
    /// [`Security::token_cache_statistics`](crate::Security::token_cache_statistics).
    fn token_cache_statistics(&self) -> Option<TokenCacheStatistics> {
        None
    }

    /// What the principals and tokens have, for the startup checks. The default announces nothing: an endpoint
    /// that needs a tenant, a tier, a sign-in time or an API key without such an authenticator is a startup
    /// error.
    ///
    /// Called at startup only.
    fn capabilities(&self) -> Capabilities {
        Capabilities::new()
    }

    /// Checks again that the credentials of an accepted caller are still good. Called while a stream that the
    /// caller opened, a WebSocket for example, is open. The end at
    /// [`expires_at`](crate::Principal::expires_at) is enforced elsewhere.
    ///
    /// # Errors
    ///
    /// The reason why the stream ends, for the log.
    fn recheck(&self, caller: &Principal, now: Moment) -> Result<(), Refusal> {
        let _ = (caller, now);
        Ok(())
    }

    /// Whether it accepts credentials that a browser adds by itself, such as a cookie, only in requests of
    /// known origins. Otherwise a WebSocket handshake with them is denied unless its `Origin` is
    /// [allowed](crate::SecurityBuilder::websocket_origins).
    fn checks_origins(&self) -> bool {
        false
    }
}

/// The argument of [`SecurityBuilder::authenticator`](crate::security::SecurityBuilder::authenticator): an
/// [`Authenticator`], or the configuration of one, which is checked at startup.
pub trait IntoAuthenticator {
    /// Checks the configuration and makes the authenticator.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the configuration.
    fn into_authenticator(self) -> Result<Arc<dyn Authenticator>, ConfigurationErrors>;
}

impl<A: Authenticator> IntoAuthenticator for A {
    fn into_authenticator(self) -> Result<Arc<dyn Authenticator>, ConfigurationErrors> {
        Ok(Arc::new(self))
    }
}
