//! Failure budgets, compiled for the request path.

use std::num::NonZeroU32;

use super::FailedAuthentication;
use super::faults::{Faults, LaunchFaultKind};
use super::limits::leaked;
use super::live_limit::{BudgetTerms, Live, LiveBudget};
use super::live_mode::LiveMode;
use crate::denial::Violation;
use crate::policy::{Access, Endpoint, FailureBudget};
use crate::throttling::{Generations, LimitMode, Quota};

/// One failure budget, with the id of its counts.
pub(crate) struct PlannedBudget {
    pub(crate) id: u64,
    /// Its index among all budgets; the same for budgets that count together.
    pub(crate) number: usize,
    /// Its id for operators.
    pub(crate) title: Box<str>,
    /// Its quota and mode, which may change.
    pub(crate) live: &'static LiveBudget,
    pub(crate) counts: Failures,
    /// The budget of the attribute; `None`: the default one.
    written: Option<&'static FailureBudget>,
    /// Whether its bans are enforced.
    pub(crate) mode: LiveMode,
}

/// Which requests are failures.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failures {
    /// Responses with one of these statuses.
    Answers(Box<[u16]>),
    /// Rejected credentials: the default budget. Counted only by addresses that can be trusted to be those of
    /// one client.
    RefusedCredentials,
}

/// How many names may use up their budget from one address before the whole address is banned.
const NAMES_OF_AN_ADDRESS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// Apart from the numbers of limits.
const IDS: u64 = 1 << 62;
const ID_OF_DEFAULT: u64 = IDS | (1 << 61);
const IDS_OF_SHARED: u64 = IDS | (1 << 60);
/// The id of what all budgets have in common.
pub(crate) const ID_OF_ALL: u64 = IDS | (1 << 59);

impl PlannedBudget {
    /// Whether it is from the attribute.
    pub(crate) fn is_own(&self) -> bool {
        self.counts != Failures::RefusedCredentials
    }

    /// Its id for operators.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// Adds a quota to those that it can have. The caller holds off other changes.
    pub(crate) fn give(&self, place: u32, quota: Quota) {
        if !self.live.has(place) {
            self.live.give(place, terms(self.written, quota));
        }
    }

    /// Whether it counts rejected credentials, and is enforced for at least as many keys as the default
    /// budget. So a budget in shadow mode does not replace the default one.
    pub(crate) fn replaces(&self, default: &Self) -> bool {
        match &self.counts {
            Failures::Answers(statuses) => {
                statuses.contains(&401) && self.mode.percent() >= default.mode.percent()
            }
            Failures::RefusedCredentials => false,
        }
    }
}

/// Compiles the budgets of all endpoints.
pub(crate) struct BudgetPlanner {
    default: FailedAuthentication,
    /// The configured mode.
    mode: Option<LimitMode>,
    /// The number of budgets.
    pub(crate) count: usize,
    /// The number of the default budget and its changes, once an endpoint has it.
    all_default: Option<(usize, &'static Generations)>,
    shared: Vec<Shared>,
    pub(crate) faults: Faults,
}

/// A shared budget.
struct Shared {
    name: &'static str,
    budget: &'static FailureBudget,
    number: usize,
    endpoint: &'static Endpoint,
    generations: &'static Generations,
}

impl BudgetPlanner {
    pub(crate) fn new(default: FailedAuthentication, mode: Option<LimitMode>) -> Self {
        let (count, all_default, shared, faults) = (0, None, Vec::new(), Faults::default());
        let mut it = Self { default, mode, count, all_default, shared, faults };
        if let FailedAuthentication::Budget(quota) = default
            && quota.burst() != quota.permits()
        {
            it.faults.add(
                LaunchFaultKind::InvalidSetting,
                format!("`failed_authentication` expects a quota without a burst, found `{quota}`"),
            );
        }
        it
    }

    /// The budgets of an endpoint. The default one is among them even if one of its own replaces it, because
    /// that one may get into shadow mode later.
    pub(crate) fn plan(&mut self, endpoint: &'static Endpoint) -> Box<[PlannedBudget]> {
        let policy = &endpoint.policy;
        let own = policy.failures.iter().enumerate();
        let mut budgets: Vec<PlannedBudget> =
            own.map(|(position, budget)| self.own(endpoint, position, budget)).collect();
        if let FailedAuthentication::Budget(quota) = self.default
            && policy.access != Access::Public
        {
            let (number, generations) = match self.all_default {
                Some(known) => known,
                None => (self.next(), leaked(Generations::default())),
            };
            self.all_default = Some((number, generations));
            budgets.push(PlannedBudget {
                id: ID_OF_DEFAULT,
                number,
                title: "failed authentication".into(),
                live: leaked(Live::new(terms(None, quota), generations)),
                counts: Failures::RefusedCredentials,
                written: None,
                mode: LiveMode::new(None, self.mode),
            });
        }
        budgets.into()
    }

    fn own(
        &mut self,
        endpoint: &'static Endpoint,
        position: usize,
        budget: &'static FailureBudget,
    ) -> PlannedBudget {
        let (id, number, generations, title) = match budget.shared {
            Some(name) => self.shared(endpoint, name, budget),
            None => {
                let Endpoint { module, name, .. } = endpoint;
                let title = format!("{module}::{name}/failures/{}", position + 1);
                let id = IDS | (endpoint.position as u64) << 16 | position as u64;
                (id, self.next(), leaked(Generations::default()), title)
            }
        };
        PlannedBudget {
            id,
            number,
            title: title.into(),
            live: leaked(Live::new(terms(Some(budget), budget.quota), generations)),
            counts: Failures::Answers(budget.statuses(endpoint.policy.hides).into()),
            written: Some(budget),
            mode: LiveMode::new(budget.mode, self.mode),
        }
    }

