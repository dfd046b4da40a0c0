//! Rate limits and calendar quotas, compiled for the request path.

use std::num::NonZeroU32;

use super::faults::{Faults, LaunchFaultKind};
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

/// One limit, with the id of its counts.
pub(crate) struct PlannedLimit {
    pub(crate) limit: &'static Limit,
    /// The requests that it does not count.
    pub(crate) unless: Option<Box<Unless>>,
    /// Unique within the [`crate::Security`], except that limits that count together have the same id.
    pub(crate) id: u64,
    pub(crate) by: Counts,
    /// Its terms, which may change.
    pub(crate) live: &'static LiveLimit,
    /// The permits that a request takes before its body is read.
    pub(crate) upfront: NonZeroU32,
    /// Whether the rest of the cost is taken once it is known.
    pub(crate) is_open: bool,
    /// Its position among the endpoint's limits.
    pub(crate) position: usize,
    /// Its index among all limits.
    pub(crate) number: usize,
    pub(crate) mode: LiveMode,
    /// The headers of the endpoint. They live as long as the program, like the endpoint, so that requests
    /// need no reference count.
    pub(crate) texts: &'static LimitTexts,
}

/// The compiled rule of `unless`: requests for which it holds are not counted.
pub(crate) struct Unless {
    pub(crate) rule: CompiledRule,
    /// Whether the rule is about the caller's grants. Anonymous requests are counted then: otherwise a
    /// negated condition would hold for a request that omits its credentials.
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

/// A compiled [`Partition`]: what the key of a request consists of.
pub(crate) enum Counts {
    /// The principal, else the client IP.
    Caller,
    Address,
    Tenant,
    Everybody,
    /// Keys that are more expensive to compute.
    More(Box<More>),
}

/// The more expensive partitions.
pub(crate) enum More {
    ApiKey,
    Header(FieldName),
    /// The index among the claims of the [`crate::Security`].
    Claim(usize),
    /// `None`: the expansion has no such function, and every request is denied.
    Key(Option<KeyFunction>),
    Each(Box<[Counts]>),
}

impl Counts {
    /// Whether several callers can share a key. They cannot if a part of the key belongs to one caller.
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

/// The path of a claim.
pub(crate) type ClaimNames = &'static [&'static str];

/// Compiles the limits of all endpoints.
pub(crate) struct LimitPlanner {
    headers: RateLimitHeaders,
    pub(crate) mode: Option<LimitMode>,
    /// The number of limits.
    pub(crate) count: usize,
    /// The sizes of concurrency limits, by their numbers.
    pub(crate) bounds: Vec<Bound>,
    claims: Vec<ClaimNames>,
    shared: Vec<Shared>,
    pub(crate) has_quotas: bool,
    /// The limits that several instances count together.
    #[cfg(feature = "redis")]
    pub(crate) sharing: Option<SharedPlanner>,
    faults: Faults,
}

/// The limits of an endpoint, by stage.
#[derive(Default)]
pub(crate) struct Stages {
    pub(crate) own: [Box<[PlannedLimit]>; 3],
    #[cfg(feature = "redis")]
    pub(crate) shared: [Box<[PlannedShared]>; 3],
}

/// A window of a shared rate.
struct Shared {
    name: &'static str,
    quota: Quota,
    /// The first endpoint that uses it.
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
    /// `mode` is the configured mode.
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
            faults: Faults::default(),
        }
    }

    /// The claims that limits count by, each once, and the configuration errors.
    pub(crate) fn finish(self) -> (Box<[ClaimNames]>, Faults) {
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
        let omitted = observed.fold(0, |omitted, (position, _)| omitted | bit(position));
        let texts = LimitTexts::new(endpoint.full_name().leak(), limits, omitted, self.headers);
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

    /// The number of a window of a shared rate, and its changes: the same for each endpoint that uses it,
    /// whichever burst it has there.
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
            let message = format!(
                "the shared rate `{name}` is `{whole}` for {} and `{other}` for {}",
                shown(endpoint),
                shown(first.endpoint)
            );
            self.faults.add_at(endpoint, LaunchFaultKind::InvalidLimit, &message);
        }
        (SHARED | place as u64, generations)
    }

    /// The calendar of a limit. It lives as long as the program, like its endpoint.
    fn calendar(
        &mut self,
        endpoint: &'static Endpoint,
        limit: &Limit,
    ) -> Option<&'static Calendar> {
        let CalendarPeriod { period, zone } = limit.period?;
        let calendar = Calendar::new(period, zone, limit.quota.permits().get());
        if calendar.is_none() {
            let Endpoint { name, module, .. } = endpoint;
            let (kind, fault) = if time_zone::IS_KNOWN {
                let fault = format!("needs the time zone `{zone}`, which is not known");
                (LaunchFaultKind::InvalidPolicy, fault)
            } else {
                (LaunchFaultKind::MissingFeature, time_zone::MISSING_FEATURE.to_owned())
            };
            self.faults.add_at(endpoint, kind, &format!("a quota of `{module}::{name}` {fault}"));
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

/// Leaks a value, which lives as long as the program, like its endpoints.
pub(crate) fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn stage(limit: &Limit, access: Access) -> Stage {
    match limit.audience {
        Audience::Anonymous => Stage::Anonymous,
        Audience::Authenticated | Audience::Tier(_) | Audience::LeastTier(..) => Stage::Caller,
        Audience::Everyone if access == Access::Public => Stage::Early,
        // The rule of `unless` can be decided only then.
        Audience::Everyone if limit.unless.as_ref().is_some_and(asks_about_callers) => {
            Stage::Caller
        }
        Audience::Everyone if needs_nobody(limit.by) => Stage::Early,
        Audience::Everyone => Stage::Caller,
    }
}

/// Whether the key is known before authentication. That of a header is not: without the header, the caller
/// counts.
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
    use crate::plan::faults::messages;
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
        assert!(messages(&planner.faults).is_empty());
        planner.shared(endpoint, "login", quota(6, 3));
        let (_, faults) = planner.finish();
        let expected = "the shared rate `login` is `6/min` for `shop::login` and `5/min` for `shop::login` \
                        (shop.rs:7)";
        assert_eq!(messages(&faults), [expected]);
    }
}
