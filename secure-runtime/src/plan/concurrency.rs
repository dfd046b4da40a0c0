//! Limits on requests at once, compiled for the request path.

use std::num::NonZeroU32;

use super::limits::{Counts, LimitPlanner};
use super::live_mode::LiveMode;
use crate::policy::{Concurrency, Endpoint, Partition, Queue};
use crate::throttling::{Bound, InFlight};

/// How many requests of one key are served at once.
pub(crate) struct PlannedConcurrency {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) limit: &'static Concurrency,
    pub(crate) id: u64,
    pub(crate) by: Counts,
    /// Its place among the endpoint's.
    pub(crate) position: usize,
    /// Its number, as `in_flight` knows it.
    pub(crate) number: u32,
    pub(crate) mode: LiveMode,
}

impl PlannedConcurrency {
    /// What it admits at this moment.
    pub(crate) fn now(&self, in_flight: &InFlight) -> Concurrency {
        let Bound { most, places, wait } = in_flight.bound(self.number);
        let queue = NonZeroU32::new(places).map(|places| Queue { places, wait });
        Concurrency { most, queue, ..*self.limit }
    }

    /// Apart from the numbers of limits.
    pub(crate) fn number_of_notices(&self) -> usize {
        usize::MAX - self.number as usize
    }
}

impl LimitPlanner {
    /// How many requests are served at once.
    ///
    /// Who waits for one limit holds what the earlier ones gave it. So what all callers share comes last:
    /// nobody keeps it from others while waiting for what is their own.
    pub(crate) fn at_once(&mut self, endpoint: &'static Endpoint) -> Box<[PlannedConcurrency]> {
        let place = endpoint.position as u64;
        let concurrency = endpoint.policy.concurrency.iter().enumerate();
        let planned = concurrency.map(|(position, limit)| {
            let number = u32::try_from(self.bounds.len()).unwrap_or(u32::MAX);
            self.bounds.push(bound(limit));
            let (id, by) = ((place << 16) | position as u64, self.counts(endpoint, limit.by));
            let mode = LiveMode::new(limit.mode, self.mode);
            PlannedConcurrency { endpoint, limit, id, by, position, number, mode }
        });
        let mut planned: Vec<_> = planned.collect();
        planned.sort_by_key(|it| {
            (it.by.is_shared_by_callers(), it.limit.by.asks_for(Partition::Endpoint))
        });
        planned.into()
    }
}

/// How many requests are served at once and wait.
pub(crate) fn bound(limit: &Concurrency) -> Bound {
    let (places, wait) = limit.queue.map_or_else(Default::default, |it| (it.places.get(), it.wait));
    Bound { most: limit.most, places, wait }
}
