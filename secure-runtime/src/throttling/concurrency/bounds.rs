//! How many requests of a key are served at once and wait, which may change while they are.
//!
//! A change is written first, and then the shards are looked at one after the other. Bounds are read
//! under the lock of a shard alone: whoever comes to one after the change has looked at it sees the
//! change, and whoever was there before is seen by it. So nobody waits beside a place that is free.

use std::num::NonZeroU32;
use std::sync::PoisonError;
use std::task::Waker;
use std::time::Duration;

#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{InFlight, Shard};

/// How many requests of a key at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) most: NonZeroU32,
    /// How many may wait beside them.
    pub(crate) places: u32,
    /// How long one of them waits at most.
    pub(crate) wait: Duration,
}

/// The bound of one limit, as it is now.
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
    /// How many of a key are served; none under a limit that there is not.
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

    /// Gives a limit another bound; whoever calls it holds off other changes.
    ///
    /// Whoever is being served is served to the end, and whoever waits goes on waiting, where fewer may
    /// be from now on. Where more may be served, the oldest that wait are.
    pub(crate) fn change(&self, limit: u32, bound: Bound) {
        if let Some(live) = self.bounds.get(limit as usize) {
            live.set(bound);
            self.serve_up_to(limit, bound.most.get());
        }
    }

    /// All that wait for a limit are served, whatever it says: it is observed from now on.
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
    /// The oldest that wait for a limit are served, until so many of a key are.
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
