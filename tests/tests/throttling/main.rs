//! Quotas and the in-memory limiter, tested through the public API.

mod clock;
mod fields;
mod properties;
mod stress;
mod timelines;

use std::num::NonZeroU32;

use secure_runtime::throttling::{Decision, LimitKey, Limiter, Quota};

pub(crate) const SECOND: u64 = 1_000_000_000;

pub(crate) fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

/// `permits` per `window` seconds, with this `burst`.
pub(crate) fn quota(permits: u32, window: u32, burst: u32) -> Quota {
    Quota::new(number(permits), number(window)).with_burst(number(burst))
}

/// A request that costs one permit.
pub(crate) fn one(limiter: &Limiter, key: LimitKey, quota: &Quota, now: u64) -> Decision {
    limiter.check(key, quota, NonZeroU32::MIN, now)
}
