//! Adoption in existing applications, one route at a time: one file for each need of such an application.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod absent_authenticators;
mod authentication_turned_off;
mod dispatch;
mod dispatch_sizes;
mod dynamic_policies;
mod early_rules;
mod echo;
mod enriched_callers;
mod enrichment_cache;
mod existing_middleware;
mod handlers_as_functions;
mod hidden_objects;
mod lenient_callers;
mod macros_together;
mod mounted_routes;
mod multipart_forms;
mod own_answers;
mod own_problems;
mod pages;
mod policies_of_other_crates;
mod public_services;
mod remembered_decisions;
mod request_in_an_authenticator;
mod request_time;
mod route_tables;
mod scope_policies;
mod scope_policies_hold;
mod scope_policies_judge_answers;
mod scope_policies_leave_nothing;
mod scope_policies_of_streams;
mod sent_names;
mod services_behind;
mod sizes_and_times;
mod slow_uploads;
mod sockets;
mod sockets_of_api_keys;
mod spared_requests;
mod standing_bans;
mod typed_callers;
mod unasked_policies;
mod unmounted_endpoints;
mod utoipa_scopes;
mod validated_bodies;

use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Security, SecurityBuilder};

/// A `Security` for the endpoints of one module, with the test issuer as its only authenticator and
/// a clock that stands still.
fn security(module: &str) -> (SecurityBuilder, Issuer, FakeClock) {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let builder = Security::builder()
        .answers_for(module)
        .clock(clock.clone())
        .authenticator("jwt", issuer.jwt());
    (builder, issuer, clock)
}
