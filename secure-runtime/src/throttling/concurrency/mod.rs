//! How many requests are being served at this moment, by key, and who waits for one of them to end.
//!
//! 1. A key stands in a table while a request of it is being served, and no longer: the memory is
//!    bounded by the connections of the server. The count is exact: a key's place is locked for the
//!    length of an addition.
//! 2. Whoever may wait stands in the key's queue, in the order of arrival. A place that becomes free
//!    belongs to the oldest of them from that moment on, whether or not it has noticed: nobody who
//!    comes later can take it, and the count stays as it is.
//! 3. A queue has as many places as its limit says. Whoever is dropped leaves its place; if it has
//!    been given what it waited for, the next one gets it.
//! 4. Nobody is woken under a lock, and no waker is dropped there. Wakers work from any thread.
//! 5. How many may be served and wait can change at any time ([`InFlight::change`]): nobody who is being
//!    served is counted less for it, and nobody overtakes who waits.

mod bounds;
#[cfg(not(loom))]
mod statistics;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::Waker;

#[cfg(loom)]
use loom::sync::Mutex;
#[cfg(not(loom))]
use std::sync::Mutex;

use super::rate::limiter::LimitKey;
use crate::support::prehashed::KeyedAlready;

pub(crate) use bounds::Bound;
use bounds::LiveBound;
#[cfg(not(loom))]
pub(crate) use statistics::InFlightNow;

/// Enough that requests of different keys hardly ever meet.
#[cfg(not(loom))]
const SHARDS: usize = 64;
#[cfg(loom)]
const SHARDS: usize = 1;

/// The requests that are being served, and those that wait for it.
#[derive(Debug)]
pub(crate) struct InFlight {
    shards: Box<[Mutex<Shard>; SHARDS]>,
    /// What holds at this moment, by the number of the limit.
    bounds: Box<[LiveBound]>,
    /// What became of requests that were not served at once, by the number of the limit.
    totals: Box<[Totals]>,
}

#[derive(Debug, Default)]
struct Shard {
    keys: HashMap<LimitKey, Key, KeyedAlready>,
    /// Apart, as there is hardly ever one: what is added and taken away all the time is small.
    queues: HashMap<LimitKey, Queue, KeyedAlready>,
    /// Never the same for two that wait, so that nobody takes another one's place for its own.
    next_ticket: u64,
}

/// What is known of a key while a request of it is being served.
#[derive(Debug)]
struct Key {
    /// The number of its limit.
    limit: u32,
    /// Those that are being served, and those that were given a place and have not noticed yet.
    served: u32,
}

/// Those that wait, by ticket: the oldest first. Never empty.
type Queue = BTreeMap<u64, Waker>;

/// Since the program was built.
#[derive(Debug, Default)]
struct Totals {
    queued: AtomicU64,
    refused: AtomicU64,
    expired: AtomicU64,
    left: AtomicU64,
    observed: AtomicU64,
}

/// What a request is told.
#[derive(Debug)]
#[must_use = "what is dropped is served no longer"]
pub(crate) enum Entered {
    /// It is being served.
    Served(Permit),
    /// It waits, and is woken once it may be served.
    Queued(Waiter),
    /// As many are served and wait as may be.
    Refused,
}

/// One request that is being served, until this is dropped: however it ends.
#[derive(Debug)]
#[must_use = "what is dropped is served no longer"]
pub(crate) struct Permit {
    all: Arc<InFlight>,
    key: LimitKey,
}

/// One request that waits, until this is dropped.
#[derive(Debug)]
#[must_use = "what is dropped waits no longer"]
pub(crate) struct Waiter {
    all: Arc<InFlight>,
    key: LimitKey,
    limit: u32,
    ticket: u64,
    /// Whether it has got its permit, or given up.
    is_over: bool,
}

impl InFlight {
    /// For limits numbered from zero.
    pub(crate) fn new(bounds: &[Bound]) -> Arc<Self> {
        let shards = Box::new(std::array::from_fn(|_| Mutex::new(Shard::default())));
        let totals = bounds.iter().map(|_| Totals::default()).collect();
        let bounds = bounds.iter().copied().map(LiveBound::new).collect();
        Arc::new(Self { shards, bounds, totals })
    }

    /// One request more of this key, if it may be served at once: what most requests come to. `limit` is
    /// the number of its limit.
    #[inline]
    pub(crate) fn try_enter(self: &Arc<Self>, key: LimitKey, limit: u32) -> Option<Permit> {
        let is_served = self.with(key, |shard| shard.enter(key, limit, self.most(limit)));
        is_served.unwrap_or_default().then(|| Permit { all: Arc::clone(self), key })
    }

    /// One request more of this key. If as many are served as may be it waits, where there is a place to
    /// do so, and `waker` tells it when to ask again.
    pub(crate) fn enter(self: &Arc<Self>, key: LimitKey, limit: u32, waker: &Waker) -> Entered {
        let entered = self.with(key, |shard| {
            if shard.enter(key, limit, self.most(limit)) {
                return Some(None);
            }
            if shard.queues.get(&key).map_or(0, Queue::len) >= self.places(limit) as usize {
                return None;
            }
            let ticket = shard.next_ticket;
            shard.next_ticket = ticket.wrapping_add(1);
            shard.queues.entry(key).or_default().insert(ticket, waker.clone());
            Some(Some(ticket))
        });
        match entered.flatten() {
            Some(None) => Entered::Served(Permit { all: Arc::clone(self), key }),
            Some(Some(ticket)) => {
                self.count(limit, |totals| &totals.queued);
                let all = Arc::clone(self);
                Entered::Queued(Waiter { all, key, limit, ticket, is_over: false })
            }
            None => {
                self.count(limit, |totals| &totals.refused);
                Entered::Refused
            }
        }
    }

