//! Limits that several instances of a service count together, in Redis (6.2 or later) or Valkey.

mod ask;
mod builder;
mod engine;
mod fallback;
mod flight;
mod held;
mod leases;
mod names;
mod periods;
mod script;
mod statistics;
mod store;
mod verdict;

use std::fmt;
use std::sync::Arc;

pub(crate) use ask::SharedTerms;
pub use ask::{Ask, SharedLimit, Source, StoreUnavailable, Verdict};
pub use builder::{InvalidSharedLimits, OnStoreFailure, SharedLimitsBuilder};
use engine::Engine;
pub(crate) use held::Held;
pub use statistics::SharedStatistics;

use super::rate::quota::Quota;
use crate::support::redis_client::Place;

/// Limits that several instances of a service count together, in Redis (6.2 or later) or Valkey.
///
/// Clones are handles to the same limits. [`shared_limits`](crate::SecurityBuilder::shared_limits) uses them
/// for the rates of `#[secure(...)]`. Other limits can be decided directly.
///
/// # The rules
///
/// 1. Without leases, any number of instances are as exact as one [`Limiter`](super::rate::Limiter): at any
///    instant, no more permits are given than the quota has. All limits of a request are decided in one round
///    trip: either all permits are taken, or none.
/// 2. The time is that of Redis' clock, to the microsecond; nothing else is rounded. No instance's clock
///    affects decisions.
/// 3. With [leases](SharedLimitsBuilder::leases) an instance takes permits in advance and spends them without
///    a round trip. They leave the quota when they are taken. They are lost, not doubled, when they lapse or
///    the instance ends. In a time span of `s` seconds at most `burst + s × rate + min(instances × 4 ×
///    leases, rate × lease_life)` are admitted, where `rate` is in permits a second: the first term of the
///    minimum is what was in hand when the span began, the second what came back while it was held.
/// 4. An instance holds at most an eighth of a quota's burst. A round trip takes at most half of the
///    remaining permits in advance, and no more than the demand in half the life of a lease: requests of
///    infrequent callers are decided one by one.
/// 5. One round trip at a time fetches permits of a key, and begins before they are used up. For a key whose
///    demand exceeds what one round trip may fetch, there are up to four.
/// 6. After Redis has rejected a key, the instance rejects it as long as Redis would, for at most the
///    life of a lease.
/// 7. A round trip has a [deadline](SharedLimitsBuilder::deadline). After one that failed, none is made for a
///    quarter of a second, then one. Each further failure doubles the pause, up to four seconds. Meanwhile
///    [`OnStoreFailure`] applies. The begin and the end of an outage are logged once.
/// 8. One name may have several quotas: a rate that was changed in one instance and not yet in another. The
///    used permits are then a share of the bucket: a key that has used 60% of it has used 60% under each of
///    the quotas, at the moment at which the other one is used. Together they admit no more than the largest
///    of them, plus the leases.
/// 9. Keys expire when their bucket is full. Their names are keyed hashes: no principal and no address is
///    stored.
///
/// # Deployment
///
/// Configure Redis without eviction (`maxmemory-policy noeviction`): an evicted key starts again with a full
/// bucket. A Redis that restarts empty, or a replica that takes over without the last writes, has lost
/// counts: up to one burst more is admitted. If Redis' clock is set ahead, the permits of that time come
/// back. If it is set back, buckets stay as empty as they were, for at most their refill time.
///
/// In a cluster, all limits that are decided together are in one slot: that of their group.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::num::NonZeroU32;
/// use secure_runtime::throttling::{Ask, Quota, SharedLimits};
///
/// let shared = SharedLimits::redis("redis://127.0.0.1:6379/")
///     .secret("the same 16 bytes or more in all instances")
///     .leases(100)
///     .build()?;
/// let number = |n| NonZeroU32::new(n).unwrap();
/// let hourly = shared.limit("POST /orders 1000/h", Quota::per_hour(number(1000)));
///
/// let verdict = shared.decide(b"alice", &[Ask::take(&hourly, b"alice", number(1))]).await?;
/// assert!(verdict.is_admitted());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SharedLimits(Arc<Engine>);

