//! The busiest keys of each limit, in fixed memory.
//!
//! One request in sixteen of every limit is sampled, and counted by the Space-Saving algorithm (Metwally,
//! Agrawal, El Abbadi: Efficient computation of frequent and top-k elements in data streams, 2005): a key
//! that is not among those kept replaces the rarest one and inherits its count, which is stored as its error.
//! Counts are halved from time to time, so that recent requests matter most.

use std::sync::{Mutex, PoisonError};

use crate::throttling::rate::limiter::LimitKey;

/// The busiest keys, by the number of the limit.
#[derive(Debug)]
pub(crate) struct Busiest(Box<[Mutex<Sketch>]>);

#[derive(Debug, Default)]
struct Sketch {
    kept: Vec<Kept>,
    looked_at: u32,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    key: LimitKey,
    count: u32,
    /// The part of the count that may belong to another key.
    error: u32,
}

/// A key and the lower bound of its share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) key: LimitKey,
    pub(crate) percent: u8,
}

/// The number of keys that are kept for each limit: every key with more than a 32nd of the requests is among
/// them.
const KEPT: usize = 32;

/// The count at which counts are halved: after some 65,000 requests of a limit.
const HALVED_AT: u32 = 4096;

/// One in this number of requests is sampled.
const SAMPLE: u64 = 16;

/// 2⁶⁴ divided by the golden ratio: its multiples are spread evenly, without a period that requests could
/// have.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Whether the request after this number of requests is sampled.
#[inline]
pub(crate) fn is_sampled(before: u64) -> bool {
    before.wrapping_add(1).wrapping_mul(SPREAD) < u64::MAX / SAMPLE
}

impl Busiest {
    pub(crate) fn new(limits: usize) -> Self {
        Self((0..limits).map(|_| Mutex::default()).collect())
    }

    /// Samples a request of this key, unless another thread is sampling one of the same limit.
    #[cold]
    pub(crate) fn look(&self, limit: usize, key: LimitKey) {
        if let Some(Ok(mut sketch)) = self.0.get(limit).map(Mutex::try_lock) {
            sketch.look(key);
        }
    }

    /// Keys that recently made at least a hundredth of the requests, the busiest first.
    pub(crate) fn of(&self, limit: usize) -> Vec<Share> {
        let Some(sketch) = self.0.get(limit) else { return Vec::new() };
        sketch.lock().unwrap_or_else(PoisonError::into_inner).shares()
    }
}

impl Sketch {
    fn look(&mut self, key: LimitKey) {
        self.looked_at += 1;
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.key == key) {
            kept.count += 1;
        } else if self.kept.len() < KEPT {
            self.kept.push(Kept { key, count: 1, error: 0 });
        } else if let Some(rarest) = self.kept.iter_mut().min_by_key(|kept| kept.count) {
            *rarest = Kept { key, count: rarest.count + 1, error: rarest.count };
        }
        if self.looked_at >= HALVED_AT {
            self.looked_at /= 2;
            for kept in &mut self.kept {
                (kept.count, kept.error) = (kept.count / 2, kept.error.div_ceil(2));
            }
            self.kept.retain(|kept| kept.count > 0);
        }
    }

    fn shares(&self) -> Vec<Share> {
        let share = |kept: &Kept| {
            let sure = u64::from(kept.count.saturating_sub(kept.error)) * 100;
            let percent = sure.checked_div(u64::from(self.looked_at))?;
            let percent = u8::try_from(percent.min(100)).ok().filter(|percent| *percent > 0)?;
            Some(Share { key: kept.key, percent })
        };
        let mut shares: Vec<Share> = self.kept.iter().filter_map(share).collect();
        shares.sort_by_key(|share| std::cmp::Reverse(share.percent));
        shares
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;
    use crate::throttling::rate::limiter::Limiter;

    #[test]
    fn one_in_sixteen_is_looked_at_whatever_the_rhythm() {
        for rhythm in 1..20_u64 {
            let looked_at = (0..16_000).filter(|n| is_sampled(n * rhythm)).count();
            assert!((900..1100).contains(&looked_at), "every {rhythm}th: {looked_at}");
        }
    }

    #[test]
    fn a_busy_key_is_found_among_many_and_forgotten_when_it_is_gone() {
        let keys = Limiter::with_capacity_bytes(0);
        let busiest = Busiest::new(1);
        let hot = keys.key(0, "hot");
        for n in 0..50_000_u32 {
            busiest.look(0, keys.key(0, &n));
            if n % 3 == 0 {
                busiest.look(0, hot);
            }
        }
        let shares = busiest.of(0);
        assert!(shares[0].key == hot && (20..=25).contains(&shares[0].percent), "{shares:?}");
        for n in 0..60_000_u32 {
            busiest.look(0, keys.key(0, &n));
        }
        assert!(busiest.of(0).iter().all(|share| share.key != hot), "{:?}", busiest.of(0));
        assert!(busiest.0[0].lock().unwrap().kept.len() <= KEPT);
        busiest.look(7, hot);
        assert!(busiest.of(7).is_empty());
    }
}
