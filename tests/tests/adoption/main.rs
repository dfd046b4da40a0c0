//! What an application that exists needs to adopt the attribute, one route at a time.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod dynamic_policies;
mod remembered_decisions;
mod spared_requests;
mod standing_bans;
