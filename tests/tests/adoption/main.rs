//! What an application needs to adopt the attribute, over real HTTP: each file is one need.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod absent_authenticators;
mod authentication_turned_off;
mod enriched_callers;
mod enrichment_cache;
mod existing_middleware;
mod lenient_callers;
mod request_in_an_authenticator;
mod request_time;
mod typed_callers;
