//! What the expansion of `#[secure(...)]` calls. Not for people: no stability promise.

use std::num::NonZeroU32;

pub use actix_web::HttpRequest;
pub use actix_web::web::Payload;
pub use linkme;

pub use crate::inventory::ENDPOINTS;
pub use crate::pipeline::{serve, serve_validated};
pub use crate::policy::{
    Access, Audience, Authenticators, Endpoint, Limit, Partition, Policy, Route, Rule, Unvalidated,
};
pub use crate::scope::{SecuredResponse, SecuredService};
use crate::throttling::Quota;
pub use crate::validation::Violations;

/// A limit from numbers the macro has checked; a zero becomes a one, the strictest there is.
#[must_use]
pub const fn limit(
    (permits, window_seconds, burst, cost): (u32, u32, u32, u32),
    by: Partition,
    audience: Audience,
) -> Limit {
    let quota = Quota::new(at_least_one(permits), at_least_one(window_seconds))
        .with_burst(at_least_one(burst));
    Limit { quota, by, audience, cost: at_least_one(cost) }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}
