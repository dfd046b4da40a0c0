//! The checks at launch: every endpoint's needs are met, or an error that lists what is not.

mod decisions;
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
use crate::authorization::{AcceptedBy, RuleSet, is_zone, scopes_of};
use crate::inventory::{self, is_inside, modules_around};
use crate::plan::Plan;
use crate::plan::failure_budgets::BudgetPlanner;
use crate::plan::limits::LimitPlanner;
#[cfg(feature = "redis")]
use crate::plan::shared_limits::SharedPlanner;
use crate::policy::{Access, Authenticators, Endpoint, Rule};
use crate::security::first_requests::UnnamedProxy;
use crate::throttling::{ConfiguredModes, Counters, InFlight, Load, Penalties};
use crate::transport::TrustedProxies;
pub use error::LaunchError;

/// An authenticator and what it is called.
type Named = (&'static str, Arc<dyn Authenticator>);

/// The authenticators that a launch may use, by name.
pub(super) struct Configuration {
    by_name: BTreeMap<&'static str, Arc<dyn Authenticator>>,
    defaults: Vec<Named>,
    /// Configured, but broken: named in a fault of their own already.
    broken: Vec<String>,
    broken_defaults: bool,
    /// Turned off, and why.
    absent: BTreeMap<String, String>,
    /// Everybody is let in, so that no authenticator is needed.
    is_open: bool,
    /// What to do if another `Security` of the program has what is missing here.
    answers: &'static str,
    faults: Vec<String>,
}

pub(super) fn build(mut builder: SecurityBuilder) -> Result<Security, LaunchError> {
    let endpoints: Vec<Option<&'static Endpoint>> = inventory::endpoints()
        .iter()
        .map(|endpoint| Some(endpoint).filter(|it| answers_for(&builder.modules, it.module)))
        .collect();
    let mut configuration = Configuration::collect(&mut builder);
    let open = builder.development.open(&mut configuration.faults);
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
        configuration.faults.push("`max_in_flight` expects at least 1, found 0".to_owned());
    }
    let actions: Vec<Vec<String>> = endpoints
        .iter()
        .map(|endpoint| configuration.check_actions(*endpoint, &builder.decisions))
        .collect();
    configuration.check_decisions(&builder.decisions, &actions);
    let address_groups =
        configuration.check_address_groups(builder.ipv4_prefix, builder.ipv6_prefix);
    configuration.faults.extend(builder.proxies.as_ref().and_then(TrustedProxies::fault));
    let modes = ConfiguredModes { limits: builder.limit_mode, failures: builder.failure_mode };
    configuration.faults.extend(unenforced_limits::faults(modes));
    configuration.faults.extend(builder.sockets.faults());
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
            configuration.check_legible(endpoint);
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
    let (claims, mut faults) = limits.finish();
    configuration.faults.append(&mut faults);
    configuration.faults.append(&mut budgets.faults);
    if !configuration.faults.is_empty() {
        return Err(LaunchError { faults: configuration.faults });
    }
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
            faults: Vec::new(),
        };
        it.absent = builder.development.absent(&mut it.faults);
        for configured in builder.authenticators.drain(..) {
            let name = configured.name;
            if it.absent.contains_key(&name) {
                it.faults
                    .push(format!("the authenticator `{name}` is configured, and absent as well"));
            }
            if it.by_name.contains_key(name.as_str()) || it.broken.contains(&name) {
                it.faults.push(format!("two authenticators are named `{name}`"));
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
                Err(faults) => {
                    let faults =
                        faults.iter().map(|fault| format!("authenticator `{name}`: {fault}"));
                    it.faults.extend(faults);
                    it.broken_defaults |= configured.is_default;
                    it.broken.push(name);
                }
            }
        }
        it
    }

    /// A module named in `answers_for` that holds no endpoint is a typing error, and would leave
    /// its endpoints unserved.
    fn check_modules(&mut self, modules: &[String], endpoints: &[Option<&'static Endpoint>]) {
        for module in modules {
            let only = std::slice::from_ref(module);
            if !endpoints.iter().flatten().any(|endpoint| answers_for(only, endpoint.module)) {
                self.faults
                    .push(format!("`answers_for(\"{module}\")` matches no secured endpoint"));
            }
        }
    }

    /// The attribute and the runtime are of one version.
    fn check_legible(&mut self, endpoint: &'static Endpoint) {
        let Endpoint { name, module, file, line, is_readable, .. } = endpoint;
        if !is_readable {
            self.faults.push(format!(
                "the policy of `{module}::{name}` cannot be read: `secure-macros` and \
                 `secure-runtime` are of different versions ({file}:{line})"
            ));
        }
    }

    /// What an endpoint's `auth` stands for; what it lacks becomes a fault.
    fn authenticators_of(&mut self, endpoint: &'static Endpoint) -> Vec<Named> {
        let Some(wanted) = wanted(endpoint).filter(|_| !self.is_open) else { return Vec::new() };
        let Endpoint { name, module, file, line, .. } = endpoint;
        match wanted {
            Authenticators::Default => {
                if self.defaults.is_empty() && !self.broken_defaults {
                    self.faults.push(format!(
                        "`{module}::{name}` needs a default authenticator, and none is configured: \
                         add `.authenticator(...)` ({file}:{line})"
                    ));
                }
                self.defaults.clone()
            }
            Authenticators::Any(names) | Authenticators::All(names) => {
                let mut found = Vec::new();
                for wanted in names {
                    match self.by_name.get_key_value(*wanted) {
                        Some((name, authenticator)) => {
                            found.push((*name, Arc::clone(authenticator)));
                        }
                        None if self.broken.iter().any(|broken| broken == wanted) => {}
                        None if self.absent.contains_key(*wanted) => {}
                        None => self.faults.push(format!(
                            "`{module}::{name}` needs the authenticator `{wanted}`, which is not \
                             configured{}{} ({file}:{line})",
                            self.configured(),
                            self.answers
                        )),
                    }
                }
                found
            }
        }
    }

    /// The policy of a module is part of every endpoint in it. The attribute sees neither what another
    /// macro writes there nor what the body of a function holds, nor itself under another name.
    fn check_layers(&mut self, endpoint: &'static Endpoint) {
        let Endpoint { name, module, file, line, policy, .. } = endpoint;
        if modules_around(module).count() != policy.modules {
            let outer = modules_around(module).last().unwrap_or_default();
            self.faults.push(format!(
                "`{module}::{name}` stands in `{outer}`, and the policy of that module does not see it: \
                 write it there by itself, not by another macro, in a function or under another \
                 name of `#[secure]`, or outside of the module ({file}:{line})"
            ));
        }
    }

    /// What a rule asks about exists: a scheme that never accepts, or a time that nobody knows,
    /// would refuse everybody.
    fn check_rule(&mut self, endpoint: &'static Endpoint, authenticators: &[Named]) {
        let Endpoint { name, module, file, line, .. } = endpoint;
        if authenticators.len() > AcceptedBy::MOST {
            let most = AcceptedBy::MOST;
            self.faults.push(format!(
                "`{module}::{name}` is to ask more than {most} authenticators ({file}:{line})"
            ));
        }
        let mut faults = Vec::new();
        endpoint.policy.rule.each_leaf(&mut |leaf| match leaf {
            Rule::Authenticator(wanted)
                if !self.is_open
                    && !self.absent.contains_key(*wanted)
                    && !authenticators.iter().any(|(known, _)| **known == **wanted)
                    && !self.broken.iter().any(|broken| broken == wanted) =>
            {
                faults.push(format!(
                    "the rule of `{module}::{name}` asks about the authenticator `{wanted}`, which \
                     the endpoint does not use{} ({file}:{line})",
                    self.configured()
                ));
            }
            Rule::Time(hours) if !is_zone(hours.zone) => faults.push(format!(
                "the rule of `{module}::{name}` needs the time zone `{}`, which is not known \
                 ({file}:{line})",
                hours.zone
            )),
            _ => {}
        });
        self.faults.append(&mut faults);
    }

    /// The description of the API agrees with its authenticators.
    fn check_resource(
        &mut self,
        resource: ProtectedResource,
        scopes: BTreeSet<&'static str>,
    ) -> Published {
        let authenticators = self.by_name.iter().map(|(name, it)| (*name, &**it));
        resource.check(authenticators, scopes, &mut self.faults)
    }

    /// Somebody can sign in as demanded: an endpoint would otherwise send every caller back to do so.
    fn check_step_up(&mut self, endpoint: &'static Endpoint, authenticators: &[Named]) {
        let Endpoint { name, module, file, line, policy, .. } = endpoint;
        let Some(demanded) = policy.step_up else { return };
        let mut naming = naming(endpoint, authenticators).iter().peekable();
        if naming.peek().is_some() && !naming.any(|(_, it)| it.tells_authentication()) {
            self.faults.push(format!(
                "`{module}::{name}` demands `{demanded}`, and none of its authenticators can tell \
                 how and when a caller signed in ({file}:{line})"
            ));
        }
    }

    /// What is revoked is refused by all that might accept it: where any of several authenticators will
    /// do, a token that one refuses is shown to the next.
    fn check_revocations(&mut self, endpoint: &'static Endpoint, authenticators: &[Named]) {
        let Endpoint { name, module, file, line, .. } = endpoint;
        if needs_all(endpoint) {
            return;
        }
        for (careless, it) in authenticators {
            let Some(issuer) = it.issuer().filter(|_| !it.asks_revocations()) else { continue };
            let careful = authenticators
                .iter()
                .find(|(_, other)| other.issuer() == Some(issuer) && other.asks_revocations());
            if let Some((careful, _)) = careful {
                self.faults.push(format!(
                    "`{module}::{name}` accepts tokens of `{issuer}` from `{careful}`, which asks a list \
                     of revocations, and from `{careless}`, which does not: add \
                     `.revocations(…)` ({file}:{line})"
                ));
            }
        }
    }

    fn configured(&self) -> String {
        let names: Vec<&str> = self.by_name.keys().copied().collect();
        if names.is_empty() { String::new() } else { format!("; configured: {}", names.join(", ")) }
    }
}

/// The authenticators that may name an endpoint's caller: of several that must all accept, the first.
fn naming<'a>(endpoint: &Endpoint, authenticators: &'a [Named]) -> &'a [Named] {
    if needs_all(endpoint) { authenticators.get(..1).unwrap_or_default() } else { authenticators }
}

fn needs_all(endpoint: &Endpoint) -> bool {
    matches!(wanted(endpoint), Some(Authenticators::All(_)))
}

/// What an endpoint's `auth` says; nothing if it is public.
fn wanted(endpoint: &Endpoint) -> Option<Authenticators> {
    match endpoint.policy.access {
        Access::Public => None,
        Access::Optional(wanted) | Access::Lenient(wanted) | Access::Authenticated(wanted) => {
            Some(wanted)
        }
    }
}
