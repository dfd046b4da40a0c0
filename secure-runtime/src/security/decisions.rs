//! Settings of the builder for the application's own policy (`action`): its function, and the cache of its
//! decisions.

use std::fmt;
use std::time::Duration;

use super::{Security, SecurityBuilder};
use crate::authorization::{
    AccessRequest, DecideFunction, Decider, DecisionCache, DecisionStatistics, IntoAccessDecision,
    boxed,
};

/// The settings for decisions.
#[derive(Default)]
pub(super) struct DecisionSettings {
    pub(super) function: Option<DecideFunction>,
    pub(super) asks_all: bool,
    /// How long decisions are cached, and how many.
    pub(super) cached: Option<(Duration, usize)>,
}

impl DecisionSettings {
    pub(super) fn into_decider(self) -> Option<Decider> {
        let cache = self.cached.map(|(lifetime, capacity)| DecisionCache::new(lifetime, capacity));
        self.function.map(|function| Decider { function, cache })
    }
}

impl SecurityBuilder {
    /// Sets the application's own policy, for rules that change while the program runs: a table of grants, or
    /// an engine such as Casbin or Cedar.
    ///
    /// It decides about endpoints with the key `action`; with [`decide_all`](Self::decide_all), about all
    /// endpoints. The function runs after the attribute's own rules about the caller, and before step-up,
    /// limits by caller, arguments and the body. It can only narrow what the attribute allows. It gets an
    /// [`AccessRequest`] and returns a `bool`, an [`AccessDecision`](crate::authorization::AccessDecision),
    /// or a `Result` of one of them:
    ///
    /// | result | effect on the request |
    /// |---|---|
    /// | permitted | it continues |
    /// | forbidden | 403; 404 with `hide`; 401 if the request is anonymous |
    /// | an error, or no result within [`body_timeout`](Self::body_timeout) | 503; the error is logged |
    /// | a panic | 500 |
    ///
    /// The future runs on the thread of the request and need not be `Send`; it is dropped when the client
    /// disconnects. A second call replaces the first function.
    ///
    /// ```standalone_crate
    /// use std::sync::Arc;
    /// use actix_web::get;
    /// use secure_runtime::authorization::AccessRequest;
    /// use secure_runtime::{Security, secure};
    /// # use secure_runtime::authentication::Jwt;
    /// # let jwt = Jwt::hs256(&[7; 32]).issuer("https://issuer.example").audience("shop");
    /// # struct Grants;
    /// # impl Grants {
    /// #     async fn find(&self, _: &str, _: &str, _: Option<&str>) -> std::io::Result<bool> { Ok(true) }
    /// # }
    ///
    /// #[secure(action = "shops:read")]
    /// #[get("/shops/{shop}")]
    /// async fn shop() -> &'static str {
    ///     "…"
    /// }
    ///
    /// let grants = Arc::new(Grants);
    /// let security = Security::builder()
    ///     .authenticator("jwt", jwt)
    ///     .decide(async move |asked: &AccessRequest| {
    ///         let Some(caller) = asked.caller() else { return Ok(false) };
    ///         grants.find(caller.subject(), asked.action(), asked.parameter("shop")).await
    ///     })
    ///     .build()?;
    /// # drop(security);
    /// # Ok::<(), secure_runtime::LaunchError>(())
    /// ```
    pub fn decide<F, O>(mut self, function: F) -> Self
    where
        F: AsyncFn(&AccessRequest) -> O + Send + Sync + 'static,
        O: IntoAccessDecision + 'static,
    {
        self.decisions.function = Some(boxed(function));
        self
    }

    /// Calls the function of [`decide`](Self::decide) for every endpoint that is not public. The action of an
    /// endpoint without the key `action` is the path of its handler: `shop::orders::place`.
    pub fn decide_all(mut self) -> Self {
        self.decisions.asks_all = true;
        self
    }

    /// Caches decisions of [`decide`](Self::decide), permitted and forbidden ones, for this time and up to
    /// this number (about 300 bytes each, with the path). Default: no cache, the function runs for every
    /// request.
    ///
    /// The key of the cache is everything that the function can see: the endpoint and its action, the method,
    /// the path, the authenticator, and the whole principal with its claims. A new token is therefore decided
    /// anew. A decision is not cached if the function read [`AccessRequest::head`], and an error is never
    /// cached. Other inputs of the function, such as the time or a table, may change meanwhile:
    /// [`Security::decisions`] clears the cache of this process.
    ///
    /// ```
    /// use std::time::Duration;
    /// use secure_runtime::Security;
    ///
    /// let builder = Security::builder().decide_cached(Duration::from_secs(30), 10_000);
    /// # drop(builder);
    /// ```
    pub fn decide_cached(mut self, lifetime: Duration, capacity: usize) -> Self {
        self.decisions.cached = Some((lifetime, capacity));
        self
    }
}

impl Security {
    /// The cache of decisions of [`SecurityBuilder::decide`], for a program that changes its rules.
    #[must_use]
    pub fn decisions(&self) -> Decisions {
        Decisions { security: self.clone() }
    }
}

/// The [cached](SecurityBuilder::decide_cached) decisions of the application's own policy.
///
/// Removal takes effect at once. A decision that is being made at that moment may still use the old rules for
/// its own request, but it is not cached. Without a cache, the methods do nothing.
///
/// ```
/// # fn changed(security: &secure_runtime::Security) {
/// security.decisions().forget_subject("ada"); // a grant of hers was changed
/// security.decisions().clear();               // the policy was loaded anew
/// # }
/// ```
#[derive(Clone)]
pub struct Decisions {
    security: Security,
}

impl Decisions {
    /// Removes all decisions.
    pub fn clear(&self) {
        if let Some(cache) = self.cache() {
            cache.clear();
        }
    }

    /// Removes the decisions about callers with this subject, of all issuers.
    pub fn forget_subject(&self, subject: &str) {
        if let Some(cache) = self.cache() {
            cache.forget_subject(subject);
        }
    }

    /// How many requests found a cached decision, and how many decisions are cached; zeros without a cache.
    #[must_use]
    pub fn statistics(&self) -> DecisionStatistics {
        self.cache().map(DecisionCache::statistics).unwrap_or_default()
    }

    fn cache(&self) -> Option<&DecisionCache> {
        self.security.inner().decider.as_ref()?.cache.as_ref()
    }
}

impl fmt::Debug for Decisions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Decisions").field("statistics", &self.statistics()).finish()
    }
}
