//! The cache of enriched principals.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::authenticator::{bounded, is_same};
use super::single_flight::{Join, SingleFlight};
use super::{Load, Outcome, Refusal};
use crate::authentication::{ConfigurationError, Faults};
use crate::principal::Principal;
use crate::support::prehashed::KeyedAlready;
use crate::support::time::Moment;

/// Enriched principals, each kept for a while: for [`Enrich::enrich_cached`](super::Enrich::enrich_cached).
///
/// 1. What is kept belongs to one principal of one authenticator, compared with *everything* that the
///    credentials said: two tokens of one subject with different roles are two entries.
/// 2. The authenticator verifies the credentials at each request, and asks its revocations, before
///    anything is looked up here. So an entry never outlives its credentials.
/// 3. An entry ends after the time of the cache, by the clock of the requests, and no later than the
///    enriched principal's own [`expires_at`](Principal::expires_at).
/// 4. Requests that come at once with the same credentials cause one enrichment. It does not end when the
///    client of one of them goes.
/// 5. Refusals are not kept.
/// 6. [`forget_subject`](Self::forget_subject) and [`clear`](Self::clear) take effect at once: the result
///    of an enrichment that began before is not kept.
/// 7. The number of entries is bounded ([`with_capacity`](Self::with_capacity)); those that are used least
///    make room. Their size is the application's.
///
/// Cloning shares it. An authenticator that makes a new principal for each request has a slower look-up
/// than one that keeps its principals, as those of this crate do.
#[derive(Clone)]
pub struct EnrichmentCache(Arc<Inner>);

pub(super) struct Inner {
    table: Table,
    single_flight: SingleFlight,
    keep: Duration,
    capacity: usize,
    secret: ahash::RandomState,
    /// How many authenticators it has served.
    owners: AtomicU64,
}

type Table = Cache<u64, Entry, UnitWeighter, KeyedAlready, DefaultLifecycle<u64, Entry>>;

#[derive(Clone)]
struct Entry {
    owner: u64,
    given: Principal,
    enriched: Principal,
    /// In monotonic nanoseconds.
    until: u64,
}

impl EnrichmentCache {
    const CAPACITY: usize = 10_000;

    /// Keeps up to 10,000 enriched principals, each for this long.
    #[must_use]
    pub fn new(keep: Duration) -> Self {
        Self::with_capacity(keep, Self::CAPACITY)
    }

    /// Keeps up to so many enriched principals, each for this long. Zero of either is a fault at startup.
    #[must_use]
    pub fn with_capacity(keep: Duration, entries: usize) -> Self {
        Self(Arc::new(Inner {
            table: table(entries),
            single_flight: SingleFlight::default(),
            keep,
            capacity: entries,
            secret: ahash::RandomState::new(),
            owners: AtomicU64::new(0),
        }))
    }

    /// Forgets what is kept about this subject, of whichever issuer: the next request with such credentials
    /// is enriched anew.
    pub fn forget_subject(&self, subject: &str) {
        self.forget(|given, enriched| given.subject() == subject || enriched.subject() == subject);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.forget(|_, _| true);
    }

    /// How many enriched principals are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.table.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn forget(&self, is_meant: impl Fn(&Principal, &Principal) -> bool) {
        let Inner { table, single_flight, .. } = &*self.0;
        single_flight.cancel(|| table.retain(|_, entry| !is_meant(&entry.given, &entry.enriched)));
    }

    pub(super) fn faults(&self) -> Faults {
        let checks = [
            (self.0.keep.is_zero(), "`EnrichmentCache` expects a time of more than 0 seconds"),
            (self.0.capacity == 0, "`EnrichmentCache` expects a capacity of at least 1"),
        ];
        let faults = checks.iter().filter(|(is_one, _)| *is_one);
        faults.map(|(_, fault)| ConfigurationError::invalid(*fault)).collect()
    }

    /// The cache as one authenticator uses it.
    pub(super) fn enrichment(self, load: Load, timeout: Duration) -> CachedEnrichment {
        let owner = self.0.owners.fetch_add(1, Ordering::Relaxed);
        CachedEnrichment { cache: self.0, owner, load, timeout }
    }
}

