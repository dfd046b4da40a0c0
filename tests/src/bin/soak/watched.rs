//! Counts the admitted requests of some keys and compares them with their quota.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secure_runtime::throttling::Quota;

/// How often each of some keys was admitted.
pub(crate) struct Watched {
    pub(crate) quota: Quota,
    admitted: Vec<AtomicU64>,
}

impl Watched {
    /// Watches this many keys, under a quota of this many requests a second.
    pub(crate) fn new(keys: usize, permits: u32) -> Self {
        let number = |number| NonZeroU32::new(number).expect("at least one");
        let quota = Quota::per_second(number(permits));
        Self { quota, admitted: (0..keys).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(crate) fn keys(&self) -> usize {
        self.admitted.len()
    }

    pub(crate) fn count(&self, key: usize) {
        if let Some(admitted) = self.admitted.get(key) {
            admitted.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The smallest and the largest number of admitted requests of a key.
    pub(crate) fn extremes(&self) -> (u64, u64) {
        let counts = self.admitted.iter().map(|count| count.load(Ordering::Relaxed));
        let (least, most) = (counts.clone().min(), counts.max());
        (least.unwrap_or_default(), most.unwrap_or_default())
    }

    /// How many requests a key may be admitted in a time, including its first burst.
    pub(crate) fn allowed(&self, time: Duration) -> u64 {
        let burst = u64::from(self.quota.burst().get());
        let interval = self.quota.emission_interval().as_nanos();
        burst + u64::try_from(time.as_nanos() / interval).unwrap_or(u64::MAX)
    }
}
