//! Soak test of the in-memory limiter: each thread uses more new keys than fit into memory, and a few keys
//! that it uses all the time.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use secure_runtime::throttling::Limiter;
use secure_runtime::{Clock, SystemClock};

use crate::watched::Watched;
use crate::{Finding, Span};

const WATCHED: usize = 64;
/// Fewer than owe time at any moment: the others push each other out, and none of the watched.
const CAPACITY_KEYS: usize = 10_000;

pub(crate) fn soak(span: Span) -> Vec<Finding> {
    let (limiter, clock) = (Limiter::with_capacity_keys(CAPACITY_KEYS), SystemClock::new());
    let (watched, others) = (Watched::new(WATCHED, 10), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (limiter, clock, watched, others) = (&limiter, &clock, &watched, &others);
            scope.spawn(move || {
                let mut turn = (thread as u64) << 48;
                while !span.is_over() {
                    for _ in 0..1_000 {
                        ask(limiter, clock, watched, turn);
                        turn += 1;
                    }
                    others.fetch_add(1_000, Ordering::Relaxed);
                }
            });
        }
    });
    let (time, statistics) = (start.elapsed(), limiter.statistics());
    let ((least, most), allowed) = (watched.extremes(), watched.allowed(time));
    let others = others.load(Ordering::Relaxed);
    vec![
        Finding {
            what: format!(
                "in memory: {least} to {most} requests of each watched key admitted, {allowed} allowed"
            ),
            holds: most <= allowed && least >= allowed - allowed / 50,
        },
        Finding {
            what: format!(
                "in memory: {others} other keys through {} entries, {} of them forgotten early",
                statistics.capacity_entries, statistics.evicted_live
            ),
            holds: statistics.evicted_live > 0,
        },
    ]
}

/// A key that was never used before, and one that is used all the time.
fn ask(limiter: &Limiter, clock: &SystemClock, watched: &Watched, turn: u64) {
    let now = clock.now();
    let key = turn as usize % watched.keys();
    let other = limiter.key(1, &turn);
    let _ = limiter.check(other, &watched.quota, NonZeroU32::MIN, now);
    if limiter.check(limiter.key(0, &key), &watched.quota, NonZeroU32::MIN, now).is_allowed() {
        watched.count(key);
    }
}