impl SharedLimits {
    /// Counts in one server: `redis://user:password@host:port/database`, or `rediss://` for TLS with the
    /// certificates that this machine trusts.
    ///
    /// ```
    /// use secure_runtime::throttling::SharedLimits;
    ///
    /// let shared = SharedLimits::redis("redis://127.0.0.1:6379/").leases(100).build()?;
    /// # Ok::<(), secure_runtime::throttling::InvalidSharedLimits>(())
    /// ```
    pub fn redis(address: &str) -> SharedLimitsBuilder {
        SharedLimitsBuilder::new(Place::single(address))
    }

    /// Counts in the server that these Sentinels report. `servers` is the address of the servers, with the
    /// name that the Sentinels use for them in place of the host.
    ///
    /// ```
    /// use secure_runtime::throttling::SharedLimits;
    ///
    /// let sentinels = ["redis://10.0.0.1:26379/", "redis://10.0.0.2:26379/"];
    /// let shared = SharedLimits::sentinel(&sentinels, "redis://user:password@mymaster/0").build()?;
    /// # Ok::<(), secure_runtime::throttling::InvalidSharedLimits>(())
    /// ```
    pub fn sentinel(sentinels: &[&str], servers: &str) -> SharedLimitsBuilder {
        SharedLimitsBuilder::new(Place::sentinel(sentinels, servers))
    }

    /// Counts in a cluster. `nodes` are some of its nodes; the others are discovered.
    ///
    /// ```
    /// use secure_runtime::throttling::SharedLimits;
    ///
    /// let shared = SharedLimits::cluster(&["redis://10.0.0.1:6379/"]).build()?;
    /// # Ok::<(), secure_runtime::throttling::InvalidSharedLimits>(())
    /// ```
    pub fn cluster(nodes: &[&str]) -> SharedLimitsBuilder {
        SharedLimitsBuilder::new(Place::cluster(nodes))
    }

    /// Creates a limit. Create each limit once. `name` identifies it, and is the same in all instances.
    ///
    /// Another quota under the same name, in this instance or another one, takes over the used permits as a
    /// share of the burst: see the [rules](Self#the-rules). To start with new counts, use another name.
    #[must_use]
    pub fn limit(&self, name: &str, quota: Quota) -> SharedLimit {
        self.0.limit(name, quota)
    }

    /// A limit of an endpoint under some terms; `None` if its time zone is unknown.
    pub(crate) fn limit_of(&self, terms: &SharedTerms<'_>) -> Option<SharedLimit> {
        self.0.limit_of(terms)
    }

    /// The id of a limit with its own counts.
    pub(crate) fn new_family(&self) -> u64 {
        self.0.new_number()
    }

    /// Decides one request: either all permits are taken, or none.
    ///
    /// `group` is common to all limits that are ever decided together, and the same each time: the name of
    /// the endpoint, or, if all of them count the same caller, that caller. In a cluster, a group is in one
    /// slot.
    ///
    /// Await it: a cancelled call may have taken permits.
    ///
    /// # Errors
    ///
    /// Redis is unreachable, and [`OnStoreFailure::Deny`] is configured.
    pub async fn decide(
        &self,
        group: &[u8],
        asks: &[Ask<'_>],
    ) -> Result<Verdict, StoreUnavailable> {
        self.0.decide(group, asks).await
    }

    /// Decides one request without waiting, with leased permits; `None` if it needs a round trip, by
    /// [`decide`](Self::decide).
    ///
    /// `decide` begins with the same step. This function avoids the future.
    #[must_use]
    pub fn decide_now(&self, group: &[u8], asks: &[Ask<'_>]) -> Option<Verdict> {
        self.0.decide_now(group, asks)
    }

    /// The counts since the start.
    #[must_use]
    pub fn statistics(&self) -> SharedStatistics {
        self.0.statistics()
    }
}

/// Shows neither the address of Redis nor the secret.
impl fmt::Debug for SharedLimits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("SharedLimits");
        shown.field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}
