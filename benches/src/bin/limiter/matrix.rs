//! Compares every limiter with ours in one run: two types of keys, few and many, on one thread and on all,
//! with one hot key and all keys in turn; refused requests and admitted ones.
//!
//! Figures are nanoseconds of processor time per decision, so other programs do not count. Contention
//! between threads does: threads wait actively for cache lines.

use std::hint::black_box;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use benches::Failure;
use benches::contestants::{Contestant, Key, MutexMap, Ours, Papaya, governor_quota};
use benches::row::Row;
use benches::timing::median;
use cpu_time::ThreadTime;
use governor::{DefaultKeyedRateLimiter, RateLimiter};
use secure_runtime::Moment;

use super::{FEWEST, MILLION, burst, keys, show, shuffled, slowest};

/// Any time that is not the start of the clock.
const NOW: Moment = Moment::new(Duration::from_secs(1), Duration::ZERO);

/// The order of the keys.
#[derive(Clone, Copy)]
enum Pattern {
    /// Always the same key, although the limiters hold many.
    Hot,
    /// All keys in turn; each thread starts at a different one.
    Spread,
}

/// A way to measure one contestant.
type Measure<'a> = Box<dyn Fn(usize, Pattern) -> f64 + 'a>;

pub(super) fn compare(rounds: usize) -> Result<(), Failure> {
    for count in [1, 10_000, MILLION] {
        kind("string", &keys(count), rounds)?;
        kind("address", &addresses(count), rounds)?;
    }
    denied(rounds)?;
    fill(rounds.min(3))
}

fn addresses(count: usize) -> Vec<IpAddr> {
    let network = 0x2001_0db8_u128 << 96;
    (0..count as u128).map(|number| Ipv6Addr::from(network | (number << 64) | 1).into()).collect()
}

/// All contestants with these keys.
fn kind<K: Key>(kind: &str, keys: &[K], rounds: usize) -> Result<(), Failure> {
    let ours = Ours::new(keys.len(), burst());
    let governor = DefaultKeyedRateLimiter::keyed(governor_quota(burst()));
    let direct = RateLimiter::direct(governor_quota(burst()));
    let (mutex_map, papaya) = (MutexMap::new(burst()), Papaya::new(burst()));
    for key in shuffled(keys) {
        let answers: [&dyn Contestant<K>; 4] = [&ours, &governor, &mutex_map, &papaya];
        answers.iter().for_each(|contestant| {
            black_box(contestant.admits(key, NOW));
        });
    }
    let mut contestants: Vec<(&str, Measure<'_>)> = vec![
        ("ours", measure(&ours, keys)),
        ("governor", measure(&governor, keys)),
        ("mutex_map", measure(&mutex_map, keys)),
        ("papaya", measure(&papaya, keys)),
    ];
    if keys.len() == 1 {
        contestants.push(("governor_direct", measure(&direct, keys)));
    }
    let all = thread::available_parallelism()?.get();
    for (pattern, pattern_name) in [(Pattern::Hot, "hot"), (Pattern::Spread, "spread")] {
        // A single key is always hot.
        if keys.len() == 1 && matches!(pattern, Pattern::Spread) {
            continue;
        }
        for threads in [1, all] {
            let mut figures = vec![Vec::new(); contestants.len()];
            for _ in 0..rounds {
                for ((_, measure), figures) in contestants.iter().zip(&mut figures) {
                    figures.push(measure(threads, pattern));
                }
            }
            let mut medians = figures.iter_mut().map(|figures| median(figures));
            let ours = medians.next().unwrap_or_default();
            for ((peer_name, _), peer) in contestants.iter().skip(1).zip(medians) {
                let count = keys.len();
                let name = &format!(
                    "limiter/matrix_{kind}_{count}_{pattern_name}_{threads}_threads_{peer_name}"
                );
                Row { name, unit: "ns of processor a decision", ours, peer, peer_name }.print()?;
            }
        }
    }
    Ok(())
}

