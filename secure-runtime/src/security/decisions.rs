//! The application's own policy: how a builder is given it, and how what it decided is forgotten.

use std::fmt;
use std::time::Duration;

use super::{Security, SecurityBuilder};
use crate::authorization::{
    AccessRequest, DecideFunction, Decider, DecisionCache, DecisionStatistics, IntoAccessDecision,
    boxed,
};

/// What a builder was told about decisions.
#[derive(Default)]
pub(super) struct DecisionSettings {
    pub(super) function: Option<DecideFunction>,
    pub(super) asks_all: bool,
    /// How long answers are remembered, and how many.
    pub(super) cached: Option<(Duration, usize)>,
}

impl DecisionSettings {
    pub(super) fn into_decider(self) -> Option<Decider> {
        let cache = self.cached.map(|(lifetime, capacity)| DecisionCache::new(lifetime, capacity));
        self.function.map(|function| Decider { function, cache })
    }
}

impl SecurityBuilder {
    /// Gives the program a policy of its own, of rules that change while it runs: a table of grants, or an
    /// engine such as Casbin or Cedar. It decides about endpoints with the key `action`; those without one
    /// never ask it, unless [`decide_all`](Self::decide_all) says so.
    ///
    /// The function is asked after the attribute's own rules about the caller held, before how and when the
    /// caller signed in, limits by caller, arguments and the body. It never widens what the attribute says.
    /// It gets an [`AccessRequest`] and returns a `bool`, an
    /// [`AccessDecision`](crate::authorization::AccessDecision), or a `Result` of one of them:
    ///
    /// | it | the request |
    /// |---|---|
    /// | permits | goes on |
    /// | forbids | is refused: 403, with `hide` 404, and 401 where the caller is anonymous |
    /// | returns an error, or takes longer than [`body_timeout`](Self::body_timeout) | is refused with 503, and the error is logged |
    /// | panics | is refused with 500 |
    ///
    /// The future runs on the request's thread and need not be `Send`; it is dropped where the client goes
    /// away. A second call replaces the first function.
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

    /// Asks the function of [`decide`](Self::decide) about every endpoint but the public ones. One without
    /// the key `action` has the name of its handler, with its module: `shop::orders::place`.
    pub fn decide_all(mut self) -> Self {
        self.decisions.asks_all = true;
        self
    }

    /// Remembers answers of [`decide`](Self::decide) for so long, and at most so many (about 300 bytes
    /// each, with the path): those that permit as those that forbid. Default: each request asks.
    ///
    /// An answer is found again by everything that the function could see: the endpoint and its action, the
    /// method, the path, the authenticator, and all that is known of the caller, claims included. So a new
    /// token asks again. An answer that was given after a look at [`AccessRequest::head`] is not remembered,
    /// and neither is an error. What the function looks up elsewhere, the hour or a table say, may change
    /// meanwhile: [`Security::decisions`] forgets answers at once, in this process.
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
    /// What the function of [`SecurityBuilder::decide`] decided lately: to be forgotten when its rules
    /// change.
    #[must_use]
    pub fn decisions(&self) -> Decisions {
        Decisions { security: self.clone() }
    }
}

/// The answers of the application's own policy that are
/// [remembered](SecurityBuilder::decide_cached).
///
/// What is forgotten is forgotten at once: a question that is under way may still be answered by the old
/// rules for its own request, and its answer is not remembered. Where nothing is remembered, there is
/// nothing to do.
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
    /// Forgets all answers.
    pub fn clear(&self) {
        if let Some(cache) = self.cache() {
            cache.clear();
        }
    }

    /// Forgets the answers about callers with this subject, of all issuers.
    pub fn forget_subject(&self, subject: &str) {
        if let Some(cache) = self.cache() {
            cache.forget_subject(subject);
        }
    }

    /// How many requests found an answer, and how many are remembered; zeros where none are.
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
