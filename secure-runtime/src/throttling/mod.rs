//! How many requests: quotas, the in-memory limiter, and the fields that tell a client.

mod gcra;
mod headers;
mod limiter;
mod quota;
mod slot;
mod stripes;
mod table;

pub use gcra::Decision;
pub use headers::RateLimitHeaders;
pub(crate) use headers::{limit_field, policy_field, reset_seconds, string, whole_seconds};
pub use limiter::{LimitKey, Limiter, Statistics};
pub use quota::Quota;
