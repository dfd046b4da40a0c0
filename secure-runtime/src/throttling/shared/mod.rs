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
/// Clones are handles of the same. Given to [`shared_limits`](crate::SecurityBuilder::shared_limits),
/// they count the rates of `#[secure(...)]`; others can be asked for directly.
///
/// # The rules
///
/// 1. Without leases, any number of instances are as exact as one [`Limiter`](super::rate::Limiter): at
///    any instant as many permits are given as the quota has, never one more. All limits of a request
///    are decided in one round trip, all takes or none.
/// 2. The time is Redis' own, to the microsecond; nothing else is rounded. No instance's clock
///    matters to what is admitted.
/// 3. With [leases](SharedLimitsBuilder::leases) an instance takes permits in advance and spends them
///    without a trip. They leave the quota when they are taken, and are lost, not doubled, when they
///    lapse or the instance ends. In a time span of `s` seconds at most
///    `burst + s × rate + min(instances × 4 × leases, rate × lease_life)` are admitted, `rate` being permits
///    a second: the first of the two is what was in hand when the span began, the second what came
///    back while it was held.
/// 4. An instance holds at most an eighth of a quota's burst; a trip takes at most half of what is left
///    in advance; and it takes what was asked for in half the life of a lease: callers who come seldom
///    are decided about one by one.
/// 5. One trip at a time fetches permits of a key, and begins before they are used up; for a key that is
///    asked for so often that a trip may not bring as much, up to four do.
/// 6. What Redis refused is refused by the instance for as long as Redis would, a lease's life at most.
/// 7. A trip has a [deadline](SharedLimitsBuilder::deadline). After one that failed, none is made for a
///    quarter of a second, then one; each that fails doubles the pause, up to four seconds. Meanwhile
///    [`OnStoreFailure`] holds. Its begin and its end are logged, once.
/// 8. One name may mean several quotas: a rate that was changed in one instance and not yet in another.
///    What was used is then a share of the bucket: whoever has used 60% of it has used 60% under each
///    of the quotas, at the moment at which the other one is asked. Together they admit no more than the
///    largest of them does, and what leases add to it.
/// 9. Keys end by themselves, when their bucket is full. Their names are hashes under a secret: no
///    principal and no address is stored.
///
/// # Deployment
///
/// Let Redis evict nothing (`maxmemory-policy noeviction`): a key that is evicted starts again with a
/// full bucket. A Redis that comes back empty, or a replica that takes over without the last writes,
/// has forgotten what was taken: up to one burst more. One whose clock is set ahead gives the
/// permits of that time; set back, buckets stay as empty as they were, for their time to fill
/// at most.
///
/// In a cluster, all limits that are asked together lie in one slot: that of their group.
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
/// let hourly = shared.limit("POST /orders 1000/h", Quota::new(number(1000), number(3600)));
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

    /// Counts in the server that these Sentinels name. `servers` is the address that all servers have
    /// in common, with the name under which the Sentinels know them instead of the host.
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

    /// Counts in a cluster; `nodes` are some of it, and name the others.
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

    /// A limit, to be made once. `name` tells it from the others, and is the same in all instances.
    ///
    /// Another quota under the same name, in this instance or another one, takes over what was used, as
    /// a share of the burst: see the [rules](Self#the-rules). To count anew, choose another name.
    #[must_use]
    pub fn limit(&self, name: &str, quota: Quota) -> SharedLimit {
        self.0.limit(name, quota)
    }

    /// A limit of an endpoint under some terms; `None` if its time zone is not known.
    pub(crate) fn limit_of(&self, terms: &SharedTerms<'_>) -> Option<SharedLimit> {
        self.0.limit_of(terms)
    }

    /// What tells limits apart that have nothing in common.
    pub(crate) fn new_family(&self) -> u64 {
        self.0.new_number()
    }

    /// Decides one request: all takes, or none.
    ///
    /// `group` is what all limits that are ever asked together have in common, and the same each time
    /// that they are asked: the name of the endpoint, or, where all of them count the same caller,
    /// that caller. In a cluster, a group lies in one slot.
    ///
    /// Must be awaited; whoever stops waiting may have taken permits.
    ///
    /// # Errors
    ///
    /// When Redis is out of reach and [`OnStoreFailure::Deny`] was chosen.
    pub async fn decide(
        &self,
        group: &[u8],
        asks: &[Ask<'_>],
    ) -> Result<Verdict, StoreUnavailable> {
        self.0.decide(group, asks).await
    }

    /// Decides one request without waiting, by permits that are leased; `None` if it takes a trip, by
    /// [`decide`](Self::decide).
    ///
    /// `decide` begins with the same: this is for who would rather not make a future.
    #[must_use]
    pub fn decide_now(&self, group: &[u8], asks: &[Ask<'_>]) -> Option<Verdict> {
        self.0.decide_now(group, asks)
    }

    /// What was done so far.
    #[must_use]
    pub fn statistics(&self) -> SharedStatistics {
        self.0.statistics()
    }
}

/// Neither where Redis is, nor the secret.
impl fmt::Debug for SharedLimits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("SharedLimits");
        shown.field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}
