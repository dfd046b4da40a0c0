//! The one value a program builds: its authenticators, its clock, its limits.

mod answers;
mod apart_counts;
mod body_sizes;
mod budget_changes;
mod budget_statistics;
mod builder;
mod challenges;
mod concurrency_statistics;
mod decisions;
mod development;
mod failure_budgets;
mod first_requests;
mod forgetful_budgets;
mod launch;
mod lenient_limits;
mod limit_changes;
mod limit_statistics;
mod limit_texts;
mod limits;
mod live_limit;
mod live_mode;
mod plan;
mod planned_budget;
mod planned_concurrency;
mod planned_limit;
#[cfg(feature = "redis")]
mod planned_shared;
mod protected_resource;
mod readiness;
mod request_head;
mod resource_url;
mod sockets;

use std::borrow::Cow;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use actix_web::HttpRequest;
use actix_web::web::Bytes;

use crate::answer::Answers;
use crate::authentication::{Authenticator, TokenCacheStatistics};
use crate::authorization::Decider;
use crate::denial::Denial;
use crate::inventory::Inventory;
use crate::metadata::ResourceMetadata;
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::problem::Problem;
#[cfg(feature = "redis")]
use crate::throttling::SharedStatistics;
use crate::throttling::{
    AddressGroups, ConfiguredModes, Counters, FailureStatistics, InFlight, Load, Penalties,
    Statistics,
};
use crate::time::Clock;
use crate::transport::TrustedProxies;

pub use budget_statistics::BudgetRow;
pub use builder::SecurityBuilder;
pub use concurrency_statistics::ConcurrencyRow;
pub use decisions::Decisions;
pub(crate) use development::{AbsentAuthenticator, Open};
pub use failure_budgets::FailedAuthentication;
pub use launch::LaunchError;
pub use limit_statistics::{BusyKey, LimitRow, LimitStatistics};
pub(crate) use limit_texts::{LimitTexts, bit};
pub use limits::{LimitChangeError, Limits};
pub(crate) use live_limit::{LiveBudget, LiveLimit, Terms};
pub(crate) use live_mode::LiveMode;
pub(crate) use plan::{Authentication, Mode, Plan};
pub(crate) use planned_budget::{Failures, ID_OF_ALL, PlannedBudget};
pub(crate) use planned_concurrency::PlannedConcurrency;
pub(crate) use planned_limit::{ClaimNames, Counts, More, PlannedLimit, Stage, Unless};
#[cfg(feature = "redis")]
pub(crate) use planned_shared::{LiveShared, PlannedShared, Sharing};
pub use protected_resource::ProtectedResource;
use protected_resource::Published;
pub use readiness::{NotReady, Readiness};
pub(crate) use sockets::Sockets;

/// The security of a program, ready to serve: put it into `App::app_data`.
///
/// Cloning shares it; all workers must share one, or each counts its own limits.
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

/// Shapes the problem of every denial: type URIs, further members.
pub(crate) type ProblemHook = Box<dyn Fn(&Denial, &mut Problem, &HttpRequest) + Send + Sync>;

/// Says which tier of service a caller has.
pub(crate) type TierFunction = Box<dyn Fn(&Principal) -> Option<Cow<'static, str>> + Send + Sync>;

pub(crate) struct Inner {
    /// One plan for each endpoint of the program, in the order of the inventory; `None` for those
    /// that this security does not answer for.
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
    published: Option<Published>,
    /// Holds off changes of limits while one is made.
    limit_changes: Mutex<()>,
    modes: ConfiguredModes,
    /// Authenticators that are turned off.
    absent: Vec<AbsentAuthenticator>,
    /// Everybody is let in.
    pub(crate) open: Option<Open>,
}

impl Inner {
    /// The plans of all endpoints, in the order of their names.
    fn plans_by_name(&self) -> Vec<&Plan> {
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

    /// The endpoints this security answers for, and the metadata of the protected resource, if it
    /// is described.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        let endpoints = self.0.plans.iter().flatten().map(|plan| plan.endpoint);
        let metadata = self.0.published.as_ref().map(|published| published.path);
        let inventory = Inventory::of(endpoints, metadata, self.0.modes, self.0.decides_all);
        inventory.with_authentication_off(&self.0.absent, self.0.open.as_ref())
    }

    /// The service that publishes the metadata of the
    /// [protected resource](SecurityBuilder::protected_resource) at its well-known path (RFC 9728
    /// section 3): to be mounted at the root, in the `App` (ahead of a scope without a path) or in
    /// such a scope. Everybody may read them.
    ///
    /// Where nothing describes the resource it answers with 500.
    ///
    /// ```
    /// use actix_web::App;
    /// use secure_runtime::{Security, authentication::Jwt};
    ///
    /// let api = "https://api.example/shop";
    /// let jwt = Jwt::discover("https://issuer.example").audience(api);
    /// let security = Security::builder().authenticator("jwt", jwt).protected_resource(api).build()?;
    /// let app = App::new().app_data(security.clone()).service(security.resource_metadata());
    /// # drop(app);
    /// # Ok::<(), secure_runtime::LaunchError>(())
    /// ```
    pub fn resource_metadata(&self) -> ResourceMetadata {
        match &self.0.published {
            Some(published) => {
                let document = Bytes::copy_from_slice(published.document.as_bytes());
                ResourceMetadata::new(published.path, Some(document))
            }
            None => ResourceMetadata::new(resource_url::WELL_KNOWN, None),
        }
    }

    /// The limits, for those who operate the program: what they have said, and how they are changed
    /// while it runs.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::new(self.clone())
    }

    /// How full the limiter's fixed memory is, and what it had to give up.
    #[must_use]
    pub fn limiter_statistics(&self) -> Statistics {
        self.0.counters.limiter.statistics()
    }

    /// The same of the memory for quotas of the calendar.
    #[must_use]
    pub fn quota_statistics(&self) -> Statistics {
        self.0.counters.calendar.statistics()
    }

    /// What was decided together with other instances, where limits are
    /// [shared](SecurityBuilder::shared_limits).
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn shared_limit_statistics(&self) -> Option<SharedStatistics> {
        self.0.sharing.as_ref().map(|sharing| sharing.store.statistics())
    }

    /// How many bans for failures have begun, and how many requests they refused; each budget by itself is
    /// among the [statistics of limits](Limits::statistics).
    #[must_use]
    pub fn failure_statistics(&self) -> FailureStatistics {
        self.0.penalties.statistics()
    }

    /// What each authenticator keeps of tokens that were verified before, by its name.
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

    /// The plan of an endpoint; `None` if this security does not answer for it.
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
