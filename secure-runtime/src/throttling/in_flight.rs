//! How many requests are being served at this moment, by key.
//!
//! A key stands in a table while a request of it is being served, and no longer: the memory is bounded
//! by the connections of the server. The count is exact: a key's place is locked for the length of an
//! addition.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use super::limiter::LimitKey;
use crate::keyed::KeyedAlready;

/// Enough that requests of different keys hardly ever meet.
const SHARDS: usize = 64;

type Shard = HashMap<LimitKey, u32, KeyedAlready>;

/// The requests that are being served.
#[derive(Debug)]
pub(crate) struct InFlight {
    shards: Box<[Mutex<Shard>]>,
}

/// One request that is being served, until this is dropped: however it ends.
#[derive(Debug)]
#[must_use = "what is dropped is served no longer"]
pub(crate) struct Permit {
    all: Arc<InFlight>,
    key: LimitKey,
}

impl InFlight {
    pub(crate) fn new() -> Arc<Self> {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Arc::new(Self { shards })
    }

    /// One request more of this key; `None` if as many as `most` are being served.
    pub(crate) fn enter(self: &Arc<Self>, key: LimitKey, most: u32) -> Option<Permit> {
        let is_admitted = self.with(key, |shard| {
            let count = shard.entry(key).or_insert(0);
            let is_admitted = *count < most;
            *count += u32::from(is_admitted);
            is_admitted
        });
        is_admitted.unwrap_or_default().then(|| Permit { all: Arc::clone(self), key })
    }

    fn leave(&self, key: LimitKey) {
        self.with(key, |shard| {
            if let Entry::Occupied(mut count) = shard.entry(key) {
                *count.get_mut() = count.get().saturating_sub(1);
                if *count.get() == 0 {
                    count.remove();
                }
            }
        });
    }

    fn with<T>(&self, key: LimitKey, work: impl FnOnce(&mut Shard) -> T) -> Option<T> {
        let place = key.bits() as usize % self.shards.len().max(1);
        // Whoever panicked here left whole counts.
        let shard = self.shards.get(place)?;
        Some(work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    #[cfg(test)]
    fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.all.leave(self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::super::limiter::Limiter;
    use super::*;

    #[test]
    fn a_key_is_served_as_often_as_it_may_be_and_forgotten_afterwards() {
        let (all, hasher) = (InFlight::new(), Limiter::with_capacity_bytes(0));
        let (alice, bob) = (hasher.key(0, "alice"), hasher.key(0, "bob"));
        let first = all.enter(alice, 2);
        let second = all.enter(alice, 2);
        assert!(first.is_some() && second.is_some() && all.enter(alice, 2).is_none());
        let other = all.enter(bob, 1);
        assert!(other.is_some() && all.enter(bob, 1).is_none());
        drop(first);
        let third = all.enter(alice, 2);
        assert!(third.is_some() && all.enter(alice, 2).is_none());
        assert_eq!(all.keys(), 2);
        drop((second, third, other));
        assert_eq!(all.keys(), 0);
    }

    #[test]
    fn of_parallel_requests_never_more_than_may_be_are_served() {
        let (all, hasher) = (InFlight::new(), Limiter::with_capacity_bytes(0));
        let key = hasher.key(0, "hot");
        let served = std::sync::atomic::AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let Some(permit) = all.enter(key, 3) else { continue };
                        let now = served.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                        assert!(now <= 3, "{now} at once");
                        served.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(all.keys(), 0);
    }
}
