//! Counters of shared limits.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::support::per_thread::{STRIPES, stripe};

/// The counts of a [`SharedLimits`](super::SharedLimits) since its start.
///
/// `decided` is the sum of `leased`, `fallback` and those that Redis decided. Without leases there is one
/// round trip for each of those (and one more for each server that has not cached the script yet). With
/// leases, there are far fewer `trips`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SharedStatistics {
    /// Requests that were decided, admitted or not.
    pub decided: u64,
    /// Those of them that this instance decided without a round trip: with leased permits, or because it knew
    /// that Redis would reject.
    pub leased: u64,
    /// Permits that were leased, spent or not.
    pub permits_leased: u64,
    /// Round trips: commands sent to Redis, with or without a reply.
    pub trips: u64,
    /// Requests to which [`OnStoreFailure`](super::OnStoreFailure) applied.
    pub fallback: u64,
    /// Round trips without a decision: too late, rejected by Redis, or disconnected.
    pub failed: u64,
    /// Keys whose leased permits were lost because the table of leases was full: see
    /// [`lease_capacity_keys`](super::SharedLimitsBuilder::lease_capacity_keys).
    pub evicted_leases: u64,
    /// Keys that were evicted from the local limiter while Redis was unreachable: see
    /// [`fallback_capacity_keys`](super::SharedLimitsBuilder::fallback_capacity_keys).
    pub evicted_fallback: u64,
    /// Whether the last round trip failed.
    pub is_store_gone: bool,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) decided: Counter,
    pub(super) leased: Counter,
    pub(super) permits_leased: Counter,
    pub(super) trips: Counter,
    pub(super) fallback: Counter,
    pub(super) failed: Counter,
}

/// Counters that all cores use at once, each in its own cache line.
#[derive(Default)]
pub(super) struct Counter([Stripe; STRIPES]);

#[derive(Default)]
#[repr(align(64))]
struct Stripe(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: u64) {
        if let Some(Stripe(counter)) = self.0.get(stripe()) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    fn read(&self) -> u64 {
        self.0.iter().map(|Stripe(counter)| counter.load(Ordering::Relaxed)).sum()
    }
}

impl Counters {
    pub(super) fn read(
        &self,
        [evicted_leases, evicted_fallback]: [u64; 2],
        is_store_gone: bool,
    ) -> SharedStatistics {
        SharedStatistics {
            decided: self.decided.read(),
            leased: self.leased.read(),
            permits_leased: self.permits_leased.read(),
            trips: self.trips.read(),
            fallback: self.fallback.read(),
            failed: self.failed.read(),
            evicted_leases,
            evicted_fallback,
            is_store_gone,
        }
    }
}
