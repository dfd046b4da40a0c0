//! `Security`: the value that a program builds once, with its authenticators, clock and limits.

mod answers;
mod builder;
mod decisions;
mod development;
mod failure_settings;
mod first_requests;
mod launch;
mod protected_resource;
mod request_head;
mod resource_url;
mod sockets;
mod startup_warnings;

use std::borrow::Cow;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use actix_web::HttpRequest;

use crate::answer::Answers;
use crate::authentication::{Authenticator, TokenCacheStatistics};
use crate::authorization::Decider;
use crate::denial::Denial;
use crate::inventory::Inventory;
#[cfg(feature = "redis")]
use crate::plan::Sharing;
use crate::plan::{ClaimNames, Plan};
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::problem::Problem;
use crate::support::time::Clock;
#[cfg(feature = "redis")]
use crate::throttling::SharedStatistics;
use crate::throttling::{
    AddressGroups, ConfiguredModes, Counters, FailureStatistics, InFlight, LimiterStatistics, Load,
    Penalties,
};
use crate::transport::TrustedProxies;

pub use builder::SecurityBuilder;
pub use decisions::Decisions;
use development::authentication_off;
pub(crate) use development::{AbsentAuthenticator, Open};
pub use launch::LaunchError;
pub use protected_resource::ProtectedResource;
use protected_resource::Published;
pub(crate) use resource_url::WELL_KNOWN;
pub(crate) use sockets::Sockets;

/// The security of a program, ready to serve: put it into `App::app_data`.
///
/// Build one, and clone it for each worker: clones share their counts. Two separately built values count
/// their limits separately.
///
/// ```
/// use actix_web::App;
/// use secure_runtime::{Security, authentication::Jwt};
///
/// let secret = b"an HS256 secret of at least 32 bytes, from your configuration";
/// let security = Security::builder()
///     .authenticator("jwt", Jwt::hs256(secret).issuer("https://issuer.example").audience("shop"))
///     .build()?;
/// let app = App::new().app_data(security.clone());
/// # drop(app);
/// # Ok::<(), secure_runtime::LaunchError>(())
/// ```
#[derive(Clone)]
pub struct Security(Arc<Inner>);

/// Changes the problem of a refusal.
pub(crate) type ProblemHook = Box<dyn Fn(&Denial, &mut Problem, &HttpRequest) + Send + Sync>;

/// Returns the tier of a caller.
pub(crate) type TierFunction = Box<dyn Fn(&Principal) -> Option<Cow<'static, str>> + Send + Sync>;

