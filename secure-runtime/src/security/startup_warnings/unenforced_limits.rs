//! Startup warning: limits that are not enforced (shadow mode, or a percentage of keys).

use crate::policy::Limit;
use crate::security::Security;
use crate::throttling::{ConfiguredModes, LimitMode};

/// More are counted and not named.
const NAMED: usize = 10;

/// What is wrong with what the configuration says of limits, and of bans.
pub(in crate::security) fn faults(modes: ConfiguredModes) -> impl Iterator<Item = String> {
    let named = [("limit_mode", modes.limits), ("failure_mode", modes.failures)];
    named.into_iter().filter_map(|(name, mode)| match mode {
        Some(LimitMode::Percent(share @ 101..)) => {
            Some(format!("`{name}` expects 0 to 100 percent, found {share}"))
        }
        _ => None,
    })
}

/// The same security, whose limits that are not enforced, or not for every key, the log has named.
pub(in crate::security) fn told(security: Security) -> Security {
    let lenient = of(&security);
    if lenient.is_empty() {
        return security;
    }
    let count = lenient.len();
    let mut limits = lenient.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    if count > NAMED {
        limits.push_str("; …");
    }
    tracing::warn!(count, limits, "limits that are not enforced");
    security
}

/// Those limits, each with its handler, and budgets for failures.
fn of(security: &Security) -> Vec<String> {
    let mut lenient = Vec::new();
    for plan in security.0.plans.iter().flatten() {
        for planned in plan.every_limit().filter(|planned| !planned.mode.is_enforced()) {
            let mode = Some(planned.mode.now());
            let limit = Limit { mode, ..*planned.limit };
            lenient.push(format!("{} {limit}", plan.title()));
        }
    }
    let statistics = security.limits().statistics();
    let at_once = statistics.concurrency.into_iter();
    lenient.extend(
        at_once
            .filter(|row| row.mode != LimitMode::Enforce)
            .map(|row| format!("{} {} with the mode {}", row.endpoint, row.limit, row.mode)),
    );
    let budgets = statistics.budgets.into_iter();
    lenient.extend(budgets.filter(|row| row.mode != LimitMode::Enforce).map(|row| {
        let endpoints = row.endpoints.join(", ");
        format!("{endpoints} {} with the mode {}", row.budget, row.mode)
    }));
    lenient
}
