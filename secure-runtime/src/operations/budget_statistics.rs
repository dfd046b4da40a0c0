//! What came of budgets for failures, for those who operate a program.

use std::fmt;

use serde::Serialize;

use crate::plan::{Plan, PlannedBudget};
use crate::security::Security;
use crate::support::text_table;
use crate::throttling::{FailureStatistics, LimitMode};

/// One budget for failures, since the program was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BudgetRow {
    /// Names it for changes: the handler and its place among the handler's budgets
    /// (`shop::login/failures/1`), a shared rate and its window (`login/60s/failures`), or
    /// `failed authentication`, the default one.
    pub id: String,
    /// The handlers whose failures it counts.
    pub endpoints: Vec<String>,
    /// The budget, in the words of the inventory.
    pub budget: String,
    /// What happens to whoever is banned.
    pub mode: LimitMode,
    /// Bans that have begun.
    pub bans: u64,
    /// Requests that were refused because of one.
    pub refused: u64,
    /// Bans that have begun and are not enforced.
    pub observed_bans: u64,
    /// Requests that would have been refused because of one of these, and went on.
    pub observed: u64,
}

/// The rows of all budgets: the endpoints in the order of their names, the budgets of each as they are
/// written.
pub(super) fn rows(security: &Security) -> Vec<BudgetRow> {
    let mut rows: Vec<BudgetRow> = Vec::new();
    for (plan, planned) in budgets(security) {
        match rows.iter_mut().find(|row| *row.id == *planned.title) {
            Some(row) => row.endpoints.push(plan.title()),
            None => rows.push(row(security, planned, plan.title())),
        }
    }
    rows
}

/// Sets the mode of the budgets with this id; whether there are any.
pub(super) fn set_mode(security: &Security, id: &str, mode: LimitMode) -> bool {
    let mut is_known = false;
    for planned in of_id(security, id) {
        planned.mode.set(mode);
        is_known = true;
    }
    is_known
}

/// The budgets with this id, those that stand back at this moment among them.
pub(super) fn of_id<'a>(
    security: &'a Security,
    id: &'a str,
) -> impl Iterator<Item = &'a PlannedBudget> {
    let all = security.inner().plans.iter().flatten().flat_map(|plan| &plan.failures);
    all.filter(move |planned| *planned.title == *id)
}

fn budgets(security: &Security) -> impl Iterator<Item = (&Plan, &PlannedBudget)> {
    let plans = security.inner().plans_by_name().into_iter();
    plans.flat_map(|plan| plan.budgets().map(move |planned| (plan, planned)))
}

fn row(security: &Security, planned: &PlannedBudget, endpoint: String) -> BudgetRow {
    let FailureStatistics { bans, refused, observed_bans, observed } =
        security.inner().penalties.of(planned.number);
    BudgetRow {
        id: planned.title.to_string(),
        endpoints: vec![endpoint],
        budget: planned.live.now().violation.name().to_owned(),
        mode: planned.mode.now(),
        bans,
        refused,
        observed_bans,
        observed,
    }
}

/// A table of them, if there are any.
pub(super) fn write(formatter: &mut fmt::Formatter<'_>, rows: &[BudgetRow]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let header = ["ID", "BUDGET", "MODE", "BANS", "REFUSED", "OBSERVED BANS", "OBSERVED"];
    let rows = rows.iter().map(|row| {
        let [bans, refused, observed_bans, observed] =
            [row.bans, row.refused, row.observed_bans, row.observed].map(|it| it.to_string());
        let (id, budget, mode) = (row.id.clone(), row.budget.clone(), row.mode.to_string());
        [id, budget, mode, bans, refused, observed_bans, observed]
    });
    let lines: Vec<_> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    text_table::write(formatter, &lines)
}
