//! The limits of one endpoint, compiled for the request path.

use std::num::NonZeroU32;

use super::limit_headers::{LimitTexts, bit};
use super::live_limit::{LiveLimit, Terms};
use super::live_mode::LiveMode;
#[cfg(feature = "redis")]
use super::shared_limits::{PlannedShared, SharedPlanner};
use crate::authorization::{CompiledRule, RuleSet};
use crate::policy::{
    Access, Audience, CalendarPeriod, Cost, Endpoint, KeyFunction, Limit, Partition, Rule,
};
use crate::request::FieldName;
use crate::support::time_zone;
use crate::throttling::{Bound, Calendar, Generations, LimitMode, Quota, RateLimitHeaders};

/// One limit with what tells its counts from all others.
pub(crate) struct PlannedLimit {
    pub(crate) limit: &'static Limit,
    /// Whose requests it does not count.
    pub(crate) unless: Option<Box<Unless>>,
    /// Unique within the [`crate::Security`], but for those that count together.
    pub(crate) id: u64,
    pub(crate) by: Counts,
    /// What it admits.
    pub(crate) live: &'static LiveLimit,
    /// What a request takes before anything of its body is read.
    pub(crate) upfront: NonZeroU32,
    /// Whether more is taken once it is known.
    pub(crate) is_open: bool,
    /// Its place among the endpoint's limits.
    pub(crate) position: usize,
    /// Its place among all limits.
    pub(crate) number: usize,
    pub(crate) mode: LiveMode,
    /// What a client is told of them. Lives as long as the program, as the endpoint does, so that a
    /// request need not share it.
    pub(crate) texts: &'static LimitTexts,
}

/// Whose requests a limit does not count, ready to be decided.
pub(crate) struct Unless {
    pub(crate) rule: CompiledRule,
    /// Whether it asks what a caller was granted. Nobody anonymous is spared then: a condition about what
    /// somebody is not would be met by leaving out the credentials.
    pub(crate) asks_about_callers: bool,
}

impl Unless {
    fn new(rule: &Rule, rules: &RuleSet) -> Self {
        Self { rule: rules.compile(rule), asks_about_callers: asks_about_callers(rule) }
    }
}

fn asks_about_callers(rule: &Rule) -> bool {
    let mut asks = false;
    rule.each_leaf(&mut |leaf| asks |= !matches!(leaf, Rule::Address(_)));
    asks
}

/// What requests are told apart by: [`Partition`], ready to be looked up.
pub(crate) enum Counts {
    /// By principal, else by address.
    Caller,
    Address,
    Tenant,
    Everybody,
    /// Whatever takes more than a look.
    More(Box<More>),
}

/// What it takes more to find out.
pub(crate) enum More {
    ApiKey,
    Header(FieldName),
    /// The place among the claims of the [`crate::Security`].
    Claim(usize),
    /// `None`: the expansion has no such function, and nobody is admitted.
    Key(Option<KeyFunction>),
    Each(Box<[Counts]>),
}

impl Counts {
    /// Whether requests of several callers may be counted together: not where a part of it is the
    /// caller's own.
    pub(crate) fn is_shared_by_callers(&self) -> bool {
        match self {
            Self::Caller | Self::Address => false,
            Self::Tenant | Self::Everybody => true,
            Self::More(more) => match &**more {
                More::ApiKey => false,
                More::Header(_) | More::Claim(_) | More::Key(_) => true,
                More::Each(parts) => parts.iter().all(Self::is_shared_by_callers),
            },
        }
    }
}

/// A claim, and those inside of it.
pub(crate) type ClaimNames = &'static [&'static str];

/// Compiles the limits of all endpoints.
pub(crate) struct LimitPlanner {
    headers: RateLimitHeaders,
    pub(crate) mode: Option<LimitMode>,
    /// How many limits there are.
    pub(crate) count: usize,
    /// How many requests are served at once, by the numbers of these limits.
    pub(crate) bounds: Vec<Bound>,
    claims: Vec<ClaimNames>,
    shared: Vec<Shared>,
    pub(crate) has_quotas: bool,
    /// Where several instances count together.
    #[cfg(feature = "redis")]
    pub(crate) sharing: Option<SharedPlanner>,
    faults: Vec<String>,
}

/// The limits of an endpoint, by stage.
#[derive(Default)]
pub(crate) struct Stages {
    pub(crate) own: [Box<[PlannedLimit]>; 3],
    #[cfg(feature = "redis")]
    pub(crate) shared: [Box<[PlannedShared]>; 3],
}

