//! Statistics of concurrency limits: requests in flight, queued and rejected.

use std::fmt;

use serde::Serialize;

use super::LimitId;
use crate::plan::{Plan, PlannedConcurrency};
use crate::policy::Concurrency;
use crate::security::Security;
use crate::support::text_table;
use crate::throttling::{InFlightNow, LimitMode};

/// One concurrency limit of one endpoint: its state now, and its counts since the program started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConcurrencyRow {
    /// The handler and the number of its `concurrency` key: `shop::orders::place/concurrency/1`.
    pub id: LimitId,
    /// The handler.
    pub endpoint: String,
    /// `GET /orders`, without the scopes it is mounted under.
    pub routes: Vec<String>,
    /// The limit, in the notation of the inventory.
    pub limit: String,
    /// What happens to requests beyond it.
    pub mode: LimitMode,
    /// Requests in flight, of all keys.
    pub serving: u64,
    /// Requests that are queued, of all keys.
    pub waiting: u64,
    /// Requests that had to queue.
    pub queued: u64,
    /// Requests that were rejected, at once or after they had waited.
    pub refused: u64,
    /// The rejected requests that had waited. A rising number means that requests are served more slowly
    /// than `wait` allows for.
    pub expired: u64,
    /// Requests that were given up while they waited: the client left, or the server stopped.
    pub left: u64,
    /// Requests beyond a limit in shadow mode, which went on: see [`LimitMode::Observe`].
    pub observed: u64,
}

/// The rows of all endpoints, by name.
pub(super) fn rows(security: &Security) -> Vec<ConcurrencyRow> {
    let now = security.inner().in_flight.now();
    let all = all(security).into_iter();
    all.map(|(plan, planned)| row_of(security, plan, planned, &now)).collect()
}

/// The row of one limit.
pub(super) fn row(
    security: &Security,
    plan: &Plan,
    planned: &PlannedConcurrency,
) -> ConcurrencyRow {
    row_of(security, plan, planned, &security.inner().in_flight.now())
}

/// The limit in the notation of the inventory, without its mode.
pub(super) fn text(security: &Security, planned: &PlannedConcurrency) -> String {
    let limit = planned.now(&security.inner().in_flight);
    Concurrency { mode: None, ..limit }.to_string()
}

/// Sets the mode of the limit with this id; whether there is one.
pub(super) fn set_mode(security: &Security, id: &LimitId, mode: LimitMode) -> bool {
    of_id(security, id).is_some_and(|planned| {
        planned.mode.set(mode);
        if planned.mode.percent() == 0 {
            security.inner().in_flight.serve_waiting(planned.number);
        }
        true
    })
}

/// The limit with this id.
pub(super) fn of_id<'a>(security: &'a Security, id: &LimitId) -> Option<&'a PlannedConcurrency> {
    let found = all(security).into_iter().find(|(plan, planned)| self::id(plan, planned) == *id);
    found.map(|(_, planned)| planned)
}

/// All concurrency limits: the endpoints by name, the limits of each in source order.
pub(super) fn all(security: &Security) -> Vec<(&Plan, &PlannedConcurrency)> {
    let mut all = Vec::new();
    for plan in security.inner().plans_by_name() {
        let mut limits: Vec<&PlannedConcurrency> = plan.concurrency.iter().collect();
        limits.sort_by_key(|planned| planned.position);
        all.extend(limits.into_iter().map(|planned| (plan, planned)));
    }
    all
}

pub(super) fn id(plan: &Plan, planned: &PlannedConcurrency) -> LimitId {
    LimitId::new(format!("{}/concurrency/{}", plan.title(), planned.position + 1))
}

fn row_of(
    security: &Security,
    plan: &Plan,
    planned: &PlannedConcurrency,
    now: &[InFlightNow],
) -> ConcurrencyRow {
    let now = now.get(planned.number as usize).copied().unwrap_or_default();
    let InFlightNow { served, waiting, queued, refused, expired, left, observed } = now;
    ConcurrencyRow {
        id: id(plan, planned),
        endpoint: plan.title(),
        routes: plan.routes(),
        limit: text(security, planned),
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

/// Writes a table of the rows, if there are any.
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
        let (id, limit, mode) = (row.id.to_string(), row.limit.clone(), row.mode.to_string());
        [id, limit, mode, serving, waiting, queued, refused, expired, left, observed]
    });
    let lines: Vec<_> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    text_table::write(formatter, &lines)
}
