//! How many requests are served at once and wait, for those who operate a program.

use std::fmt;

use serde::Serialize;

use super::{Plan, PlannedConcurrency, Security};
use crate::table;
use crate::throttling::InFlightNow;

/// One `concurrency` of one endpoint: now, and since the program was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConcurrencyRow {
    /// The handler, and the place among its `concurrency` keys: `shop::orders::place/concurrency/1`.
    pub id: String,
    /// The handler.
    pub endpoint: String,
    /// `GET /orders`, without the scopes it is mounted under.
    pub routes: Vec<String>,
    /// The limit, in the words of the inventory.
    pub limit: String,
    /// Requests that are being served, of all keys.
    pub serving: u64,
    /// Requests that wait in a queue, of all keys.
    pub waiting: u64,
    /// Requests that had to wait.
    pub queued: u64,
    /// Requests that were refused, at once or after they had waited.
    pub refused: u64,
    /// Of those, the ones that had waited: a figure that rises says that requests are served more
    /// slowly than `wait` allows for.
    pub expired: u64,
    /// Requests that were given up while they waited: a client that left, a server that stopped.
    pub left: u64,
}

/// The rows of all endpoints, in the order of their names.
pub(super) fn rows(security: &Security) -> Vec<ConcurrencyRow> {
    let now = security.0.in_flight.now();
    let mut plans: Vec<&Plan> = security.0.plans.iter().flatten().collect();
    plans.sort_by_key(|plan| (plan.endpoint.module, plan.endpoint.name, plan.endpoint.line));
    let of_plan = |plan: &&Plan| {
        let mut planned: Vec<&PlannedConcurrency> = plan.concurrency.iter().collect();
        planned.sort_by_key(|planned| planned.position);
        let plan = *plan;
        let now = &now;
        let row = move |planned: &PlannedConcurrency| {
            let place = planned.bound.limit as usize;
            row(plan, planned, now.get(place).copied().unwrap_or_default())
        };
        planned.into_iter().map(row).collect::<Vec<_>>()
    };
    plans.iter().flat_map(of_plan).collect()
}

fn row(plan: &Plan, planned: &PlannedConcurrency, now: InFlightNow) -> ConcurrencyRow {
    let InFlightNow { served, waiting, queued, refused, expired, left } = now;
    let endpoint = format!("{}::{}", plan.endpoint.module, plan.endpoint.name);
    let routes = plan.endpoint.routes.iter();
    ConcurrencyRow {
        id: format!("{endpoint}/concurrency/{}", planned.position + 1),
        endpoint,
        routes: routes.map(|it| format!("{} {}", it.methods.join(","), it.path)).collect(),
        limit: planned.limit.to_string(),
        serving: served,
        waiting,
        queued,
        refused,
        expired,
        left,
    }
}

/// A table of them, if there are any.
pub(super) fn write(formatter: &mut fmt::Formatter<'_>, rows: &[ConcurrencyRow]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let header = ["ID", "LIMIT", "SERVING", "WAITING", "QUEUED", "REFUSED", "EXPIRED", "LEFT"];
    let rows = rows.iter().map(|row| {
        let [serving, waiting, queued, refused, expired, left] =
            [row.serving, row.waiting, row.queued, row.refused, row.expired, row.left]
                .map(|figure| figure.to_string());
        let (id, limit) = (row.id.clone(), row.limit.clone());
        [id, limit, serving, waiting, queued, refused, expired, left]
    });
    let lines: Vec<_> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    table::write(formatter, &lines)
}
