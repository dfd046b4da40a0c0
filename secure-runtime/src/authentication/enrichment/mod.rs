//! Enrichment: completes principals from the application's own data, such as roles from a database.
//!
//! An authenticator verifies the credentials; [`Enrich::enrich`] then completes the principal with the
//! roles, permissions, tier and tenant of a database, and with the user's row
//! ([`PrincipalBuilder::extension`](crate::PrincipalBuilder::extension)).
//!
//! 1. It runs only for credentials that the authenticator has just accepted, revocations included.
//! 2. It answers with a principal, or refuses: [`Refusal::invalid_token`] (401, a user that was deleted),
//!    [`Refusal::forbidden`] (403, a locked one) or [`Refusal::unavailable`] (503, the database is gone).
//!    A refusal never makes the caller anonymous, not even with `auth = optional`.
//! 3. A panic and an enrichment that takes too long ([`Enriched::timeout`]) are 503, and logged.
//! 4. A refusal counts for budgets of failures as the authenticator's own do.
//! 5. With [`Enrich::enrich_cached`] the result is kept for a while: see [`EnrichmentCache`].
//! 6. Everything else is the authenticator's: where credentials stand, the challenge, revocations. The
//!    startup checks take it that an enriched principal may name a tenant and a tier.

mod authenticator;
mod cache;
mod single_flight;
crate::support::opaque_debug!(Enriched<<I>>);

#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use self::authenticator::EnrichingAuthenticator;
pub use self::cache::EnrichmentCache;
use super::{Authenticator, ConfigurationError, ConfigurationErrors, IntoAuthenticator, Refusal};
use crate::principal::Principal;
use crate::request::RequestHead;

/// What an enrichment comes to.
type Outcome = Result<Principal, Refusal>;

type Enriching = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Begins to enrich a principal that does not depend on the request.
type Load = Arc<dyn Fn(Principal) -> Enriching + Send + Sync>;

