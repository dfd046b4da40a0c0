//! Counts of what shared limits did.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::support::per_thread::{STRIPES, stripe};

/// What a [`SharedLimits`](super::SharedLimits) has done so far.
///
/// `decided` is the sum of `leased`, `fallback` and those that Redis decided. Without leases there is
/// one trip for each of those (and one more for each server that does not know the script yet); with
/// leases, `trips` are fewer by far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SharedStatistics {
    /// Requests that were decided, admitted or not.
    pub decided: u64,
    /// Those of them that this instance decided without a trip: from permits it had leased, or because
    /// it knew that Redis would refuse.
    pub leased: u64,
    /// Permits that were leased, spent or not.
    pub permits_leased: u64,
    /// Commands sent to Redis, and not answered, or answered.
    pub trips: u64,
    /// Requests for which [`OnStoreFailure`](super::OnStoreFailure) held.
    pub fallback: u64,
    /// Trips without a decision: late, refused by Redis, or cut.
    pub failed: u64,
    /// Keys whose leased permits were lost because the table of leases was full: see
    /// [`lease_capacity_keys`](super::SharedLimitsBuilder::lease_capacity_keys).
    pub evicted_leases: u64,
    /// Keys that this instance's own limiter had to forget while Redis was out of reach: see
    /// [`fallback_capacity_keys`](super::SharedLimitsBuilder::fallback_capacity_keys).
    pub evicted_fallback: u64,
    /// Whether Redis did not decide when it was last asked.
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

/// Counted by all cores at once, each on a cache line of its own.
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
