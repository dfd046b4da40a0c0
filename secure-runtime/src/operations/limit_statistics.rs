//! [`LimitStatistics`]: the definitions and counts of all limits, as a table and as JSON.

use std::fmt;

use serde::Serialize;

use super::budget_statistics::BudgetRow;
use super::concurrency_statistics::ConcurrencyRow;
use super::{LimitId, budget_statistics, concurrency_statistics};
use crate::support::text_table;
#[cfg(feature = "redis")]
use crate::throttling::SharedStatistics;
use crate::throttling::{KeyMark, LimitMode, LimiterStatistics};

/// Every limit of a [`Security`](crate::Security), with its counts since the program started.
///
/// `Display` prints a table. It is `Serialize`, for an endpoint for operators or a file. It contains no
/// caller and no address. Counts are those of this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LimitStatistics {
    /// One row for each limit of each endpoint.
    pub limits: Vec<LimitRow>,
    /// One row for each concurrency limit of each endpoint.
    pub concurrency: Vec<ConcurrencyRow>,
    /// One row for each failure budget.
    pub budgets: Vec<BudgetRow>,
    /// The memory of rates.
    pub rates: LimiterStatistics,
    /// The memory of calendar quotas.
    pub quotas: LimiterStatistics,
    /// [Shared](crate::SecurityBuilder::shared_limits) limits: round trips, leases, and decisions without
    /// the store.
    #[cfg(feature = "redis")]
    pub shared: Option<SharedStatistics>,
}

/// One limit of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LimitRow {
    /// The handler and the number of its limit (`shop::orders::place/1`), or a shared rate and its window
    /// (`login/60s`), which is the same for all endpoints that use it.
    pub id: LimitId,
    /// The handler.
    pub endpoint: String,
    /// `GET /orders`, without the scopes it is mounted under.
    pub routes: Vec<String>,
    /// The limit, in the notation of the inventory.
    pub limit: String,
    /// What happens to requests beyond it.
    pub mode: LimitMode,
    /// Requests that it admitted, even if another limit rejected them.
    ///
    /// A request whose cost is known late is admitted first, and may later be rejected or observed. It
    /// counts as both.
    pub allowed: u64,
    /// Requests that it rejected.
    pub refused: u64,
    /// Requests beyond the limit in shadow mode, which went on: see [`LimitMode::Observe`].
    pub observed: u64,
    /// Requests that were decided without the store of shared limits. Those that were counted locally are
    /// also among the ones above.
    pub fallback: u64,
    /// Whether several instances count it together. The counts of this row are those of this instance.
    pub is_shared: bool,
    /// Keys that recently made at least a hundredth of the requests, the busiest first. Sampled from one
    /// request in sixteen, rejected ones included.
    pub busiest: Vec<BusyKey>,
}

/// A key of a limit, and its share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BusyKey {
    /// The mark of the key, the same as in the log.
    pub key: KeyMark,
    /// The least share of the requests in percent, estimated from the sample.
    pub percent: u8,
}

impl fmt::Display for LimitStatistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header =
            ["ID", "LIMIT", "MODE", "ALLOWED", "REFUSED", "OBSERVED", "FALLBACK", "BUSIEST"];
        let rows = self.limits.iter().map(|row| {
            let busiest: Vec<String> = row
                .busiest
                .iter()
                .take(3)
                .map(|it| format!("{} {}%", it.key, it.percent))
                .collect();
            [
                row.id.to_string(),
                row.limit.clone(),
                row.mode.to_string(),
                row.allowed.to_string(),
                row.refused.to_string(),
                row.observed.to_string(),
                if row.is_shared { row.fallback.to_string() } else { String::from("-") },
                if busiest.is_empty() { String::from("-") } else { busiest.join(", ") },
            ]
        });
        let lines: Vec<_> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
        text_table::write(formatter, &lines)?;
        concurrency_statistics::write(formatter, &self.concurrency)?;
        budget_statistics::write(formatter, &self.budgets)?;
        for (what, memory) in [("rates", &self.rates), ("quotas", &self.quotas)] {
            let LimiterStatistics { evicted_live, capacity_entries, .. } = memory;
            writeln!(formatter, "{what}: {evicted_live} evicted, {capacity_entries} fit")?;
        }
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared {
            let SharedStatistics { decided, leased, trips, fallback, failed, .. } = shared;
            let SharedStatistics { evicted_leases, evicted_fallback, .. } = shared;
            writeln!(
                formatter,
                "shared: {decided} decided, {leased} of them by leases, {fallback} in fallback, \
                 {trips} trips, {failed} failed, {} evicted{}",
                evicted_leases + evicted_fallback,
                if shared.is_store_gone { ", the store is gone" } else { "" }
            )?;
        }
        Ok(())
    }
}