/// A window that all endpoints that use its name count together.
struct Shared {
    name: &'static str,
    quota: Quota,
    /// Who used it first.
    endpoint: &'static Endpoint,
    generations: &'static Generations,
}

/// The stage at which a limit can be decided first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Early = 0,
    Anonymous = 1,
    Caller = 2,
}

impl LimitPlanner {
    /// `mode` is what the configuration says.
    pub(crate) fn new(headers: RateLimitHeaders, mode: Option<LimitMode>) -> Self {
        Self {
            headers,
            mode,
            count: 0,
            bounds: Vec::new(),
            claims: Vec::new(),
            shared: Vec::new(),
            has_quotas: false,
            #[cfg(feature = "redis")]
            sharing: None,
            faults: Vec::new(),
        }
    }

    /// The claims that limits count by, each once, and what is wrong with the limits.
    pub(crate) fn finish(self) -> (Box<[ClaimNames]>, Vec<String>) {
        (self.claims.into(), self.faults)
    }

    /// The limits of each stage.
    pub(crate) fn plan(&mut self, endpoint: &'static Endpoint, rules: &RuleSet) -> Stages {
        let limits = endpoint.policy.limits;
        if limits.is_empty() {
            return Default::default();
        }
        let is_observed =
            |limit: &Limit| LimitMode::stricter(limit.mode, self.mode) == LimitMode::Observe;
        let observed = limits.iter().enumerate().filter(|(_, limit)| is_observed(limit));
        let untold = observed.fold(0, |untold, (position, _)| untold | bit(position));
        let texts = LimitTexts::new(endpoint.full_name().leak(), limits, untold, self.headers);
        let texts = leaked(texts);
        let place = endpoint.position as u64;
        let mut stages = [Vec::new(), Vec::new(), Vec::new()];
        #[cfg(feature = "redis")]
        let mut shared = [Vec::new(), Vec::new(), Vec::new()];
        for (position, limit) in limits.iter().enumerate() {
            let stage = stage(limit, endpoint.policy.access) as usize;
            let own = (place << 16) | position as u64;
            let (id, generations) = match limit.shared {
                Some(name) => self.shared(endpoint, name, limit.quota),
                None => (own, leaked(Generations::default())),
            };
            let terms = Terms { limit, calendar: self.calendar(endpoint, limit) };
            let planned = PlannedLimit {
                limit,
                unless: limit.unless.as_ref().map(|rule| Box::new(Unless::new(rule, rules))),
                id,
                by: self.counts(endpoint, limit.by),
                live: leaked(LiveLimit::new(terms, generations)),
                upfront: limit.cost.upfront(),
                is_open: !matches!(limit.cost, Cost::Permits(_)),
                position,
                number: self.count,
                mode: LiveMode::new(limit.mode, self.mode),
                texts,
            };
            self.count += 1;
            #[cfg(feature = "redis")]
            let planned = match (&self.sharing, shared.get_mut(stage)) {
                (Some(planner), Some(stage)) => match planner.plan(endpoint, planned) {
                    Ok(planned) => {
                        stage.push(planned);
                        continue;
                    }
                    Err(planned) => planned,
                },
                _ => planned,
            };
            if planned.live.now().calendar.is_some() {
                self.has_quotas = true;
            }
            if let Some(stage) = stages.get_mut(stage) {
                stage.push(planned);
            }
        }
        #[cfg(feature = "redis")]
        if let Some(planner) = &mut self.sharing {
            planner.note(&shared);
        }
        Stages {
            own: stages.map(Vec::into_boxed_slice),
            #[cfg(feature = "redis")]
            shared: shared.map(Vec::into_boxed_slice),
        }
    }

    /// The number of a window of a shared rate, and its changes: the same for each endpoint that uses
    /// it, whatever its burst there.
    fn shared(
        &mut self,
        endpoint: &'static Endpoint,
        name: &'static str,
        quota: Quota,
    ) -> (u64, &'static Generations) {
        const SHARED: u64 = 1 << 63;
        let same_window = |known: &Shared| {
            known.name == name && known.quota.window_seconds() == quota.window_seconds()
        };
        let Some(place) = self.shared.iter().position(same_window) else {
            let generations = leaked(Generations::default());
            self.shared.push(Shared { name, quota, endpoint, generations });
            return (SHARED | (self.shared.len() - 1) as u64, generations);
        };
        let Some(first) = self.shared.get(place) else {
            return (SHARED, leaked(Generations::default()));
        };
        let generations = first.generations;
        if first.quota.permits() != quota.permits() {
            let shown = |it: &Endpoint| format!("`{}::{}`", it.module, it.name);
            let (whole, other) = (quota.with_burst(quota.permits()), first.quota);
            let other = other.with_burst(other.permits());
            self.faults.push(format!(
                "the shared rate `{name}` is `{whole}` for {} and `{other}` for {} ({}:{})",
                shown(endpoint),
                shown(first.endpoint),
                endpoint.file,
                endpoint.line
            ));
        }
        (SHARED | place as u64, generations)
    }

