//! Secured services over real HTTP: the tests check the response, and that refused requests do not run the handler.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod abandoned;
mod api_key_places;
mod api_key_stores;
mod api_keys;
mod application;
mod argument_costs;
mod body;
mod body_bounds;
mod callers;
mod careless;
mod challenges;
mod client_address;
mod concurrency;
mod content_coding;
mod contents;
mod credentials;
mod drawn_keys;
mod escapes;
mod failures;
mod faults;
mod hidden;
mod http2;
mod identity_provider;
mod introspection;
mod launch;
mod layers;
mod limit_changes;
mod limit_costs;
mod limit_keys;
mod limit_modes;
mod limits;
mod malformed_bodies;
mod middlewares;
mod mixtures;
mod mounting;
mod obedient_clients;
mod panics;
mod queues;
mod quotas;
mod races;
mod resource_metadata;
mod resources;
mod revocation;
mod rules;
mod same_names;
mod same_subjects;
mod several_schemes;
mod shared_argument_changes;
mod shared_argument_costs;
mod shared_changes;
mod shared_costs;
mod shared_instances;
mod shared_limits;
mod shared_observed;
mod shared_quotas;
mod shared_revocation;
mod shared_rules;
mod step_up;
mod tiers;
mod token_cache;
mod unknown_keys;
mod validated_arguments;
mod validation;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Security, SecurityBuilder};

/// Counts how often handlers ran.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<AtomicUsize>);

impl Runs {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn so_far(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

/// A `Security` for the endpoints of one module, with the test issuer as its only authenticator and
/// a clock that stands still.
pub(crate) fn security(module: &str) -> (SecurityBuilder, Issuer, FakeClock) {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let builder = Security::builder()
        .answers_for(module)
        .clock(clock.clone())
        .authenticator("jwt", issuer.jwt());
    (builder, issuer, clock)
}
