//! The one value a program builds: its authenticators, its clock, its limits.

mod builder;
mod challenges;
mod launch;
mod plan;

use std::sync::Arc;

use crate::denial::Denial;
use crate::inventory::Inventory;
use crate::policy::Endpoint;
use crate::problem::Problem;
use crate::throttling::{Limiter, RateLimitHeaders, Statistics};
use crate::time::Clock;
use crate::transport::TrustedProxies;

pub use builder::SecurityBuilder;
pub use launch::LaunchError;
pub(crate) use plan::{Authentication, Mode, Plan, PlannedLimit};

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
pub(crate) type ProblemHook = Box<dyn Fn(&Denial, &mut Problem) + Send + Sync>;

pub(crate) struct Inner {
    /// One plan for each endpoint of the program, in the order of the inventory; `None` for those
    /// that this security does not answer for.
    pub(crate) plans: Box<[Option<Plan>]>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) limiter: Limiter,
    pub(crate) proxies: Option<TrustedProxies>,
    pub(crate) headers: RateLimitHeaders,
    pub(crate) body_timeout: std::time::Duration,
    pub(crate) problem_hook: Option<ProblemHook>,
}

impl Security {
    /// Starts a configuration.
    pub fn builder() -> SecurityBuilder {
        SecurityBuilder::new()
    }

    /// The endpoints this security answers for.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        Inventory::of(self.0.plans.iter().flatten().map(|plan| plan.endpoint))
    }

    /// How full the limiter's fixed memory is, and what it had to give up.
    #[must_use]
    pub fn limiter_statistics(&self) -> Statistics {
        self.0.limiter.statistics()
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// The plan of an endpoint; `None` if this security does not answer for it.
    pub(crate) fn plan(&self, endpoint: &'static Endpoint) -> Option<&Plan> {
        self.0.plans.get(crate::inventory::position(endpoint)?)?.as_ref()
    }
}

impl std::fmt::Debug for Security {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let endpoints = self.0.plans.iter().flatten().count();
        formatter.debug_struct("Security").field("endpoints", &endpoints).finish_non_exhaustive()
    }
}
