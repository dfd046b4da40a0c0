//! Logs evictions of entries that still counted, because the fixed memory was full.
//!
//! One line at the first eviction, and one whenever the number has doubled: few lines, even under an attack,
//! and more of them as long as it continues. One request in sixteen checks it.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of evictions in the last line.
#[derive(Debug, Default)]
pub(crate) struct Evictions(AtomicU64);

impl Evictions {
    /// Whether a line about this number is due. It then counts as written.
    pub(crate) fn is_due(&self, evicted: u64) -> bool {
        let told = self.0.load(Ordering::Relaxed);
        let is_twice = evicted > 0 && evicted >= told.saturating_mul(2);
        is_twice
            && self.0.compare_exchange(told, evicted, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_when_it_begins_and_whenever_it_has_doubled() {
        let evictions = Evictions::default();
        let told: Vec<u64> = [0, 0, 3, 3, 5, 6, 11, 12, 1000, 1999]
            .into_iter()
            .filter(|it| evictions.is_due(*it))
            .collect();
        assert_eq!(told, [3, 6, 12, 1000]);
        assert!(evictions.is_due(u64::MAX - 1));
        assert!(!evictions.is_due(u64::MAX - 1));
    }

    #[test]
    fn of_parallel_requests_one_tells_it() {
        let evictions = Evictions::default();
        let told = std::thread::scope(|scope| {
            let look = || (0..1000).filter(|_| evictions.is_due(7)).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(look)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(told, 1);
    }
}
