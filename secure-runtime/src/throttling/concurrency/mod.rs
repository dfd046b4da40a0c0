//! Concurrency limits: the requests in flight by key, and the queues of requests that wait for a free slot.
//!
//! 1. A key is in the table only while a request of it is in flight, so memory is bounded by the connections
//!    of the server. The count is exact: the entry of a key is locked for the length of an addition.
//! 2. A request that may wait is in the key's queue, in the order of arrival. A slot that becomes free
//!    belongs to the oldest queued request from that moment on, even before that request is polled: no later
//!    request can take it, and the count is unchanged.
//! 3. The limit defines the size of its queue. A dropped request leaves its place in the queue. If it had
//!    already been given a slot, the next request gets it.
//! 4. No waker is called or dropped under a lock. Wakers work from any thread.
//! 5. The bounds can change at any time ([`InFlight::change`]): requests in flight still count, and no
//!    request overtakes a queued one.

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

/// Enough that requests of different keys rarely contend.
#[cfg(not(loom))]
const SHARDS: usize = 64;
#[cfg(loom)]
const SHARDS: usize = 1;

/// The requests in flight, and the queued ones.
#[derive(Debug)]
pub(crate) struct InFlight {
    shards: Box<[Mutex<Shard>; SHARDS]>,
    /// The current bounds, by the number of the limit.
    bounds: Box<[LiveBound]>,
    /// Counts of requests that were not served at once, by the number of the limit.
    totals: Box<[Totals]>,
}

#[derive(Debug, Default)]
struct Shard {
    keys: HashMap<LimitKey, Key, KeyedAlready>,
    /// Boxed, because queues are rare and entries are added and removed all the time: they stay small.
    queues: HashMap<LimitKey, Queue, KeyedAlready>,
    /// Unique among queued requests, so that none takes the place of another.
    next_ticket: u64,
}

/// The state of a key while a request of it is in flight.
#[derive(Debug)]
struct Key {
    /// The number of its limit.
    limit: u32,
    /// The requests in flight, including those that were given a slot and have not been polled since.
    served: u32,
}

/// The queued requests by ticket, the oldest first. Never empty.
type Queue = BTreeMap<u64, Waker>;

/// Counts since the program started.
#[derive(Debug, Default)]
struct Totals {
    queued: AtomicU64,
    refused: AtomicU64,
    expired: AtomicU64,
    left: AtomicU64,
    observed: AtomicU64,
}

/// The result of entering.
#[derive(Debug)]
#[must_use = "what is dropped is served no longer"]
pub(crate) enum Entered {
    /// The request has a slot.
    Served(Permit),
    /// The request is queued, and is woken once it has a slot.
    Queued(Waiter),
    /// The limit and the queue are full.
    Refused,
}

/// The slot of one request in flight, until it is dropped.
#[derive(Debug)]
#[must_use = "what is dropped is served no longer"]
pub(crate) struct Permit {
    all: Arc<InFlight>,
    key: LimitKey,
}

/// The place of one queued request, until it is dropped.
#[derive(Debug)]
#[must_use = "what is dropped waits no longer"]
pub(crate) struct Waiter {
    all: Arc<InFlight>,
    key: LimitKey,
    limit: u32,
    ticket: u64,
    /// Whether it has its permit, or has given up.
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

    /// Takes a slot if one is free, as for most requests. `limit` is the number of the limit.
    #[inline]
    pub(crate) fn try_enter(self: &Arc<Self>, key: LimitKey, limit: u32) -> Option<Permit> {
        let is_served = self.with(key, |shard| shard.enter(key, limit, self.most(limit)));
        is_served.unwrap_or_default().then(|| Permit { all: Arc::clone(self), key })
    }

    /// Takes a slot. If none is free, the request is queued, if the queue has room, and `waker` is called
    /// when it should be polled again.
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

    /// Takes a slot even if none is free: the limit is in shadow mode.
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

    /// Releases a slot of this key: the oldest queued request gets it, or the count decreases. If more
    /// requests are in flight than the bound allows (after shadow mode, or after a change), the count
    /// decreases in any case.
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

    /// Removes a request from the queue; `None` if it had been given a slot.
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
        // A panic cannot leave partial counts.
        let shard = self.shards.get(place)?;
        Some(work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The number of keys in the table.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().keys.len()).sum()
    }
}

impl Shard {
    /// Takes a slot if one is free. A request queued beside a free slot is about to be given it.
    #[inline]
    fn enter(&mut self, key: LimitKey, limit: u32, most: u32) -> bool {
        let of_key = self.keys.entry(key).or_insert(Key { limit, served: 0 });
        let is_served =
            of_key.served < most && (self.queues.is_empty() || !self.queues.contains_key(&key));
        of_key.served += u32::from(is_served);
        is_served
    }

    /// Decreases the count.
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

    /// Removes the oldest queued request, unless more are in flight than the bound allows.
    #[cold]
    #[inline(never)]
    fn next(&mut self, key: LimitKey, most: impl Fn(u32) -> u32) -> Option<Waker> {
        let of_key = self.keys.get(&key)?;
        if of_key.served > most(of_key.limit) {
            return None;
        }
        self.of_queue(key, Queue::pop_first).map(|(_, waker)| waker)
    }

    /// Removes a request from a queue, and an empty queue from its key.
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
            // A dropped waker may release a slot itself, so it is dropped without the lock.
            Some((!is_same).then(|| std::mem::replace(kept, waker.clone())))
        });
        if waits.flatten().is_some() { None } else { self.permit() }
    }

    /// Ends the wait: the permit, if it came at the last moment.
    pub(crate) fn expire(&mut self) -> Option<Permit> {
        if self.all.remove(self.key, self.ticket).is_none() {
            return self.permit();
        }
        self.is_over = true;
        self.all.count(self.limit, |totals| &totals.expired);
        self.all.count(self.limit, |totals| &totals.refused);
        None
    }

    /// The slot that it was given, once.
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
