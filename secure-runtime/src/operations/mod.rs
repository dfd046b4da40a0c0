//! Operation of a running program: statistics of limits and bans, and changes of limits.
//!
//! [`Security::limits`](crate::Security::limits) returns [`Limits`]: the [statistics](Limits::statistics)
//! of all limits, a handle ([`Limit`]) to each of them, and functions that change a limit by its
//! [`LimitId`].

mod body_sizes;
mod budget_changes;
mod budget_statistics;
mod concurrency_statistics;
mod limit;
mod limit_change_error;
mod limit_changes;
mod limit_id;
mod limit_statistics;
mod limits;

pub use budget_statistics::BudgetRow;
pub use concurrency_statistics::ConcurrencyRow;
pub use limit::{Limit, LimitKind, LimitSnapshot};
pub use limit_change_error::LimitChangeError;
pub use limit_id::{InvalidLimitId, LimitId};
pub use limit_statistics::{BusyKey, LimitRow, LimitStatistics};
pub use limits::Limits;

pub use crate::policy::Queue;
use crate::security::Security;

impl Security {
    /// The limits, for operators: statistics, and changes while the program runs.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::new(self.clone())
    }
}
