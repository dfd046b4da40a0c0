//! Counts of the outcomes of each limit, in a slot for each thread.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::per_thread::{STRIPES, stripe};

/// The outcome of a limit for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The limit admitted the request, even if another limit rejected it.
    Allowed = 0,
    /// The limit rejected the request.
    Refused = 1,
    /// The request was beyond the limit, which is in shadow mode.
    Observed = 2,
    /// The store of shared limits did not decide.
    Fallback = 3,
}

/// Counts outcomes by the number of the limit, with a set of counters for each thread.
#[derive(Debug)]
pub(crate) struct Tally {
    counters: Box<[Line]>,
    /// The counters of one thread.
    lines: usize,
}

/// The counters of four limits, aligned so that no other data is in the cache line or in the one that is
/// fetched with it.
#[repr(align(128))]
#[derive(Debug, Default)]
struct Line([[AtomicU64; KINDS]; LIMITS]);

const KINDS: usize = 4;
const LIMITS: usize = 4;

impl Tally {
    /// For limits numbered from zero.
    pub(crate) fn new(limits: usize) -> Self {
        let lines = limits.div_ceil(LIMITS);
        Self { counters: (0..lines * STRIPES).map(|_| Line::default()).collect(), lines }
    }

    /// Counts one outcome. Returns the number that this thread had counted before.
    #[inline]
    pub(crate) fn count(&self, limit: usize, verdict: Outcome) -> u64 {
        let line = self.counters.get(stripe() * self.lines + limit / LIMITS);
        let counter = line.and_then(|line| line.counter(limit, verdict));
        counter.map_or(0, |counter| counter.fetch_add(1, Ordering::Relaxed))
    }

    /// The count of an outcome of a limit.
    pub(crate) fn total(&self, limit: usize, verdict: Outcome) -> u64 {
        let of_limit = self.counters.iter().skip(limit / LIMITS).step_by(self.lines.max(1));
        let counters = of_limit.filter_map(|line| line.counter(limit, verdict));
        counters.map(|counter| counter.load(Ordering::Relaxed)).sum()
    }
}

impl Line {
    #[inline]
    fn counter(&self, limit: usize, verdict: Outcome) -> Option<&AtomicU64> {
        self.0.get(limit % LIMITS)?.get(verdict as usize)
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;

    #[test]
    fn every_thread_counts_and_every_limit_apart() {
        let tally = Tally::new(9);
        std::thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| {
                    for round in 0..100 {
                        tally.count(round % 9, Outcome::Allowed);
                        tally.count(8, Outcome::Refused);
                    }
                });
            }
        });
        assert_eq!(tally.total(0, Outcome::Allowed), 480);
        assert_eq!(tally.total(8, Outcome::Allowed), 440);
        assert_eq!(tally.total(8, Outcome::Refused), 4000);
        assert_eq!(tally.total(8, Outcome::Observed), 0);
        assert_eq!(tally.total(3, Outcome::Refused), 0);
        Tally::new(0).count(7, Outcome::Allowed);
        assert_eq!(Tally::new(0).total(7, Outcome::Allowed), 0);
    }
}
