//! Changes of the quota of a failure budget while failures are counted.

use super::LimitChangeError;
use super::limit_changes::lasts;
use crate::plan::failure_budgets::PlannedBudget;
use crate::support::time::Moment;
use crate::throttling::{Change, Quota};

/// Changes all of these budgets, or none.
pub(super) fn apply(
    budgets: &[&PlannedBudget],
    quota: Quota,
    now: Moment,
) -> Result<(), LimitChangeError> {
    if quota.burst() != quota.permits() {
        return Err(LimitChangeError::FailureBudgetBurst(quota.burst()));
    }
    // Budgets that count together have the same changes, and so the same places.
    let mut groups: Vec<(&PlannedBudget, u32)> = Vec::new();
    for budget in budgets {
        let live = budget.live;
        if groups.iter().all(|(it, _)| !std::ptr::eq(it.live.generations, live.generations)) {
            let is_it = |place| live.terms(place).quota == quota;
            groups.push((budget, live.place_of(is_it).ok_or(LimitChangeError::TooManyQuotas)?));
        }
    }
    for (first, place) in groups {
        let generations = first.live.generations;
        let before = first.live.now().quota;
        let together = budgets.iter().filter(|it| std::ptr::eq(it.live.generations, generations));
        together.for_each(|budget| budget.give(place, quota));
        let whole = (before.burst_tolerance_ns(), quota.burst_tolerance_ns());
        let change = Change { place, whole, lasts_ns: lasts(before, quota) };
        if !generations.begin(change, now) {
            return Err(LimitChangeError::TooManyQuotas);
        }
    }
    Ok(())
}
