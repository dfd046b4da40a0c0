//! Limits that instances share through Redis.

mod exactness;
mod failures;
mod leases;
mod log;
mod processes;
mod script;
mod tls;
mod topologies;

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use secure_runtime::throttling::{
    Ask, Decision, Quota, SharedLimit, SharedLimits, SharedLimitsBuilder, Source, Verdict,
};
use secure_tests::RedisServer;

pub(crate) const ONE: NonZeroU32 = NonZeroU32::MIN;

pub(crate) fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

/// `permits` per `window` seconds, with this `burst`.
pub(crate) fn quota(permits: u32, window: u32, burst: u32) -> Quota {
    let window = Duration::from_secs(window.into());
    Quota::with_window(number(permits), window).unwrap().with_burst(number(burst))
}

/// A prefix that no other test uses.
pub(crate) fn prefix() -> String {
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    log::record();
    format!("test:{}:{}:", std::process::id(), TAKEN.fetch_add(1, Ordering::Relaxed))
}

/// One instance of the service, with long timeouts because the machine may be busy.
pub(crate) fn instance(redis: &RedisServer, prefix: &str) -> SharedLimitsBuilder {
    SharedLimits::redis(&redis.url()).prefix(prefix).deadline(Duration::from_secs(10))
}

/// Takes one permit of one limit, from Redis or from a lease.
pub(crate) async fn take(shared: &SharedLimits, limit: &SharedLimit, whom: &str) -> Verdict {
    let asks = [Ask::take(limit, whom.as_bytes(), ONE)];
    let verdict = shared.decide(whom.as_bytes(), &asks).await.expect("a decision");
    assert!(matches!(verdict.source(), Source::Shared | Source::Leased), "{verdict:?}");
    assert_eq!(verdict.decisions()[0].is_allowed(), verdict.is_admitted());
    verdict
}

/// The parts of a decision that a client could see.
pub(crate) fn told(decision: &Decision) -> (bool, u32, Duration, Option<Duration>) {
    (decision.is_allowed(), decision.remaining(), decision.reset_after(), decision.retry_after())
}
