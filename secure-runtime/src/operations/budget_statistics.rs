//! Statistics of failure budgets: bans and rejected requests.

use std::fmt;

use serde::Serialize;

use super::LimitId;
use crate::plan::{Plan, PlannedBudget};
use crate::security::Security;
use crate::support::text_table;
use crate::throttling::{FailureStatistics, LimitMode};

/// One failure budget, and its counts since the program started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BudgetRow {
    /// The handler and the number of its failure budget (`shop::login/failures/1`), a shared rate and its
    /// window (`login/60s/failures`), or `failed authentication`, the default budget.
    pub id: LimitId,
    /// The handlers whose failures it counts.
    pub endpoints: Vec<String>,
    /// The budget, in the notation of the inventory.
    pub budget: String,
    /// What happens to requests of banned clients.
    pub mode: LimitMode,
    /// Bans that have begun.
    pub bans: u64,
    /// Requests that were rejected because of a ban.
    pub refused: u64,
    /// Bans that have begun in shadow mode, and are not enforced.
    pub observed_bans: u64,
    /// Requests of clients with a ban in shadow mode, which went on.
    pub observed: u64,
}

/// The rows of all budgets.
pub(super) fn rows(security: &Security) -> Vec<BudgetRow> {
    all(security).iter().map(|(plans, planned)| row(security, plans, planned)).collect()
}

/// Each budget once, with its endpoints: the endpoints by name, the budgets of each in source order.
pub(super) fn all(security: &Security) -> Vec<(Vec<&Plan>, &PlannedBudget)> {
    let mut all: Vec<(Vec<&Plan>, &PlannedBudget)> = Vec::new();
    for plan in security.inner().plans_by_name() {
        for planned in plan.budgets() {
            match all.iter_mut().find(|(_, known)| known.title == planned.title) {
                Some((plans, _)) => plans.push(plan),
                None => all.push((vec![plan], planned)),
            }
        }
    }
    all
}

/// The budget in the notation of the inventory.
pub(super) fn text(planned: &PlannedBudget) -> String {
    planned.live.now().violation.name().to_owned()
}

/// Sets the mode of the budgets with this id; whether there are any.
pub(super) fn set_mode(security: &Security, id: &LimitId, mode: LimitMode) -> bool {
    let mut is_known = false;
    for planned in of_id(security, id) {
        planned.mode.set(mode);
        is_known = true;
    }
    is_known
}

/// The budgets with this id, including a default budget that another one replaces at this moment.
pub(super) fn of_id<'a>(
    security: &'a Security,
    id: &'a LimitId,
) -> impl Iterator<Item = &'a PlannedBudget> {
    let all = security.inner().plans.iter().flatten().flat_map(|plan| &plan.failures);
    all.filter(move |planned| *id == *planned.title)
}

/// The row of one budget.
pub(super) fn row(security: &Security, plans: &[&Plan], planned: &PlannedBudget) -> BudgetRow {
    let FailureStatistics { bans, refused, observed_bans, observed } =
        security.inner().penalties.of(planned.number);
    BudgetRow {
        id: LimitId::new(planned.title.clone()),
        endpoints: plans.iter().map(|plan| plan.title()).collect(),
        budget: text(planned),
        mode: planned.mode.now(),
        bans,
        refused,
        observed_bans,
        observed,
    }
}

/// Writes a table of the rows, if there are any.
pub(super) fn write(formatter: &mut fmt::Formatter<'_>, rows: &[BudgetRow]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let header = ["ID", "BUDGET", "MODE", "BANS", "REFUSED", "OBSERVED BANS", "OBSERVED"];
    let rows = rows.iter().map(|row| {
        let [bans, refused, observed_bans, observed] =
            [row.bans, row.refused, row.observed_bans, row.observed].map(|it| it.to_string());
        let (id, budget, mode) = (row.id.to_string(), row.budget.clone(), row.mode.to_string());
        [id, budget, mode, bans, refused, observed_bans, observed]
    });
    let lines: Vec<_> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    text_table::write(formatter, &lines)
}
