//! Quotas and the in-memory limiter, tested through the public API.

mod clock;
mod fields;
mod properties;
mod stress;
mod timelines;

use std::num::NonZeroU32;
use std::time::Duration;

use secure_runtime::Moment;
use secure_runtime::throttling::{Decision, LimitKey, Limiter, Quota};

pub(crate) const SECOND: u64 = 1_000_000_000;

pub(crate) fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

/// `permits` per `window` seconds, with this `burst`.
pub(crate) fn quota(permits: u32, window: u32, burst: u32) -> Quota {
    let window = Duration::from_secs(window.into());
    Quota::with_window(number(permits), window).expect("seconds").with_burst(number(burst))
}

/// The moment at which so many nanoseconds have passed.
pub(crate) fn at(nanos: u64) -> Moment {
    Moment::new(Duration::from_nanos(nanos), Duration::ZERO)
}

/// A request that costs one permit.
pub(crate) fn one(limiter: &Limiter, key: LimitKey, quota: &Quota, now: u64) -> Decision {
    limiter.check(key, quota, NonZeroU32::MIN, at(now))
}
