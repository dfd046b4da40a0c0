//! What an application that exists needs to adopt the attribute, one route at a time: a file for each need.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod absent_authenticators;
mod authentication_turned_off;
mod enriched_callers;
mod enrichment_cache;
mod existing_middleware;
mod handlers_as_functions;
mod hidden_objects;
mod lenient_callers;
mod multipart_forms;
mod own_answers;
mod own_problems;
mod pages;
mod request_in_an_authenticator;
mod request_time;
mod typed_callers;
mod validated_bodies;
