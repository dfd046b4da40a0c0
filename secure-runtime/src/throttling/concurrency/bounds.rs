//! The sizes of concurrency limits and of their queues, which may change while requests are in flight.
//!
//! A change is written first, and then applied to the shards one after the other. Bounds are read only under
//! the lock of a shard: a request that locks a shard after the change was applied to it sees the change, and
//! a request that locked it before is seen by the change. So no request waits while a slot is free.

use std::num::NonZeroU32;
use std::sync::PoisonError;
use std::task::Waker;
use std::time::Duration;

#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{InFlight, Shard};

/// The largest number of requests of a key in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) most: NonZeroU32,
    /// The number of places in the queue.
    pub(crate) places: u32,
    /// The longest wait of one request.
    pub(crate) wait: Duration,
}

/// The current bound of one limit.
#[derive(Debug)]
pub(super) struct LiveBound {
    most: AtomicU32,
    places: AtomicU32,
    wait_nanos: AtomicU64,
}

impl LiveBound {
    pub(super) fn new(bound: Bound) -> Self {
        let Bound { most, places, wait } = bound;
        Self {
            most: AtomicU32::new(most.get()),
            places: AtomicU32::new(places),
            wait_nanos: AtomicU64::new(nanos(wait)),
        }
    }

    fn set(&self, bound: Bound) {
        let Bound { most, places, wait } = bound;
        self.most.store(most.get(), Ordering::Relaxed);
        self.places.store(places, Ordering::Relaxed);
        self.wait_nanos.store(nanos(wait), Ordering::Relaxed);
    }
}

fn nanos(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)
}

impl InFlight {
    /// The largest number of requests of a key in flight; zero for an unknown limit.
    #[inline]
    pub(super) fn most(&self, limit: u32) -> u32 {
        self.bounds.get(limit as usize).map_or(0, |bound| bound.most.load(Ordering::Relaxed))
    }

    pub(super) fn places(&self, limit: u32) -> u32 {
        self.bounds.get(limit as usize).map_or(0, |bound| bound.places.load(Ordering::Relaxed))
    }

    /// The bound of a limit.
    pub(crate) fn bound(&self, limit: u32) -> Bound {
        let live = self.bounds.get(limit as usize);
        let wait = live.map_or(0, |live| live.wait_nanos.load(Ordering::Relaxed));
        Bound {
            most: NonZeroU32::new(self.most(limit)).unwrap_or(NonZeroU32::MIN),
            places: self.places(limit),
            wait: Duration::from_nanos(wait),
        }
    }

    /// Changes the bound of a limit. The caller holds off other changes.
    ///
    /// If the bound is lowered, requests in flight are served to the end, and queued requests stay queued. If
    /// it is raised, the oldest queued requests get the new slots.
    pub(crate) fn change(&self, limit: u32, bound: Bound) {
        if let Some(live) = self.bounds.get(limit as usize) {
            live.set(bound);
            self.serve_up_to(limit, bound.most.get());
        }
    }

    /// Admits all requests queued for a limit, which is in shadow mode from now on.
    pub(crate) fn serve_waiting(&self, limit: u32) {
        self.serve_up_to(limit, u32::MAX);
    }

    fn serve_up_to(&self, limit: u32, most: u32) {
        for shard in self.shards.iter() {
            let mut wakers = Vec::new();
            shard.lock().unwrap_or_else(PoisonError::into_inner).serve(limit, most, &mut wakers);
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

impl Shard {
    /// Admits the oldest requests queued for a limit, up to this number of requests of a key.
    fn serve(&mut self, limit: u32, most: u32, wakers: &mut Vec<Waker>) {
        let Self { keys, queues, .. } = self;
        for (key, of_key) in keys.iter_mut().filter(|(_, of_key)| of_key.limit == limit) {
            let Some(queue) = queues.get_mut(key) else { continue };
            while of_key.served < most
                && let Some((_, waker)) = queue.pop_first()
            {
                of_key.served += 1;
                wakers.push(waker);
            }
            if queue.is_empty() {
                queues.remove(key);
            }
        }
    }
}
