//! What an application brings with it: its routes, and the frameworks around it.

mod dispatch;
mod mounted_routes;
mod route_tables;
mod services_behind;

use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Security, SecurityBuilder};

/// A security for the endpoints of one module, with the test issuer as its only authenticator and
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
