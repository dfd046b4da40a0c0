//! What operators call while the program runs: statistics of limits and bans, and changes of limits.

mod body_sizes;
mod budget_changes;
mod budget_statistics;
mod concurrency_statistics;
mod limit_changes;
mod limit_statistics;
mod limits;

pub use budget_statistics::BudgetRow;
pub use concurrency_statistics::ConcurrencyRow;
pub use limit_statistics::{BusyKey, LimitRow, LimitStatistics};
pub use limits::{LimitChangeError, Limits};

pub use crate::policy::Queue;
use crate::security::Security;

impl Security {
    /// The limits, for those who operate the program: what they have said, and how they are changed
    /// while it runs.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::new(self.clone())
    }
}