fn measure<'a, K: Key, C: Contestant<K>>(contestant: &'a C, keys: &'a [K]) -> Measure<'a> {
    Box::new(move |threads, pattern| {
        let begin = Barrier::new(threads);
        let times: Vec<f64> = thread::scope(|scope| {
            let begin = &begin;
            let started: Vec<_> = (0..threads)
                .map(|thread| {
                    scope.spawn(move || {
                        begin.wait();
                        // Each thread uses another order, so threads do not follow each other.
                        let (later, first) = keys.split_at(keys.len() * thread / threads);
                        one_thread(contestant, first, later, pattern)
                    })
                })
                .collect();
            started.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        times.iter().sum::<f64>() / times.len() as f64
    })
}

/// Nanoseconds per decision.
fn one_thread<K: Key, C: Contestant<K>>(
    contestant: &C,
    first: &[K],
    later: &[K],
    pattern: Pattern,
) -> f64 {
    let all = || first.iter().chain(later);
    // Computed before: finding the next key costs a third of a decision.
    let shown: Vec<&K> = match pattern {
        Pattern::Hot => later.first().or(first.first()).into_iter().cycle().take(FEWEST).collect(),
        Pattern::Spread => all().cycle().take(FEWEST.max(all().count())).collect(),
    };
    // Warm-up: the previous contestant's data in the caches must not slow this one.
    if all().count() < FEWEST {
        all().for_each(|key| show(contestant.admits(key, NOW)));
    }
    let start = ThreadTime::now();
    for key in &shown {
        show(contestant.admits(black_box(*key), NOW));
    }
    start.elapsed().as_secs_f64() * 1e9 / shown.len() as f64
}

/// Compares the cost of a refused request with that of an admitted one, for ours and for governor.
fn denied(rounds: usize) -> Result<(), Failure> {
    for count in [1, 10_000] {
        let keys = keys(count);
        let (admitting, refusing) = (Ours::new(count, burst()), Ours::new(count, NonZeroU32::MIN));
        let keyed = |burst| DefaultKeyedRateLimiter::keyed(governor_quota(burst));
        let (theirs, their_refusing) = (keyed(burst()), keyed(NonZeroU32::MIN));
        for key in shuffled(&keys) {
            let all: [&dyn Contestant<String>; 4] =
                [&admitting, &refusing, &theirs, &their_refusing];
            all.iter().for_each(|contestant| {
                black_box(contestant.admits(key, NOW));
            });
        }
        let refuses = |contestant: &dyn Contestant<String>| {
            keys.first().is_some_and(|key| !contestant.admits(key, NOW))
        };
        if !refuses(&refusing) || !refuses(&their_refusing) || refuses(&admitting) {
            return Err("what was to be refused is not, or the other way round".into());
        }
        let measures = [
            measure(&refusing, &keys),
            measure(&admitting, &keys),
            measure(&their_refusing, &keys),
            measure(&theirs, &keys),
        ];
        let mut figures = [const { Vec::new() }; 4];
        for _ in 0..rounds {
            for (measure, figures) in measures.iter().zip(&mut figures) {
                figures.push(measure(1, Pattern::Spread));
            }
        }
        let [ours, peer, their_refusal, their_admission] =
            figures.each_mut().map(|figures| median(figures));
        let unit = "ns of processor a decision";
        let name = &format!("limiter/denied_{count}");
        Row { name, unit, ours, peer, peer_name: "the same limiter, admitting" }.print()?;
        let name = &format!("limiter/denied_{count}_governor");
        let (ours, peer) = (their_refusal, their_admission);
        Row { name, unit, ours, peer, peer_name: "governor refusing, and admitting" }.print()?;
    }
    Ok(())
}

/// The slowest decision while a million keys are inserted, for the hand-written maps.
fn fill(rounds: usize) -> Result<(), Failure> {
    let keys = keys(MILLION);
    let mut least = [f64::INFINITY; 3];
    for _ in 0..rounds {
        let ours = Ours::new(MILLION, burst());
        let (mutex_map, papaya) = (MutexMap::new(burst()), Papaya::new(burst()));
        let all: [&dyn Contestant<String>; 3] = [&ours, &mutex_map, &papaya];
        for (contestant, least) in all.iter().zip(&mut least) {
            *least = least.min(slowest(&keys, |key| contestant.admits(key, NOW)));
        }
    }
    let [ours, mutex_map, papaya] = least;
    for (peer_name, peer) in [("mutex_map", mutex_map), ("papaya", papaya)] {
        let name = &format!("limiter/worst_fill_us_{peer_name}");
        Row { name, unit: "us", ours, peer, peer_name }.print()?;
    }
    Ok(())
}
