//! Statistics of a cache of verified tokens, in counters that threads do not share.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::per_thread::{STRIPES, stripe};

/// What the verified tokens of one authenticator take, and spare; of opaque ones, those that the
/// provider called active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenCacheStatistics {
    /// Tokens that are kept.
    pub entries: usize,
    /// What they take, in bytes.
    pub bytes: u64,
    /// What they may take, in bytes.
    pub max_bytes: u64,
    /// Requests whose token was verified before.
    pub hits: u64,
    /// Requests whose token was not: new ones, forged ones, and those that had to be verified again.
    pub misses: u64,
    /// Tokens that made room for others. A figure that rises with the requests says that the cache
    /// is too small.
    pub evictions: u64,
    /// How often all were forgotten, because a key was withdrawn or changed.
    pub cleared: u64,
    /// Requests whose token had been refused a moment before, and was not verified, or asked about,
    /// again.
    pub refused_again: u64,
}

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