    /// One request more of this key, although as many may be served already: the limit is observed.
    pub(crate) fn enter_observed(self: &Arc<Self>, key: LimitKey, limit: u32) -> (Permit, bool) {
        let is_beyond = self.with(key, |shard| {
            let of_key = shard.keys.entry(key).or_insert(Key { limit, served: 0 });
            of_key.served = of_key.served.saturating_add(1);
            of_key.served > self.most(limit)
        });
        let is_beyond = is_beyond.unwrap_or_default();
        if is_beyond {
            self.count(limit, |totals| &totals.observed);
        }
        (Permit { all: Arc::clone(self), key }, is_beyond)
    }

    /// A request of this key is served no longer: the oldest that waits is, or one fewer. Where more are
    /// served than may be, as the limit was observed or another one, it is one fewer in any case.
    fn leave(&self, key: LimitKey) {
        let next = self.with(key, |shard| {
            if !shard.queues.is_empty()
                && let Some(next) = shard.next(key, |limit| self.most(limit))
            {
                return Some(next);
            }
            shard.leave(key);
            None
        });
        if let Some(waker) = next.flatten() {
            waker.wake();
        }
    }

    /// Takes somebody out of the queue; `None` if they had been given what they waited for.
    fn remove(&self, key: LimitKey, ticket: u64) -> Option<Waker> {
        self.with(key, |shard| shard.of_queue(key, |queue| queue.remove(&ticket))).flatten()
    }

    fn count(&self, limit: u32, total: impl Fn(&Totals) -> &AtomicU64) {
        if let Some(totals) = self.totals.get(limit as usize) {
            total(totals).fetch_add(1, Ordering::Relaxed);
        }
    }

    #[inline(always)]
    fn with<T>(&self, key: LimitKey, work: impl FnOnce(&mut Shard) -> T) -> Option<T> {
        let place = key.bits() as usize % SHARDS;
        // Whoever panicked here left whole counts.
        let shard = self.shards.get(place)?;
        Some(work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// How many keys are known.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().keys.len()).sum()
    }
}

impl Shard {
    /// One more is served, if so few are. Who waits beside a free place is about to be given it.
    #[inline]
    fn enter(&mut self, key: LimitKey, limit: u32, most: u32) -> bool {
        let of_key = self.keys.entry(key).or_insert(Key { limit, served: 0 });
        let is_served =
            of_key.served < most && (self.queues.is_empty() || !self.queues.contains_key(&key));
        of_key.served += u32::from(is_served);
        is_served
    }

    /// One fewer is served.
    #[inline]
    fn leave(&mut self, key: LimitKey) {
        if let Entry::Occupied(mut of_key) = self.keys.entry(key) {
            let served = &mut of_key.get_mut().served;
            *served = served.saturating_sub(1);
            if *served == 0 {
                of_key.remove();
            }
        }
    }

    /// The oldest that waits, unless more are served than may be.
    #[cold]
    #[inline(never)]
    fn next(&mut self, key: LimitKey, most: impl Fn(u32) -> u32) -> Option<Waker> {
        let of_key = self.keys.get(&key)?;
        if of_key.served > most(of_key.limit) {
            return None;
        }
        self.of_queue(key, Queue::pop_first).map(|(_, waker)| waker)
    }

    /// Takes somebody out of a queue, which is forgotten when it is empty.
    fn of_queue<T>(
        &mut self,
        key: LimitKey,
        take: impl FnOnce(&mut Queue) -> Option<T>,
    ) -> Option<T> {
        let Entry::Occupied(mut queue) = self.queues.entry(key) else { return None };
        let taken = take(queue.get_mut());
        if queue.get().is_empty() {
            queue.remove();
        }
        taken
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.all.leave(self.key);
    }
}

impl Waiter {
    /// The permit, once there is one. Until then `waker` is woken for it.
    pub(crate) fn poll(&mut self, waker: &Waker) -> Option<Permit> {
        let waits = self.all.with(self.key, |shard| {
            let kept = shard.queues.get_mut(&self.key)?.get_mut(&self.ticket)?;
            let is_same = kept.will_wake(waker);
            // What is dropped might leave a place of its own, and is dropped without the lock.
            Some((!is_same).then(|| std::mem::replace(kept, waker.clone())))
        });
        if waits.flatten().is_some() { None } else { self.permit() }
    }

    /// It has waited long enough: the permit, if it came at the last moment.
    pub(crate) fn expire(&mut self) -> Option<Permit> {
        if self.all.remove(self.key, self.ticket).is_none() {
            return self.permit();
        }
        self.is_over = true;
        self.all.count(self.limit, |totals| &totals.expired);
        self.all.count(self.limit, |totals| &totals.refused);
        None
    }

    /// What it was given, once.
    fn permit(&mut self) -> Option<Permit> {
        let is_over = std::mem::replace(&mut self.is_over, true);
        (!is_over).then(|| Permit { all: Arc::clone(&self.all), key: self.key })
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.all.count(self.limit, |totals| &totals.left);
        if self.all.remove(self.key, self.ticket).is_none() {
            self.all.leave(self.key);
        }
    }
}
