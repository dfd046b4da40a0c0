//! Shared limits, which several instances count together, compiled for the request path.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::limits::{PlannedLimit, leaked};
use super::live_limit::Given;
use crate::policy::{CalendarPeriod, Cost, Endpoint, Limit};
use crate::throttling::{Generations, Quota, SharedLimit, SharedLimits, SharedTerms};

/// One limit with its counts in the store.
pub(crate) struct PlannedShared {
    pub(crate) planned: PlannedLimit,
    /// Lives as long as the program, like the endpoint.
    pub(crate) counts: &'static LiveShared,
    identity: Identity,
    registry: Arc<Registry>,
}

/// The counts under the terms of the startup, and under those that the limit got since.
pub(crate) struct LiveShared {
    launch: &'static SharedLimit,
    given: Given<&'static SharedLimit>,
    generations: &'static Generations,
}

/// The store of shared limits.
#[derive(Clone)]
pub(crate) struct Sharing {
    pub(crate) store: SharedLimits,
    /// Whether all limits that are decided together have the same key.
    counts_are_alike: bool,
}

/// Compiles the shared limits of all endpoints.
pub(crate) struct SharedPlanner {
    sharing: Sharing,
    registry: Arc<Registry>,
}

/// The registry of limits: limits that count together are one.
struct Registry {
    store: SharedLimits,
    known: Mutex<Vec<Known>>,
}

struct Known {
    name: String,
    quota: Quota,
    family: u64,
    /// The refill time of the largest bucket that counts together with it.
    largest: Arc<AtomicU64>,
    counts: &'static SharedLimit,
}

/// The constant parts of a limit.
struct Identity {
    /// The same in all instances.
    name: String,
    is_shared_rate: bool,
    period: Option<CalendarPeriod>,
}

impl PlannedShared {
    /// Adds the counts of terms at an index. The caller holds off other changes.
    pub(crate) fn give(&self, place: u32, quota: Quota) {
        if let Some(counts) = self.registry.counts(&self.identity, quota) {
            self.counts.given.put(place, counts);
        }
    }
}

impl LiveShared {
    /// The index of the current terms, and the counts under them.
    #[inline]
    pub(crate) fn now(&self) -> (u32, &'static SharedLimit) {
        match self.generations.place() {
            0 => (0, self.launch),
            place => (place, self.given.at(place).copied().unwrap_or(self.launch)),
        }
    }
}

impl Sharing {
    /// The group that a cluster keeps in one slot: the limits of one caller; or all limits, if limits with
    /// different keys are decided together.
    pub(crate) fn group<'a>(&self, whom: &'a [u8]) -> &'a [u8] {
        if self.counts_are_alike { whom } else { &[] }
    }
}

impl SharedPlanner {
    pub(crate) fn new(store: SharedLimits) -> Self {
        let registry = Registry { store: store.clone(), known: Mutex::default() };
        let sharing = Sharing { store, counts_are_alike: true };
        Self { sharing, registry: Arc::new(registry) }
    }

    pub(crate) fn finish(self) -> Sharing {
        self.sharing
    }

    /// The limit with its counts; without them if its time zone is unknown, which is a configuration error.
    pub(crate) fn plan(
        &self,
        endpoint: &'static Endpoint,
        planned: PlannedLimit,
    ) -> Result<PlannedShared, PlannedLimit> {
        let limit = planned.limit;
        let identity = Identity {
            name: name(endpoint, planned.position, limit),
            is_shared_rate: limit.shared.is_some(),
            period: limit.period,
        };
        let Some(launch) = self.registry.counts(&identity, limit.quota) else {
            return Err(planned);
        };
        let generations = planned.live.generations;
        let counts = leaked(LiveShared { launch, given: Given::new(), generations });
        Ok(PlannedShared { planned, counts, identity, registry: Arc::clone(&self.registry) })
    }

    /// Records which limits are decided together: those of each stage, and of all stages those whose cost
    /// depends on the arguments.
    pub(crate) fn note(&mut self, stages: &[Vec<PlannedShared>]) {
        let is_late = |it: &&PlannedShared| matches!(it.planned.limit.cost, Cost::Arguments(_));
        let are_alike = |limits: &[&PlannedShared]| {
            let mut pairs = limits.iter().zip(limits.iter().skip(1));
            pairs.all(|(one, next)| one.planned.limit.by == next.planned.limit.by)
        };
        let late: Vec<_> = stages.iter().flatten().filter(is_late).collect();
        let stages_are_alike = stages.iter().all(|it| are_alike(&it.iter().collect::<Vec<_>>()));
        self.sharing.counts_are_alike &= stages_are_alike && are_alike(&late);
    }
}

impl Registry {
    /// `None` if the time zone is unknown.
    fn counts(&self, identity: &Identity, quota: Quota) -> Option<&'static SharedLimit> {
        let Identity { name, is_shared_rate, period } = identity;
        // A panic cannot leave partial changes under this lock.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut same = known.iter().filter(|known| known.name == *name);
        if let Some(known) = same.clone().find(|known| known.quota == quota) {
            return Some(known.counts);
        }
        let (family, largest) = match same.next() {
            Some(known) => (known.family, Arc::clone(&known.largest)),
            None => (self.store.new_family(), Arc::default()),
        };
        largest.fetch_max(quota.burst_tolerance_ns(), Ordering::Relaxed);
        let counts = leaked(self.store.limit_of(&SharedTerms {
            family,
            name,
            quota,
            is_share_of_window: *is_shared_rate,
            period: period.map(|it| (it.period, it.zone)),
            largest: &largest,
        })?);
        known.push(Known { name: name.clone(), quota, family, largest, counts });
        Some(counts)
    }
}

/// The name of a limit, the same in all instances and under all terms: the name and window of a shared rate,
/// else the endpoint and the position of the limit there.
fn name(endpoint: &Endpoint, position: usize, limit: &Limit) -> String {
    let name = match limit.shared {
        Some(name) => format!("rate {name} {}", limit.quota.window_seconds()),
        None => format!("endpoint {}::{} {position}", endpoint.module, endpoint.name),
    };
    match limit.period {
        // Counts of one period are meaningless in another.
        Some(CalendarPeriod { period, zone }) => format!("{name} {} {zone}", period.name()),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_that_share_a_rate_know_the_largest_bucket_of_it() {
        let store = SharedLimits::redis("redis://127.0.0.1:1/").build().unwrap();
        let registry = Registry { store, known: Mutex::default() };
        let count = |name: &str, burst: u32| {
            let number = |number: u32| number.try_into().unwrap();
            let quota = Quota::new(number(5), number(60)).with_burst(number(burst));
            let identity = Identity { name: name.to_owned(), is_shared_rate: true, period: None };
            registry.counts(&identity, quota).unwrap().largest_bucket_ns()
        };
        assert_eq!(count("login", 5), 60_000_000_000);
        assert_eq!(count("login", 20), 240_000_000_000);
        assert_eq!(count("login", 5), 240_000_000_000, "known to those that were there before");
        assert_eq!(count("search", 5), 60_000_000_000);
    }
}
