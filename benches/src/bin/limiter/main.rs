//! `limiter [--quick]`: compares our limiter with governor's default one, both with `String` keys.
//!
//! A decision of ours hashes the key and updates the count, at a time that the caller passes in: the pipeline
//! reads the clock once per request. governor's default limiter reads its own clock at each decision.
//! In `_with_clock` ours reads a clock as well; in `_without_clock` governor does not. `matrix` compares all
//! other limiters.

mod matrix;

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Duration;

use benches::row::Row;
use benches::timing::side_by_side;
use benches::{Failure, sized};
use cpu_time::ThreadTime;
use governor::clock::FakeRelativeClock;
use governor::{DefaultKeyedRateLimiter, RateLimiter};
use secure_runtime::Moment;
use secure_runtime::throttling::{Limiter, Quota};
use secure_runtime::{Clock, SystemClock};

const PEER: &str = "governor, RateLimiter::keyed";
const MILLION: usize = sized(1_000_000, 10_000);
/// Decisions in a round, where there are fewer keys.
const FEWEST: usize = sized(200_000, 2_000);

fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 5 } else { 21 };
    for (name, keys) in [
        ("limiter/string_keys_1", 1),
        ("limiter/string_keys_10000", 10_000),
        ("limiter/string_keys_1000000", MILLION),
    ] {
        let figures = decision(keys, rounds);
        for (suffix, (ours, peer)) in ["", "_with_clock", "_without_clock"].iter().zip(figures) {
            let name = &format!("{name}{suffix}");
            Row { name, unit: "ns a decision", ours, peer, peer_name: PEER }.print()?;
        }
    }
    let (ours, peer) = worst_fill(if quick { 3 } else { 9 });
    Row { name: "limiter/worst_fill_us", unit: "us", ours, peer, peer_name: PEER }.print()?;
    matrix::compare(if quick { 3 } else { 9 })
}

struct Ours {
    limiter: Limiter,
    clock: SystemClock,
    quota: Quota,
}

impl Ours {
    fn new(keys: usize) -> Self {
        Self {
            limiter: Limiter::with_capacity_keys(keys),
            clock: SystemClock::new(),
            quota: Quota::per_minute(NonZeroU32::MIN).with_burst(burst()),
        }
    }

    #[inline]
    fn admits(&self, key: &String) -> bool {
        self.admits_at(key, self.clock.now())
    }

    #[inline]
    fn admits_at(&self, key: &String, now: Moment) -> bool {
        self.limiter
            .check(self.limiter.key_bytes(1, key.as_bytes()), &self.quota, NonZeroU32::MIN, now)
            .is_allowed()
    }
}

/// A rate of one a minute, with a burst so large that nothing is refused: every key stays live during the
/// measurement, as keys of real limits do.
fn governor_quota() -> governor::Quota {
    governor::Quota::per_minute(NonZeroU32::MIN).allow_burst(burst())
}

fn burst() -> NonZeroU32 {
    // governor multiplies it by an hour in nanoseconds: in debug builds an overflow is a panic.
    NonZeroU32::MIN.saturating_add(if cfg!(debug_assertions) { 999_999 } else { 49_999_999 })
}

fn governor() -> DefaultKeyedRateLimiter<String> {
    DefaultKeyedRateLimiter::keyed(governor_quota())
}

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("6f1c1f0a-8d0e-4f3b-{number:012x}")).collect()
}

/// Nanoseconds of ours and of governor: as each is normally called, both with a clock, both without.
///
/// The keys are in memory in the order of their use, because a key that was just read from a request is in the
/// processor's cache. They were inserted in another order, so the limiters' entries are not.
fn decision(count: usize, rounds: usize) -> [(f64, f64); 3] {
    let keys = keys(count);
    // Computed before: finding the next key costs a third of a decision.
    let shown: Vec<&String> = keys.iter().cycle().take(count.max(FEWEST)).collect();
    let ours = Ours::new(count);
    let peer = governor();
    let timeless = RateLimiter::dashmap_with_clock(governor_quota(), FakeRelativeClock::default());
    let now = ours.clock.now();
    for key in shuffled(&keys) {
        black_box(ours.admits(key));
        black_box(peer.check_key(key).is_ok());
        black_box(timeless.check_key(key).is_ok());
    }
    let iterations = shown.len();
    [
        side_by_side(
            rounds,
            iterations,
            &mut || shown.iter().for_each(|key| show(ours.admits_at(black_box(key), now))),
            &mut || shown.iter().for_each(|key| show(peer.check_key(black_box(key)).is_ok())),
        ),
        side_by_side(
            rounds,
            iterations,
            &mut || shown.iter().for_each(|key| show(ours.admits(black_box(key)))),
            &mut || shown.iter().for_each(|key| show(peer.check_key(black_box(key)).is_ok())),
        ),
        side_by_side(
            rounds,
            iterations,
            &mut || shown.iter().for_each(|key| show(ours.admits_at(black_box(key), now))),
            &mut || {
                shown.iter().for_each(|key| show(timeless.check_key(black_box(key)).is_ok()));
            },
        ),
    ]
}

/// The slowest decision while a million keys are inserted, in microseconds of processor time (other programs do
/// not count), in the least disturbed round.
fn worst_fill(rounds: usize) -> (f64, f64) {
    let keys = keys(MILLION);
    let mut least = (f64::INFINITY, f64::INFINITY);
    for _ in 0..rounds {
        let (ours, peer) = (Ours::new(MILLION), governor());
        least.0 = least.0.min(slowest(&keys, |key| ours.admits(key)));
        least.1 = least.1.min(slowest(&keys, |key| peer.check_key(key).is_ok()));
    }
    least
}

fn slowest(keys: &[String], admits: impl Fn(&String) -> bool) -> f64 {
    let mut slowest = Duration::ZERO;
    for key in keys {
        let start = ThreadTime::now();
        black_box(admits(black_box(key)));
        slowest = slowest.max(start.elapsed());
    }
    slowest.as_secs_f64() * 1e6
}

/// Prevents the compiler from removing the decision.
fn show(answer: bool) {
    black_box(answer);
}

/// Every item once, with neighbours far apart: the step has no common factor with the count.
fn shuffled<T>(items: &[T]) -> Vec<&T> {
    const STEP: usize = 611_953;
    (0..items.len()).filter_map(|index| items.get(index * STEP % items.len())).collect()
}