/// Takes what it needs of the request, and then begins to enrich.
type Prepare =
    Arc<dyn Fn(&RequestHead<'_>) -> Box<dyn FnOnce(Principal) -> Enriching + Send> + Send + Sync>;

/// Completes the principals of any authenticator from the application's own data.
///
/// ```
/// use secure_runtime::authentication::{Enrich, Jwt, Refusal};
/// use secure_runtime::Security;
/// # #[derive(Clone)] struct Database;
/// # struct User { roles: Vec<String>, is_locked: bool }
/// # impl Database {
/// #     async fn user(&self, _: &str) -> Result<Option<User>, std::io::Error> { Ok(None) }
/// # }
/// # let (secret, database) = (b"an HS256 secret of at least 32 bytes, from your configuration", Database);
///
/// let jwt = Jwt::hs256(secret).issuer("https://issuer.example").audience("shop");
/// let enriched = jwt.enrich(move |principal| {
///     let database = database.clone();
///     async move {
///         let user = database.user(principal.subject()).await;
///         let user = user.map_err(|error| Refusal::unavailable(error.to_string()))?;
///         let user = user.ok_or_else(|| Refusal::invalid_token("the user was deleted"))?;
///         if user.is_locked {
///             return Err(Refusal::forbidden("the user is locked"));
///         }
///         Ok(principal.to_builder().roles(user.roles.clone()).extension(user).build())
///     }
/// });
/// let security = Security::builder().authenticator("jwt", enriched).build()?;
/// # Ok::<(), secure_runtime::LaunchError>(())
/// ```
pub trait Enrich: IntoAuthenticator + Sized {
    /// Enriches every principal anew, for each request.
    ///
    /// Start from [`Principal::to_builder`]: a principal that is made from nothing has lost its issuer,
    /// its expiry and the id of its API key.
    fn enrich<F, R>(self, enrich: F) -> Enriched<Self>
    where
        F: Fn(Principal) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Principal, Refusal>> + Send + 'static,
    {
        let enrich = Arc::new(enrich);
        self.enrich_with(|_| (), move |principal, ()| enrich(principal))
    }

    /// The same with something of the request: `look` takes it from the request's head, at once, and
    /// `enrich` has it while it waits.
    ///
    /// ```
    /// use secure_runtime::authentication::{Enrich, Jwt, Refusal};
    ///
    /// let jwt = Jwt::hs256(b"an HS256 secret of at least 32 bytes, from your configuration")
    ///     .issuer("https://issuer.example")
    ///     .audience("shop");
    /// let enriched = jwt.enrich_with(
    ///     |request| request.host().map(str::to_owned),
    ///     |principal, host| async move {
    ///         let host = host.ok_or_else(|| Refusal::invalid_request("no `Host`"))?;
    ///         Ok(principal.to_builder().tenant(host).build())
    ///     },
    /// );
    /// # drop(enriched);
    /// ```
    fn enrich_with<L, C, F, R>(self, look: L, enrich: F) -> Enriched<Self>
    where
        L: Fn(&RequestHead<'_>) -> C + Send + Sync + 'static,
        C: Send + 'static,
        F: Fn(Principal, C) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Principal, Refusal>> + Send + 'static,
    {
        let enrich = Arc::new(enrich);
        let look: Prepare = Arc::new(move |request| {
            let (found, enrich) = (look(request), Arc::clone(&enrich));
            Box::new(move |principal| Box::pin(enrich(principal, found)))
        });
        Enriched { inner: self, how: How::Each(look), timeout: TIMEOUT }
    }

    /// Enriches each principal once, and keeps the result: for a [`Duration`], or in an
    /// [`EnrichmentCache`] of the application, which can be emptied.
    ///
    /// `enrich` sees the principal alone, so that the result can be shared by all requests with the same
    /// credentials.
    ///
    /// ```
    /// use std::time::Duration;
    /// use secure_runtime::authentication::{Enrich, EnrichmentCache, Jwt};
    ///
    /// let jwt = Jwt::hs256(b"an HS256 secret of at least 32 bytes, from your configuration")
    ///     .issuer("https://issuer.example")
    ///     .audience("shop");
    /// let users = EnrichmentCache::new(Duration::from_secs(60));
    /// let enriched = jwt.enrich_cached(users.clone(), |principal| async move {
    ///     Ok(principal.to_builder().role("member").build())
    /// });
    /// # drop(enriched);
    /// // When an administrator changes alice's roles:
    /// users.forget_subject("alice");
    /// ```
    fn enrich_cached<F, R>(self, cache: impl Into<EnrichmentCache>, enrich: F) -> Enriched<Self>
    where
        F: Fn(Principal) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Principal, Refusal>> + Send + 'static,
    {
        let load: Load = Arc::new(move |principal| Box::pin(enrich(principal)));
        Enriched { inner: self, how: How::Cached(cache.into(), load), timeout: TIMEOUT }
    }
}

impl<I: IntoAuthenticator> Enrich for I {}

/// An authenticator whose principals are [enriched](Enrich).
#[must_use = "nothing is authenticated before it is given to the builder"]
pub struct Enriched<I> {
    inner: I,
    how: How,
    timeout: Duration,
}

enum How {
    Each(Prepare),
    Cached(EnrichmentCache, Load),
}

/// Longer than a look-up takes whose answer anybody still waits for.
const TIMEOUT: Duration = Duration::from_secs(10);

impl<I> Enriched<I> {
    /// Sets how long an enrichment may take; after that the request is answered with 503. Default: 10
    /// seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }
}

impl<I: IntoAuthenticator> IntoAuthenticator for Enriched<I> {
    fn into_authenticator(self) -> Result<Arc<dyn Authenticator>, ConfigurationErrors> {
        let mut faults = Vec::new();
        if self.timeout.is_zero() {
            faults.push(ConfigurationError::invalid(
                "`Enriched::timeout` expects more than 0 seconds",
            ));
        }
        if let How::Cached(cache, _) = &self.how {
            faults.extend(cache.faults());
        }
        match (self.inner.into_authenticator(), ConfigurationErrors::collected(faults)) {
            (Ok(inner), None) => {
                Ok(Arc::new(EnrichingAuthenticator::new(inner, self.how, self.timeout)))
            }
            (Ok(_), Some(faults)) => Err(faults),
            (Err(mut errors), faults) => {
                errors.extend(faults.into_iter().flatten());
                Err(errors)
            }
        }
    }
}