/// A cache of its own, with the default capacity.
impl From<Duration> for EnrichmentCache {
    fn from(keep: Duration) -> Self {
        Self::new(keep)
    }
}

/// The number of entries, without the callers.
impl fmt::Debug for EnrichmentCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EnrichmentCache")
            .field("entries", &self.len())
            .field("capacity", &self.0.capacity)
            .field("keep", &self.0.keep)
            .finish_non_exhaustive()
    }
}

/// The entries of one authenticator, and how they are loaded.
#[derive(Clone)]
pub(super) struct CachedEnrichment {
    cache: Arc<Inner>,
    owner: u64,
    load: Load,
    timeout: Duration,
}

impl CachedEnrichment {
    /// The enriched principal, if it is kept. Allocates nothing.
    #[inline]
    pub(super) fn find(&self, given: &Principal, now: Moment) -> Option<Principal> {
        let key = given.identity(|| self.cache.hash(given));
        let entry = self.cache.table.get(&key)?;
        let is_good = entry.owner == self.owner
            && now.monotonic_nanos() < entry.until
            && is_same(&entry.given, given);
        is_good.then_some(entry.enriched)
    }

    /// The same, loaded if it has to be; joins a load that is running.
    pub(super) async fn enrich(&self, given: Principal, now: Moment) -> Outcome {
        let key = given.identity(|| self.cache.hash(&given));
        let known = || self.find(&given, now);
        let mut receiver = match self.cache.single_flight.join(key, self.owner, &given, known) {
            Join::Cached(enriched) => return Ok(enriched),
            Join::Waiting(receiver) => receiver,
            Join::Started(running, receiver) => {
                let (enrichment, given) = (self.clone(), given.clone());
                let run = async move {
                    let load = Arc::clone(&enrichment.load);
                    let outcome = bounded(enrichment.timeout, given.clone(), |it| load(it)).await;
                    let keep = |enriched: &Principal| enrichment.keep(key, given, enriched, now);
                    running.finish(outcome, keep);
                };
                match tokio::runtime::Handle::try_current() {
                    // A client that disconnects does not cancel what other requests wait for.
                    Ok(runtime) => drop(runtime.spawn(run)),
                    Err(_) => run.await,
                }
                receiver
            }
            Join::Uncached => {
                let load = &self.load;
                return bounded(self.timeout, given, |it| load(it)).await;
            }
        };
        let outcome = receiver.wait_for(Option::is_some).await.ok().and_then(|it| it.clone());
        let lost = || Err(Refusal::unavailable("the enrichment of the caller was not finished"));
        outcome.unwrap_or_else(lost)
    }

    fn keep(&self, key: u64, given: Principal, enriched: &Principal, now: Moment) {
        let start = now.monotonic_nanos();
        let until = start.saturating_add(nanos(self.cache.keep));
        let seconds = enriched
            .expires_at_unix()
            .filter(|_| enriched.expires_at_unix() != given.expires_at_unix());
        let left = seconds.map(|end| Duration::from_secs(end.saturating_sub(now.unix_seconds())));
        let end = left.map_or(u64::MAX, |left| start.saturating_add(nanos(left)));
        let enriched = enriched.clone();
        let entry = Entry { owner: self.owner, given, enriched, until: until.min(end) };
        self.cache.table.insert(key, entry);
    }
}

impl Inner {
    /// Of all that the credentials said. What a hash does not tell apart is compared.
    fn hash(&self, given: &Principal) -> u64 {
        given.hash_with(&self.secret)
    }
}

fn table(entries: usize) -> Table {
    let lifecycle = DefaultLifecycle::default();
    let estimated = entries.min(EnrichmentCache::CAPACITY);
    Cache::with(estimated, entries as u64, UnitWeighter, KeyedAlready, lifecycle)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
