//! What the limits of a program have said, for those who operate it.

use std::fmt;

use serde::Serialize;

use super::budget_statistics::BudgetRow;
use super::concurrency_statistics::ConcurrencyRow;
use super::{budget_statistics, concurrency_statistics};
use crate::support::text_table;
#[cfg(feature = "redis")]
use crate::throttling::SharedStatistics;
use crate::throttling::{KeyMark, LimitMode, Statistics};

/// What every limit of a [`Security`](crate::Security) is and has said since it was built.
///
/// `Display` prints a table; serde writes it, for an endpoint of the operators' own or a file. Nothing
/// in it names a caller or an address. Counts are of this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LimitStatistics {
    /// One row for each limit of each endpoint.
    pub limits: Vec<LimitRow>,
    /// One row for each `concurrency` of each endpoint.
    pub concurrency: Vec<ConcurrencyRow>,
    /// One row for each budget for failures.
    pub budgets: Vec<BudgetRow>,
    /// The memory of rates.
    pub rates: Statistics,
    /// The memory of quotas of the calendar.
    pub quotas: Statistics,
    /// What was decided together with other instances, where limits are
    /// [shared](crate::SecurityBuilder::shared_limits): trips, leases, what happened without the store.
    #[cfg(feature = "redis")]
    pub shared: Option<SharedStatistics>,
}

/// One limit of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LimitRow {
    /// Names it for changes: the handler and the limit's place among its limits
    /// (`shop::orders::place/1`), or a shared rate and its window (`login/60s`), which is then the same
    /// for all endpoints that use it.
    pub id: String,
    /// The handler.
    pub endpoint: String,
    /// `GET /orders`, without the scopes it is mounted under.
    pub routes: Vec<String>,
    /// The limit, in the words of the inventory.
    pub limit: String,
    /// What happens to requests beyond it.
    pub mode: LimitMode,
    /// Requests that it admitted, whatever another limit said.
    ///
    /// One whose cost is known late is admitted first, and may be refused or observed in the end: it
    /// counts as both.
    pub allowed: u64,
    /// Requests that were refused for it.
    pub refused: u64,
    /// Requests that it would have refused, and that went on: see [`LimitMode::Observe`].
    pub observed: u64,
    /// Requests about which the store of shared limits did not decide, but what stands in for it: of
    /// those whose count is local, each is also among the ones above.
    pub fallback: u64,
    /// Whether several instances count it together. What is counted here is what this one saw.
    pub is_shared: bool,
    /// Keys with at least a hundredth of the requests lately, the busiest first: of one request in
    /// sixteen, refused ones included.
    pub busiest: Vec<BusyKey>,
}

/// A key of a limit, and its share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BusyKey {
    /// Whose requests: the same mark as in the log.
    pub key: KeyMark,
    /// Of a hundred requests, at least, as far as a sample tells.
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
                row.id.clone(),
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
            let Statistics { evicted_live, capacity_entries, .. } = memory;
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
