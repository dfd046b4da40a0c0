//! Rates: so many permits in a window that moves, decided by the generic cell rate algorithm (GCRA).

pub(super) mod gcra;
pub(super) mod limiter;
pub(super) mod quota;
pub(super) mod quota_text;

pub use gcra::Decision;
pub use limiter::{LimitKey, Limiter, LimiterStatistics};
pub use quota::{InvalidWindow, Quota};
pub use quota_text::InvalidQuota;
