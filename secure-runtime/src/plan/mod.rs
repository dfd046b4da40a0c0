//! Plans: policies compiled at startup into the form that the request path uses.

pub(crate) mod challenges;
pub(crate) mod concurrency;
pub(crate) mod failed_authentication;
pub(crate) mod failure_budgets;
pub(crate) mod faults;
pub(crate) mod limit_headers;
pub(crate) mod limits;
pub(crate) mod live_limit;
pub(crate) mod live_mode;
#[cfg(feature = "redis")]
pub(crate) mod shared_limits;

pub(crate) use concurrency::PlannedConcurrency;
pub use failed_authentication::FailedAuthentication;
pub(crate) use failure_budgets::{Failures, ID_OF_ALL, PlannedBudget};
pub use faults::{LaunchFault, LaunchFaultKind};
pub(crate) use limit_headers::{LimitTexts, bit};
pub(crate) use limits::{ClaimNames, Counts, More, PlannedLimit, Stage, Unless};
pub(crate) use live_limit::{LiveBudget, LiveLimit, Terms};
pub(crate) use live_mode::LiveMode;
#[cfg(feature = "redis")]
pub(crate) use shared_limits::LiveShared;
#[cfg(feature = "redis")]
pub(crate) use shared_limits::PlannedShared;
#[cfg(feature = "redis")]
pub(crate) use shared_limits::Sharing;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::authentication::Authenticator;
use crate::authorization::{CompiledRule, RuleSet};
use crate::policy::{Access, Authenticators, Cost, Endpoint, Places, Rule};
use challenges::Challenges;
use limits::LimitPlanner;

/// The compiled policy of one endpoint: everything that is constant during requests.
pub(crate) struct Plan {
    pub(crate) endpoint: &'static Endpoint,
    /// Whether a request of the endpoint was served.
    pub(crate) has_served: AtomicBool,
    pub(crate) authentication: Authentication,
    /// `None`: there is no rule.
    pub(crate) rule: Option<CompiledRule>,
    /// The actions that the application's own policy decides about; mostly none.
    pub(crate) actions: Box<[Arc<str>]>,
    /// Decided before authentication.
    pub(crate) early_limits: Box<[PlannedLimit]>,
    /// Decided for anonymous requests.
    pub(crate) anonymous_limits: Box<[PlannedLimit]>,
    /// Decided once the caller is authenticated and allowed.
    pub(crate) caller_limits: Box<[PlannedLimit]>,
    /// The limits of each stage that several instances count together.
    #[cfg(feature = "redis")]
    pub(crate) shared_limits: [Box<[PlannedShared]>; 3],
    /// Concurrency limits; those whose keys belong to one caller come first.
    pub(crate) concurrency: Box<[PlannedConcurrency]>,
    /// Failure budgets, the default one last.
    pub(crate) failures: Box<[PlannedBudget]>,
    /// Whether a limit is for callers of some tier.
    pub(crate) has_tiers: bool,
    max_body: AtomicU64,
    /// Whether the body size limits of the application were compared with it.
    pub(crate) has_compared_sizes: AtomicBool,
    /// The arguments from the request's head, without resources.
    pub(crate) arguments: Places,
    /// Whether arguments are validated, or determine the cost of the request.
    pub(crate) validates: bool,
    /// The largest number of values of a body or a query that are validated; `None`: there is no bound, or
    /// nothing is validated.
    pub(crate) most_values: Option<usize>,
}