pub(crate) struct Inner {
    /// One plan for each endpoint of the program, in the order of the inventory; `None` for endpoints that
    /// this `Security` does not answer for.
    pub(crate) plans: Box<[Option<Plan>]>,
    pub(crate) authenticators: Box<[(&'static str, Arc<dyn Authenticator>)]>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) counters: Counters,
    /// Where several instances count together.
    #[cfg(feature = "redis")]
    pub(crate) sharing: Option<Sharing>,
    pub(crate) in_flight: Arc<InFlight>,
    /// How many requests are served at once, where that is bounded.
    pub(crate) load: Option<Arc<Load>>,
    pub(crate) penalties: Penalties,
    /// The claims that limits count by.
    pub(crate) claims: Box<[ClaimNames]>,
    pub(crate) tier: Option<TierFunction>,
    /// The application's own policy.
    pub(crate) decider: Option<Decider>,
    decides_all: bool,
    /// Which addresses count together.
    pub(crate) address_groups: AddressGroups,
    pub(crate) proxies: Option<TrustedProxies>,
    pub(crate) unnamed_proxy: first_requests::UnnamedProxy,
    pub(crate) has_looked_for_unmounted: AtomicBool,
    pub(crate) body_timeout: std::time::Duration,
    /// Bytes a second of a body that may take longer.
    pub(crate) body_rate: Option<std::num::NonZeroU32>,
    pub(crate) sockets: Sockets,
    pub(crate) problem_hook: Option<ProblemHook>,
    pub(crate) answers: Option<Answers>,
    pub(crate) published: Option<Published>,
    /// Holds off changes of limits while one is made.
    pub(crate) limit_changes: Mutex<()>,
    modes: ConfiguredModes,
    /// Authenticators that are turned off.
    absent: Vec<AbsentAuthenticator>,
    /// Everybody is let in.
    pub(crate) open: Option<Open>,
}

impl Inner {
    /// The plans of all endpoints, sorted by name.
    pub(crate) fn plans_by_name(&self) -> Vec<&Plan> {
        let mut plans: Vec<&Plan> = self.plans.iter().flatten().collect();
        plans.sort_by_key(|plan| (plan.endpoint.module, plan.endpoint.name, plan.endpoint.line));
        plans
    }
}

impl Security {
    /// Starts a configuration.
    pub fn builder() -> SecurityBuilder {
        SecurityBuilder::new()
    }

    /// The endpoints that this `Security` answers for, and the metadata of the protected resource if there is
    /// one.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        let endpoints = self.0.plans.iter().flatten().map(|plan| plan.endpoint);
        let metadata = self.0.published.as_ref().map(|published| published.path);
        let inventory = Inventory::of(endpoints, metadata, self.0.modes, self.0.decides_all);
        inventory.with_authentication_off(authentication_off(&self.0.absent, self.0.open.as_ref()))
    }

    /// How full the fixed memory of the rate limiter is, and how many live entries it had to evict.
    #[must_use]
    pub fn limiter_statistics(&self) -> LimiterStatistics {
        self.0.counters.limiter.statistics()
    }

    /// The same for the memory of calendar quotas.
    #[must_use]
    pub fn quota_statistics(&self) -> LimiterStatistics {
        self.0.counters.calendar.statistics()
    }

    /// Statistics of [shared](SecurityBuilder::shared_limits) limits; `None` without them.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn shared_limit_statistics(&self) -> Option<SharedStatistics> {
        self.0.sharing.as_ref().map(|sharing| sharing.store.statistics())
    }

    /// How many bans have begun, and how many requests they refused. The [statistics of
    /// limits](crate::operations::Limits::statistics) have the same for each budget.
    #[must_use]
    pub fn failure_statistics(&self) -> FailureStatistics {
        self.0.penalties.statistics()
    }

    /// The statistics of the token cache of each authenticator, by its name.
    ///
    /// ```
    /// # use secure_runtime::{Security, authentication::Jwt};
    /// # let secret = b"an HS256 secret of at least 32 bytes, from your configuration";
    /// # let jwt = Jwt::hs256(secret).issuer("https://issuer.example").audience("shop");
    /// let security = Security::builder().authenticator("jwt", jwt).build()?;
    /// for (name, cache) in security.token_cache_statistics() {
    ///     println!("{name}: {} hits, {} misses, {} bytes", cache.hits, cache.misses, cache.bytes);
    /// }
    /// # Ok::<(), secure_runtime::LaunchError>(())
    /// ```
    pub fn token_cache_statistics(&self) -> impl Iterator<Item = (&str, TokenCacheStatistics)> {
        let authenticators = self.0.authenticators.iter();
        authenticators.filter_map(|(name, it)| Some((*name, it.token_cache_statistics()?)))
    }

    #[inline]
    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// The plan of an endpoint; `None` if this `Security` does not answer for it.
    #[inline]
    pub(crate) fn plan(&self, endpoint: &'static Endpoint) -> Option<&Plan> {
        self.0.plans.get(endpoint.position)?.as_ref()
    }
}

impl std::fmt::Debug for Security {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let endpoints = self.0.plans.iter().flatten().count();
        formatter.debug_struct("Security").field("endpoints", &endpoints).finish_non_exhaustive()
    }
}
