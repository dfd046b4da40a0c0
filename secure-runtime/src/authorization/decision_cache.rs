//! The cache of decisions of the application's own policy.
//!
//! 1. An entry is found again by everything that the policy was told: the endpoint and its action, the
//!    method, the path, and all that is known of the caller. The hash only finds the candidate.
//! 2. It lives as long as the builder says, by the pipeline's clock, counted from the moment at which the
//!    request entered that asked.
//! 3. What a question under way finds out does not count after [`DecisionCache::clear`] and
//!    [`DecisionCache::forget_subject`]: a version is noted before it is asked and compared under the lock
//!    that inserts.
//! 4. Memory is bounded: so many entries, and none of a path beyond a kilobyte.
//! 5. Answers that hang on headers or the query, and errors, are not kept.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::UnitWeighter;
use quick_cache::unsync::Cache;

use super::access_request::AccessDecision;
use crate::principal::Principal;
use crate::support::prehashed::KeyedAlready;
use crate::support::time::Moment;

pub(crate) struct DecisionCache {
    lifetime_nanos: u64,
    shards: Box<[Mutex<Shard>]>,
    secret: ahash::RandomState,
    version: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

type Shard = Cache<u64, Entry, UnitWeighter, KeyedAlready>;

/// What is asked again.
#[derive(Clone, Copy)]
pub(crate) struct Probe<'a> {
    /// The endpoint's place in the inventory.
    pub(crate) endpoint: usize,
    /// The place of the action among the endpoint's.
    pub(crate) action: usize,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) caller: Option<&'a Principal>,
}

struct Entry {
    endpoint: usize,
    action: usize,
    method: Box<str>,
    path: Box<str>,
    caller: Option<Principal>,
    decision: AccessDecision,
    until_nanos: u64,
}

/// What was decided before a question was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version(u64);

/// How a cache of decisions does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecisionStatistics {
    /// How many requests had an answer that was remembered.
    pub hits: u64,
    /// How many asked.
    pub misses: u64,
    /// How many answers are remembered, those that have ended and were not asked for since among them.
    pub entries: usize,
}

impl DecisionCache {
    /// Of at most so many answers.
    pub(crate) fn new(lifetime: Duration, capacity: usize) -> Self {
        let shards = if capacity < 1024 { 1 } else { 16 };
        let items = capacity / shards;
        let shard = || {
            let cache = Cache::with(
                items,
                items as u64,
                UnitWeighter,
                KeyedAlready,
                quick_cache::unsync::DefaultLifecycle::default(),
            );
            Mutex::new(cache)
        };
        Self {
            lifetime_nanos: u64::try_from(lifetime.as_nanos()).unwrap_or(u64::MAX),
            shards: std::iter::repeat_with(shard).take(shards).collect(),
            secret: ahash::RandomState::new(),
            version: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// What was decided; else the version that [`keep`](Self::keep) wants to know.
    pub(crate) fn look(&self, probe: Probe<'_>, now: Moment) -> Result<AccessDecision, Version> {
        // Before the look: what is forgotten in between is asked for again.
        let version = self.version();
        let hash = self.hash(probe);
        let found = self.shard(hash).and_then(|shard| {
            let entry = shard.get(&hash)?;
            let is_known = entry.is_for(probe) && now.monotonic_nanos() < entry.until_nanos;
            is_known.then(|| entry.decision.clone())
        });
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found.ok_or(version)
    }

    /// Keeps an answer, unless something was forgotten since it was asked for.
    pub(crate) fn keep(
        &self,
        version: Version,
        probe: Probe<'_>,
        decision: AccessDecision,
        asked_at: Moment,
    ) {
        if probe.path.len() > MOST_BYTES_OF_A_PATH {
            return;
        }
        let hash = self.hash(probe);
        let entry = Entry {
            endpoint: probe.endpoint,
            action: probe.action,
            method: probe.method.into(),
            path: probe.path.into(),
            caller: probe.caller.cloned(),
            decision,
            until_nanos: asked_at.monotonic_nanos().saturating_add(self.lifetime_nanos),
        };
        let Some(mut shard) = self.shard(hash) else { return };
        if self.version() == version {
            shard.insert(hash, entry);
        }
    }

    pub(crate) fn clear(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
        self.each(|shard| shard.clear());
    }

    /// Forgets what was decided about callers with this subject, of all issuers.
    pub(crate) fn forget_subject(&self, subject: &str) {
        self.version.fetch_add(1, Ordering::SeqCst);
        let is_another =
            |entry: &Entry| entry.caller.as_ref().is_none_or(|caller| caller.subject() != subject);
        self.each(|shard| shard.retain(|_, entry| is_another(entry)));
    }

    pub(crate) fn statistics(&self) -> DecisionStatistics {
        let mut entries = 0;
        self.each(|shard| entries += shard.len());
        DecisionStatistics {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            entries,
        }
    }

    /// Changed before anything is dropped, and read under the lock that inserts: an answer of the old
    /// version either is there when its shard is emptied, or does not come in.
    fn version(&self) -> Version {
        Version(self.version.load(Ordering::SeqCst))
    }

    fn hash(&self, probe: Probe<'_>) -> u64 {
        let Probe { endpoint, action, method, path, caller } = probe;
        let mut hasher = self.secret.build_hasher();
        (endpoint, action, method, path).hash(&mut hasher);
        if let Some(caller) = caller {
            caller.hash_marks(&mut hasher);
        }
        hasher.finish()
    }

    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Shard>> {
        let count = self.shards.len() as u64;
        // The lower bits are those by which a table finds its slots.
        let place = usize::try_from((hash >> 48).checked_rem(count)?).ok()?;
        self.shards.get(place).map(lock)
    }

    fn each(&self, mut act: impl FnMut(&mut Shard)) {
        self.shards.iter().for_each(|shard| act(&mut lock(shard)));
    }
}

/// A path in the cache is the client's choice.
const MOST_BYTES_OF_A_PATH: usize = 1024;

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Entry {
    fn is_for(&self, probe: Probe<'_>) -> bool {
        let is_caller = match (&self.caller, probe.caller) {
            (None, None) => true,
            (Some(known), Some(caller)) => known.is_indistinguishable_from(caller),
            _ => false,
        };
        is_caller
            && (self.endpoint, self.action) == (probe.endpoint, probe.action)
            && (&*self.method, &*self.path) == (probe.method, probe.path)
    }
}
