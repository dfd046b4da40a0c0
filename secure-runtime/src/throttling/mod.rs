//! How many requests: quotas, the in-memory limiter, and the fields that tell a client.

mod quota;

pub use quota::Quota;