    /// The number of a window of a shared rate: the same for each endpoint that uses it, whichever statuses
    /// are failures there. A budget in shadow mode has its own.
    fn shared(
        &mut self,
        endpoint: &'static Endpoint,
        name: &'static str,
        budget: &'static FailureBudget,
    ) -> (u64, usize, &'static Generations, String) {
        let window = budget.quota.window_seconds();
        let is_on_trial = |it: &FailureBudget| it.mode.is_some_and(|it| it.percent() < 100);
        let is_same = |known: &Shared| {
            known.name == name
                && known.budget.quota.window_seconds() == window
                && is_on_trial(known.budget) == is_on_trial(budget)
        };
        let place = self.shared.iter().position(is_same).unwrap_or_else(|| {
            let number = self.next();
            let generations = leaked(Generations::default());
            self.shared.push(Shared { name, budget, number, endpoint, generations });
            self.shared.len() - 1
        });
        let trial = if is_on_trial(budget) { " on trial" } else { "" };
        let title = format!("{name}/{window}s/failures{trial}");
        let Some(first) = self.shared.get(place) else {
            return (IDS_OF_SHARED, 0, leaked(Generations::default()), title);
        };
        if first.budget.quota != budget.quota {
            let shown = |it: &Endpoint| format!("`{}::{}`", it.module, it.name);
            let message = format!(
                "the shared rate `{name}` is `{}` for failures of {} and `{}` for those of {}",
                budget.quota,
                shown(endpoint),
                first.budget.quota,
                shown(first.endpoint)
            );
            self.faults.add_at(endpoint, LaunchFaultKind::InvalidLimit, &message);
        }
        (IDS_OF_SHARED | place as u64, first.number, first.generations, title)
    }

    fn next(&mut self) -> usize {
        self.count += 1;
        self.count - 1
    }
}

/// The terms of a budget under a quota.
fn terms(written: Option<&FailureBudget>, quota: Quota) -> &'static BudgetTerms {
    let name = match written {
        Some(budget) => FailureBudget { quota, shared: None, mode: None, ..*budget }.to_string(),
        None => format!("failed authentication {quota}"),
    };
    leaked(BudgetTerms { quota, of_address: of_address(quota), violation: Violation::new(name) })
}

fn of_address(quota: Quota) -> Quota {
    let permits = quota.permits().saturating_mul(NAMES_OF_AN_ADDRESS);
    Quota::new(permits, quota.window_seconds())
        .with_burst(quota.burst().saturating_mul(NAMES_OF_AN_ADDRESS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::faults::messages;
    use crate::policy::Policy;

    fn endpoint(position: usize, failures: &'static [FailureBudget]) -> &'static Endpoint {
        let policy = Policy { failures, ..Policy::AUTHENTICATED };
        let (name, module, file) = ("login", "shop", "shop.rs");
        let (routes, line, is_readable) = (&[][..], 7, true);
        let endpoint = Endpoint { name, module, file, line, routes, policy, position, is_readable };
        Box::leak(Box::new(endpoint))
    }

    fn budget(
        permits: u32,
        shared: Option<&'static str>,
        mode: Option<LimitMode>,
    ) -> &'static [FailureBudget] {
        let number = |number: u32| NonZeroU32::new(number).unwrap();
        let quota = Quota::new(number(permits), number(60));
        Box::leak(Box::new([FailureBudget { shared, mode, ..FailureBudget::new(quota) }]))
    }

    #[test]
    fn a_shared_budget_is_one_and_means_the_same_to_all_endpoints() {
        let mut planner = BudgetPlanner::new(FailedAuthentication::default(), None);
        let mut plan = |position, budgets| {
            let planned = planner.plan(endpoint(position, budgets));
            let first = planned.first().expect("a budget");
            (first.id, first.number, std::ptr::from_ref(first.live.generations))
        };
        let first = plan(0, budget(5, Some("login"), None));
        assert_eq!(plan(1, budget(5, Some("login"), None)), first);
        let others = [
            plan(2, budget(5, None, None)),
            plan(3, budget(5, None, None)),
            plan(4, budget(5, Some("search"), None)),
            plan(5, budget(5, Some("login"), Some(LimitMode::Observe))),
            plan(6, &[]),
        ];
        for (place, one) in others.iter().enumerate() {
            assert!(one.0 != first.0 && one.1 != first.1 && one.2 != first.2);
            assert!(
                others.iter().take(place).all(|it| it.0 != one.0 && it.1 != one.1 && it.2 != one.2)
            );
        }
        assert_eq!(plan(7, &[]), others[4], "the default one is one for all");
        assert!(messages(&planner.faults).is_empty() && planner.count == 6);
        // One on trial is no guard: the default one stays beside it, and not beside one that refuses.
        let replaces = |mode, failures| {
            let planned = BudgetPlanner::new(Default::default(), mode).plan(endpoint(9, failures));
            let [own, default] = &*planned else { panic!("two budgets") };
            (own.replaces(default), default.replaces(own)) == (true, false)
        };
        let observed = Some(LimitMode::Observe);
        assert!(!replaces(None, budget(5, None, observed)));
        assert!(!replaces(None, budget(5, None, Some(LimitMode::Percent(99)))));
        assert!(replaces(None, budget(5, None, Some(LimitMode::Enforce))));
        assert!(replaces(observed, budget(5, None, observed)));
        planner.plan(endpoint(8, budget(6, Some("login"), None)));
        let expected = "the shared rate `login` is `6/min` for failures of `shop::login` and `5/min` for \
                        those of `shop::login` (shop.rs:7)";
        assert_eq!(messages(&planner.faults), [expected]);
    }
}
