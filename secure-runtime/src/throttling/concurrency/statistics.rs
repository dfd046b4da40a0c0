//! Statistics of concurrency limits: requests in flight and queued, and outcomes.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::{InFlight, Queue, Totals};

/// The state of one limit now, and its counts since the program started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InFlightNow {
    pub(crate) served: u64,
    pub(crate) waiting: u64,
    pub(crate) queued: u64,
    pub(crate) refused: u64,
    pub(crate) expired: u64,
    pub(crate) left: u64,
    pub(crate) observed: u64,
}

impl InFlight {
    /// The statistics of every limit, by its number. The shards are read one after the other.
    pub(crate) fn now(&self) -> Vec<InFlightNow> {
        let totals = |totals: &Totals| {
            let Totals { queued, refused, expired, left, observed } = totals;
            let [queued, refused, expired, left, observed] =
                [queued, refused, expired, left, observed]
                    .map(|total| total.load(Ordering::Relaxed));
            InFlightNow { served: 0, waiting: 0, queued, refused, expired, left, observed }
        };
        let mut limits: Vec<InFlightNow> = self.totals.iter().map(totals).collect();
        for shard in self.shards.iter() {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, of_key) in &shard.keys {
                if let Some(limit) = limits.get_mut(of_key.limit as usize) {
                    limit.served += u64::from(of_key.served);
                    limit.waiting += shard.queues.get(key).map_or(0, Queue::len) as u64;
                }
            }
        }
        limits
    }
}
