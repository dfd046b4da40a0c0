//! Statistics of a cache of verified tokens, in counters that threads do not share.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::per_thread::{STRIPES, stripe};

/// Counts hits, one counter for each thread.
pub(super) struct Hits(Box<[Stripe]>);

/// On a cache line of its own, and of the line that is fetched with it.
#[repr(align(128))]
#[derive(Default)]
struct Stripe(AtomicU64);

impl Hits {
    pub(super) fn new() -> Self {
        Self((0..STRIPES).map(|_| Stripe::default()).collect())
    }

    /// Counts one.
    #[inline]
    pub(super) fn count(&self) {
        if let Some(Stripe(hits)) = self.0.get(stripe()) {
            hits.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.0.iter().map(|Stripe(hits)| hits.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_counts() {
        let hits = Hits::new();
        std::thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| (0..100).for_each(|_| hits.count()));
            }
        });
        assert_eq!(hits.total(), 4000);
    }
}
