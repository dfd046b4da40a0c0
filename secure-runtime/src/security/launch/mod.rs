//! Startup: `SecurityBuilder::build` checks the whole configuration, and compiles a plan for each endpoint or returns
//! an error that lists every fault.

mod decisions;
mod endpoint;
mod error;
mod limits;
mod turned_off;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use super::builder::SecurityBuilder;
use super::protected_resource::Published;
use super::startup_warnings::{forgetful_budgets, separate_counts, unenforced_limits};
use super::{Inner, ProtectedResource, Security};
use crate::authentication::Authenticator;
use crate::authorization::{RuleSet, scopes_of};
use crate::inventory::{self, is_inside};
use crate::plan::failure_budgets::BudgetPlanner;
use crate::plan::faults::Faults;
use crate::plan::limits::LimitPlanner;
#[cfg(feature = "redis")]
use crate::plan::shared_limits::SharedPlanner;
use crate::plan::{LaunchFaultKind, Plan};
use crate::policy::{Access, Authenticators, Endpoint};
use crate::security::first_requests::UnnamedProxy;
use crate::throttling::{ConfiguredModes, Counters, InFlight, Load, Penalties};
use crate::transport::TrustedProxies;
pub use error::LaunchError;

/// An authenticator with its name.
type Named = (&'static str, Arc<dyn Authenticator>);

/// The authenticators of the program, and the faults found so far.
pub(super) struct Configuration {
    by_name: BTreeMap<&'static str, Arc<dyn Authenticator>>,
    defaults: Vec<Named>,
    /// The names of authenticators whose description is wrong; they have a fault of their own.
    broken: Vec<String>,
    broken_defaults: bool,
    /// Authenticators that are turned off, with the reason.
    absent: BTreeMap<String, String>,
    /// Authentication is off, so no authenticator is needed.
    is_open: bool,
    /// A help text, for programs with several `Security` values.
    answers: &'static str,
    faults: Faults,
}

pub(super) fn build(mut builder: SecurityBuilder) -> Result<Security, LaunchError> {
    let endpoints: Vec<Option<&'static Endpoint>> = inventory::endpoints()
        .iter()
        .map(|endpoint| Some(endpoint).filter(|it| answers_for(&builder.modules, it.module)))
        .collect();
    let mut configuration = Configuration::collect(&mut builder);
    let mut faults = Vec::new();
    let open = builder.development.open(&mut faults);
    configuration.faults.add_all(LaunchFaultKind::InvalidSetting, faults);
    configuration.is_open = open.is_some();
    configuration.check_modules(&builder.modules, &endpoints);
    let published = builder.protected_resource.take().map(|resource| {
        let rules = endpoints.iter().flatten().map(|endpoint| &endpoint.policy.rule);
        configuration.check_resource(resource, rules.flat_map(scopes_of).collect())
    });
    let metadata = published.as_ref().map(|published| published.url.as_str());
    let rules = RuleSet::new(endpoints.iter().flatten().flat_map(|endpoint| {
        let spared = endpoint.policy.limits.iter().filter_map(|limit| limit.unless.as_ref());
        std::iter::once(&endpoint.policy.rule).chain(spared)
    }));
    if builder.max_in_flight == Some(0) {
        configuration
            .faults
            .add(LaunchFaultKind::InvalidSetting, "`max_in_flight` expects at least 1, found 0");
    }
    let actions: Vec<Vec<String>> = endpoints
        .iter()
        .map(|endpoint| configuration.check_actions(*endpoint, &builder.decisions))
        .collect();
    configuration.check_decisions(&builder.decisions, &actions);
    let address_groups =
        configuration.check_address_groups(builder.ipv4_prefix, builder.ipv6_prefix);
    configuration.faults.add_all(
        LaunchFaultKind::InvalidSetting,
        builder.proxies.as_ref().and_then(TrustedProxies::fault),
    );
    let modes = ConfiguredModes { limits: builder.limit_mode, failures: builder.failure_mode };
    configuration.faults.add_all(LaunchFaultKind::InvalidSetting, unenforced_limits::faults(modes));
    configuration.faults.add_all(LaunchFaultKind::InvalidSetting, builder.sockets.faults());
    let mut budgets = BudgetPlanner::new(builder.failed_authentication, builder.failure_mode);
    let mut limits = LimitPlanner::new(builder.headers, builder.limit_mode);
    #[cfg(feature = "redis")]
    {
        limits.sharing = builder.shared_limits.take().map(SharedPlanner::new);
    }
    let plans = endpoints
        .into_iter()
        .zip(actions)
        .map(|(endpoint, actions)| {
            let endpoint = endpoint?;
            configuration.check_readable(endpoint);
            let authenticators = configuration.authenticators_of(endpoint);
            configuration.check_layers(endpoint);
            configuration.check_rule(endpoint, &authenticators);
            configuration.check_limits(endpoint, &authenticators, builder.tier.is_some());
            #[cfg(feature = "redis")]
            if limits.sharing.is_some() {
                configuration.check_refunds(endpoint);
            }
            configuration.check_step_up(endpoint, &authenticators);
            configuration.check_priority(endpoint, builder.max_in_flight);
            configuration.check_codings(endpoint);
            configuration.check_revocations(endpoint, &authenticators);
            let sizes = (builder.max_body, builder.max_validated_values);
            let mode = configuration.mode_of(endpoint, &authenticators);
            let plan =
                Plan::new(endpoint, authenticators, &rules, metadata, &mut limits, sizes, mode);
            Some(plan.with_failures(budgets.plan(endpoint)).with_actions(actions))
        })
        .collect();
    let quota_bytes = if limits.has_quotas { builder.quota_bytes } else { 0 };
    let limit_count = limits.count;
    let bounds = std::mem::take(&mut limits.bounds);
    #[cfg(feature = "redis")]
    let sharing = limits.sharing.take().map(SharedPlanner::finish);
    let (claims, faults) = limits.finish();
    configuration.faults.append(faults);
    configuration.faults.append(budgets.faults);
    LaunchError::of(std::mem::take(&mut configuration.faults))?;
    let absent = configuration.absent_authenticators();
    let now = builder.clock.now();
    configuration.by_name.values().for_each(|authenticator| authenticator.start(now));
    let security = Security(Arc::new(Inner {
        plans,
        authenticators: configuration.by_name.into_iter().collect(),
        clock: builder.clock,
        counters: Counters::new(builder.limiter_bytes, quota_bytes, limit_count, bounds.len()),
        #[cfg(feature = "redis")]
        sharing,
        in_flight: InFlight::new(&bounds),
        load: builder.max_in_flight.map(Load::new),
        penalties: Penalties::new(builder.longest_ban, budgets.count),
        claims,
        tier: builder.tier,
        decides_all: builder.decisions.asks_all,
        decider: builder.decisions.into_decider(),
        address_groups,
        proxies: builder.proxies,
        unnamed_proxy: UnnamedProxy::new(),
        has_looked_for_unmounted: AtomicBool::new(false),
        body_timeout: builder.body_timeout,
        body_rate: builder.body_rate,
        sockets: builder.sockets,
        problem_hook: builder.problem_hook,
        answers: builder.answers,
        published,
        limit_changes: Mutex::new(()),
        modes,
        absent,
        open,
    }));
    security.warn_of_authentication_that_is_off();
    Ok(separate_counts::told(forgetful_budgets::told(unenforced_limits::told(security))))
}

fn answers_for(modules: &[String], module: &str) -> bool {
    modules.is_empty() || modules.iter().any(|outer| is_inside(module, outer))
}

impl Configuration {
    fn collect(builder: &mut SecurityBuilder) -> Self {
        let mut it = Self {
            by_name: BTreeMap::new(),
            defaults: Vec::new(),
            broken: Vec::new(),
            broken_defaults: false,
            absent: BTreeMap::new(),
            is_open: false,
            answers: if builder.modules.is_empty() {
                "; if another `Security` answers for it, say with `.answers_for(…)` which modules \
                 this one answers for"
            } else {
                ""
            },
            faults: Faults::default(),
        };
        let mut faults = Vec::new();
        it.absent = builder.development.absent(&mut faults);
        it.faults.add_all(LaunchFaultKind::InvalidSetting, faults);
        for configured in builder.authenticators.drain(..) {
            let name = configured.name;
            if it.absent.contains_key(&name) {
                it.faults.add(
                    LaunchFaultKind::InvalidSetting,
                    format!("the authenticator `{name}` is configured, and absent as well"),
                );
            }
            if it.by_name.contains_key(name.as_str()) || it.broken.contains(&name) {
                it.faults.add(
                    LaunchFaultKind::InvalidSetting,
                    format!("two authenticators are named `{name}`"),
                );
                continue;
            }
            match configured.outcome {
                Ok(authenticator) => {
                    // Principals carry it.
                    let name: &'static str = name.leak();
                    if configured.is_default {
                        it.defaults.push((name, Arc::clone(&authenticator)));
                    }
                    it.by_name.insert(name, authenticator);
                }
                Err(errors) => {
                    let faults =
                        errors.iter().map(|error| format!("authenticator `{name}`: {error}"));
                    it.faults.add_all(LaunchFaultKind::InvalidAuthenticator, faults);
                    it.broken_defaults |= configured.is_default;
                    it.broken.push(name);
                }
            }
        }
        it
    }

    /// A module of `answers_for` without an endpoint is a typing error. Its endpoints would not be served.
    fn check_modules(&mut self, modules: &[String], endpoints: &[Option<&'static Endpoint>]) {
        for module in modules {
            let only = std::slice::from_ref(module);
            if !endpoints.iter().flatten().any(|endpoint| answers_for(only, endpoint.module)) {
                self.faults.add(
                    LaunchFaultKind::InvalidSetting,
                    format!("`answers_for(\"{module}\")` matches no secured endpoint"),
                );
            }
        }
    }

    /// The description of the protected resource agrees with the authenticators.
    fn check_resource(
        &mut self,
        resource: ProtectedResource,
        scopes: BTreeSet<&'static str>,
    ) -> Published {
        let authenticators = self.by_name.iter().map(|(name, it)| (*name, &**it));
        let mut faults = Vec::new();
        let published = resource.check(authenticators, scopes, &mut faults);
        self.faults.add_all(LaunchFaultKind::InvalidResource, faults);
        published
    }

    /// A help text, if authenticators are configured and none is a default one.
    fn only_named(&self) -> String {
        let names: Vec<String> = self.by_name.keys().map(|name| format!("`{name}`")).collect();
        if names.is_empty() {
            return String::new();
        }
        let names = names.join(", ");
        format!(
            " (`.named_authenticator(...)` adds {names} only for endpoints whose `auth` names it)"
        )
    }

    fn configured(&self) -> String {
        let names: Vec<&str> = self.by_name.keys().copied().collect();
        if names.is_empty() { String::new() } else { format!("; configured: {}", names.join(", ")) }
    }
}

/// The authenticators that may provide the principal of an endpoint: with `all(…)`, the first.
fn naming<'a>(endpoint: &Endpoint, authenticators: &'a [Named]) -> &'a [Named] {
    if needs_all(endpoint) { authenticators.get(..1).unwrap_or_default() } else { authenticators }
}

fn needs_all(endpoint: &Endpoint) -> bool {
    matches!(wanted(endpoint), Some(Authenticators::All(_)))
}

/// The `auth` of an endpoint; `None` if it is public.
fn wanted(endpoint: &Endpoint) -> Option<Authenticators> {
    match endpoint.policy.access {
        Access::Public => None,
        Access::Optional(wanted) | Access::Lenient(wanted) | Access::Authenticated(wanted) => {
            Some(wanted)
        }
    }
}
