//! How many requests are served at once and wait, for those who operate a program.

use std::fmt;

use serde::Serialize;

use crate::plan::{Plan, PlannedConcurrency};
use crate::policy::Concurrency;
use crate::security::Security;
use crate::support::text_table;
use crate::throttling::{InFlightNow, LimitMode};

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
    /// What happens to requests beyond it.
    pub mode: LimitMode,
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
    /// Requests that would have waited or been refused, and went on: see [`LimitMode::Observe`].
    pub observed: u64,
}

/// The rows of all endpoints, in the order of their names.
pub(super) fn rows(security: &Security) -> Vec<ConcurrencyRow> {
    let now = security.inner().in_flight.now();
    let of = |planned: &PlannedConcurrency| now.get(planned.number as usize).copied();
    let all = all(security).into_iter();
    all.map(|(plan, planned)| {
        let limit = planned.now(&security.inner().in_flight);
        row(plan, planned, limit, of(planned).unwrap_or_default())
    })
    .collect()
}

/// Sets the mode of the one with this id; whether there is one.
pub(super) fn set_mode(security: &Security, id: &str, mode: LimitMode) -> bool {
    of_id(security, id).is_some_and(|planned| {
        planned.mode.set(mode);
        if planned.mode.percent() == 0 {
            security.inner().in_flight.serve_waiting(planned.number);
        }
        true
    })
}

/// The one with this id.
pub(super) fn of_id<'a>(security: &'a Security, id: &str) -> Option<&'a PlannedConcurrency> {
    let found = all(security).into_iter().find(|(plan, planned)| self::id(plan, planned) == id);
    found.map(|(_, planned)| planned)
}

fn all(security: &Security) -> Vec<(&Plan, &PlannedConcurrency)> {
    let mut all = Vec::new();
    for plan in security.inner().plans_by_name() {
        let mut written: Vec<&PlannedConcurrency> = plan.concurrency.iter().collect();
        written.sort_by_key(|planned| planned.position);
        all.extend(written.into_iter().map(|planned| (plan, planned)));
    }
    all
}

fn id(plan: &Plan, planned: &PlannedConcurrency) -> String {
    format!("{}/concurrency/{}", plan.title(), planned.position + 1)
}

fn row(
    plan: &Plan,
    planned: &PlannedConcurrency,
    limit: Concurrency,
    now: InFlightNow,
) -> ConcurrencyRow {
    let InFlightNow { served, waiting, queued, refused, expired, left, observed } = now;
    ConcurrencyRow {
        id: id(plan, planned),
        endpoint: plan.title(),
        routes: plan.routes(),
        limit: Concurrency { mode: None, ..limit }.to_string(),
        mode: planned.mode.now(),
        serving: served,
        waiting,
        queued,
        refused,
        expired,
        left,
        observed,
    }
}

/// A table of them, if there are any.
pub(super) fn write(formatter: &mut fmt::Formatter<'_>, rows: &[ConcurrencyRow]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let header = [
        "ID", "LIMIT", "MODE", "SERVING", "WAITING", "QUEUED", "REFUSED", "EXPIRED", "LEFT",
        "OBSERVED",
    ];
    let rows = rows.iter().map(|row| {
        let ConcurrencyRow { serving, waiting, queued, refused, expired, left, observed, .. } = row;
        let [serving, waiting, queued, refused, expired, left, observed] =
            [serving, waiting, queued, refused, expired, left, observed].map(ToString::to_string);
        let (id, limit, mode) = (row.id.clone(), row.limit.clone(), row.mode.to_string());
        [id, limit, mode, serving, waiting, queued, refused, expired, left, observed]
    });
    let lines: Vec<_> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    text_table::write(formatter, &lines)
}