    /// The calendar of a limit. It lives as long as the program, as its endpoint does.
    fn calendar(
        &mut self,
        endpoint: &'static Endpoint,
        limit: &Limit,
    ) -> Option<&'static Calendar> {
        let CalendarPeriod { period, zone } = limit.period?;
        let calendar = Calendar::new(period, zone, limit.quota.permits().get());
        if calendar.is_none() {
            let Endpoint { name, module, file, line, .. } = endpoint;
            let fault = if time_zone::IS_KNOWN {
                format!("needs the time zone `{zone}`, which is not known")
            } else {
                time_zone::MISSING_FEATURE.to_owned()
            };
            self.faults.push(format!("a quota of `{module}::{name}` {fault} ({file}:{line})"));
        }
        calendar.map(leaked)
    }

    pub(crate) fn counts(&mut self, endpoint: &'static Endpoint, by: Partition) -> Counts {
        Counts::More(Box::new(match by {
            Partition::Caller | Partition::Principal => return Counts::Caller,
            Partition::Address => return Counts::Address,
            Partition::Tenant => return Counts::Tenant,
            Partition::Endpoint => return Counts::Everybody,
            Partition::ApiKey => More::ApiKey,
            Partition::Header(name) => match FieldName::parse(name) {
                Some(name) => More::Header(name),
                // No request has such a header.
                None => return Counts::Caller,
            },
            Partition::Claim(names) => {
                let known = self.claims.iter().position(|claim| *claim == names);
                More::Claim(known.unwrap_or_else(|| {
                    self.claims.push(names);
                    self.claims.len() - 1
                }))
            }
            Partition::Key(expression) => {
                More::Key(endpoint.policy.keys.get(usize::from(expression.index)).copied())
            }
            Partition::Each(parts) => {
                More::Each(parts.iter().map(|part| self.counts(endpoint, *part)).collect())
            }
        }))
    }
}

/// What lives as long as the program, as its endpoints do.
pub(crate) fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn stage(limit: &Limit, access: Access) -> Stage {
    match limit.audience {
        Audience::Anonymous => Stage::Anonymous,
        Audience::Authenticated | Audience::Tier(_) | Audience::LeastTier(..) => Stage::Caller,
        Audience::Everyone if access == Access::Public => Stage::Early,
        // Whom it spares is not known before.
        Audience::Everyone if limit.unless.as_ref().is_some_and(asks_about_callers) => {
            Stage::Caller
        }
        Audience::Everyone if needs_nobody(limit.by) => Stage::Early,
        Audience::Everyone => Stage::Caller,
    }
}

/// Whether it can be found out before anybody is authenticated. A header cannot: without it, the
/// caller counts.
fn needs_nobody(by: Partition) -> bool {
    match by {
        Partition::Address | Partition::Endpoint => true,
        Partition::Each(parts) => parts.iter().all(|part| needs_nobody(*part)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    fn quota(permits: u32, burst: u32) -> Quota {
        let number = |number: u32| number.try_into().unwrap();
        Quota::new(number(permits), number(60)).with_burst(number(burst))
    }

    #[test]
    fn endpoints_share_a_name_that_means_the_same_to_all_of_them() {
        let endpoint: &'static Endpoint = Box::leak(Box::new(Endpoint {
            name: "login",
            module: "shop",
            file: "shop.rs",
            line: 7,
            routes: &[],
            policy: Policy::AUTHENTICATED,
            position: 0,
            is_readable: true,
        }));
        let mut planner = LimitPlanner::new(RateLimitHeaders::default(), None);
        let (first, generations) = planner.shared(endpoint, "login", quota(5, 5));
        let (again, same) = planner.shared(endpoint, "login", quota(5, 2));
        assert!(again == first && std::ptr::eq(generations, same));
        assert_ne!(planner.shared(endpoint, "search", quota(5, 5)).0, first);
        assert!(planner.faults.is_empty());
        planner.shared(endpoint, "login", quota(6, 3));
        let (_, faults) = planner.finish();
        let expected = "the shared rate `login` is `6/min` for `shop::login` and `5/min` for `shop::login` \
                        (shop.rs:7)";
        assert_eq!(faults, [expected]);
    }
}