/// How requests are authenticated.
pub(crate) struct Authentication {
    pub(crate) mode: Mode,
    pub(crate) authenticators: Box<[Arc<dyn Authenticator>]>,
    /// Their names, in the same order.
    pub(crate) names: Box<[&'static str]>,
    pub(crate) challenges: Challenges,
    /// Whether rejected credentials count as none.
    pub(crate) is_lenient: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Credentials are ignored.
    Nobody,
    /// The principal comes from the first authenticator that accepts.
    Any { required: bool },
    /// All authenticators must accept; the principal comes from the first.
    All { required: bool },
    /// An authenticator that the endpoint needs is absent: every request is denied.
    Closed,
    /// Authentication is off: every request is admitted.
    Open,
}

impl Plan {
    pub(crate) fn new(
        endpoint: &'static Endpoint,
        authenticators: Vec<(&'static str, Arc<dyn Authenticator>)>,
        rules: &RuleSet,
        metadata: Option<&str>,
        limits: &mut LimitPlanner,
        (max_body, most_values): (u64, usize),
        mode: Mode,
    ) -> Self {
        let policy = &endpoint.policy;
        // If every request is denied, no authenticator is called.
        let asked = authenticators.into_iter().filter(|_| mode != Mode::Closed);
        let (names, authenticators): (Vec<_>, Vec<_>) = asked.unzip();
        let stages = limits.plan(endpoint, rules);
        let [early, anonymous, caller] = stages.own;
        Self {
            endpoint,
            has_served: AtomicBool::new(false),
            authentication: Authentication {
                mode,
                is_lenient: matches!(policy.access, Access::Lenient(_)),
                challenges: Challenges::new(&authenticators, policy, metadata),
                authenticators: authenticators.into(),
                names: names.into(),
            },
            rule: (policy.rule != Rule::All(&[])).then(|| rules.compile(&policy.rule)),
            actions: Box::default(),
            early_limits: early,
            anonymous_limits: anonymous,
            caller_limits: caller,
            #[cfg(feature = "redis")]
            shared_limits: stages.shared,
            concurrency: limits.at_once(endpoint),
            failures: Box::default(),
            has_tiers: policy.limits.iter().any(|limit| limit.audience.tier().is_some()),
            max_body: AtomicU64::new(policy.max_body.unwrap_or(max_body)),
            has_compared_sizes: AtomicBool::new(false),
            arguments: Places::ALL.without(policy.bodies).without(policy.resources),
            validates: !policy.validates.is_empty()
                || policy.limits.iter().any(|it| matches!(it.cost, Cost::Arguments(_))),
            most_values: Some(most_values)
                .filter(|most| *most < usize::MAX && !policy.validates.is_empty()),
        }
    }

    /// The largest request body now.
    #[inline]
    pub(crate) fn max_body(&self) -> u64 {
        self.max_body.load(Ordering::Relaxed)
    }

    pub(crate) fn set_max_body(&self, bytes: u64) {
        self.max_body.store(bytes, Ordering::Relaxed);
    }

    /// The handler with its module, as operators see it.
    pub(crate) fn title(&self) -> String {
        self.endpoint.full_name()
    }

    /// The budgets that count now: the default one does not while one of the endpoint's own replaces it.
    pub(crate) fn budgets(&self) -> impl Iterator<Item = &PlannedBudget> {
        let guarded = |default: &PlannedBudget| self.failures.iter().any(|it| it.replaces(default));
        self.failures.iter().filter(move |budget| budget.is_own() || !guarded(budget))
    }

    /// Its methods and paths, as operators see them.
    pub(crate) fn routes(&self) -> Vec<String> {
        let routes = self.endpoint.routes.iter();
        routes.map(|it| format!("{} {}", it.methods.join(","), it.path)).collect()
    }

    /// All limits, those that this instance counts by itself first.
    pub(crate) fn every_limit(&self) -> impl Iterator<Item = &PlannedLimit> {
        let stages = [&self.early_limits, &self.anonymous_limits, &self.caller_limits];
        let own = stages.into_iter().flat_map(|stage| stage.iter());
        #[cfg(feature = "redis")]
        let own = own.chain(self.shared_limits.iter().flatten().map(|it| &it.planned));
        own
    }

    /// The limit at this position, if several instances count it together.
    #[cfg(feature = "redis")]
    pub(crate) fn shared_at(&self, position: usize) -> Option<&PlannedShared> {
        self.shared_limits.iter().flatten().find(|it| it.planned.position == position)
    }

    /// Whether several instances count the limit at this position together.
    pub(crate) fn is_shared(&self, position: usize) -> bool {
        #[cfg(feature = "redis")]
        return self.shared_at(position).is_some();
        #[cfg(not(feature = "redis"))]
        return {
            let _ = position;
            false
        };
    }
}

impl Plan {
    /// The limits of a stage that this instance counts by itself.
    #[inline]
    pub(crate) fn limits(&self, stage: Stage) -> &[PlannedLimit] {
        match stage {
            Stage::Early => &self.early_limits,
            Stage::Anonymous => &self.anonymous_limits,
            Stage::Caller => &self.caller_limits,
        }
    }

    /// The limits of a stage that several instances count together.
    #[cfg(feature = "redis")]
    #[inline]
    pub(crate) fn shared_limits(&self, stage: Stage) -> &[PlannedShared] {
        self.shared_limits.get(stage as usize).map_or(&[], |limits| limits)
    }

    /// The concurrency limits whose keys belong to one caller.
    #[inline]
    pub(crate) fn own_concurrency(&self) -> &[PlannedConcurrency] {
        let own = self.concurrency.partition_point(|it| !it.by.is_shared_by_callers());
        self.concurrency.get(..own).unwrap_or_default()
    }

    pub(crate) fn with_actions(self, actions: Vec<String>) -> Self {
        Self { actions: actions.into_iter().map(Into::into).collect(), ..self }
    }

    pub(crate) fn with_failures(self, failures: Box<[PlannedBudget]>) -> Self {
        Self { failures, ..self }
    }
}

impl Mode {
    pub(crate) fn of(access: Access) -> Self {
        let mode = |authenticators, required| match authenticators {
            Authenticators::All(_) => Self::All { required },
            Authenticators::Default | Authenticators::Any(_) => Self::Any { required },
        };
        match access {
            Access::Public => Self::Nobody,
            Access::Optional(authenticators) | Access::Lenient(authenticators) => {
                mode(authenticators, false)
            }
            Access::Authenticated(authenticators) => mode(authenticators, true),
        }
    }
}
