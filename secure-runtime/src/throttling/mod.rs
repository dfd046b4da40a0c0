//! How many requests: quotas, the in-memory limiter, and the fields that tell a client.

mod gcra;
mod limiter;
mod quota;
mod slot;
mod stripes;
mod table;

pub use gcra::Decision;
pub use limiter::{LimitKey, Limiter, Statistics};
pub use quota::Quota;
