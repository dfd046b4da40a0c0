//! The limiter compared with other formulations of the same algorithm, on random timelines.

use proptest::prelude::*;
use secure_runtime::throttling::{Decision, Limiter, Quota};

use crate::{SECOND, at, number, quota};

/// A leaky bucket as a meter: its content leaks at a constant rate, and it must not overflow.
///
/// Amounts are rational with the denominator 1 / `permits`: one permit weighs `weight`, and
/// `leak` runs out in a nanosecond.
struct Meter {
    weight: u128,
    leak: u128,
    capacity: u128,
    level: u128,
    last: u64,
}

impl Meter {
    /// With the limiter's own interval, a whole number of nanoseconds.
    fn rounded(quota: &Quota) -> Self {
        Self::new(quota, quota.emission_interval().as_nanos(), 1)
    }

    /// The exact quota, without rounding.
    fn exact(quota: &Quota) -> Self {
        let window = quota.window().as_nanos();
        Self::new(quota, window, u128::from(quota.permits().get()))
    }

    fn new(quota: &Quota, weight: u128, leak: u128) -> Self {
        let capacity = weight * u128::from(quota.burst().get());
        Self { weight, leak, capacity, level: 0, last: 0 }
    }

    fn advance(&mut self, now: u64) {
        let leaked = u128::from(now - self.last) * self.leak;
        self.level = self.level.saturating_sub(leaked);
        self.last = now;
    }

    fn fits(&self, cost: u32) -> bool {
        self.level + self.weight * u128::from(cost) <= self.capacity
    }

    fn pour(&mut self, cost: u32) {
        self.level += self.weight * u128::from(cost);
    }

    fn remaining(&self) -> u128 {
        (self.capacity - self.level) / self.weight
    }
}

/// One request: its key, the nanoseconds since the previous one, and its cost.
#[derive(Clone, Copy, Debug)]
struct Step {
    key: usize,
    elapsed: u64,
    cost: u32,
}

const KEYS: usize = 6;

fn quotas() -> impl Strategy<Value = Quota> {
    (prop_oneof![1_u32..10, 1_u32..200], prop_oneof![1_u32..5, Just(60), Just(3600)], 1_u32..20)
        .prop_map(|(permits, window, burst)| quota(permits, window, burst))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let elapsed = prop_oneof![
        3 => Just(0),
        2 => 0..3 * SECOND,
        1 => 0..100_u64,
        1 => 0..200 * SECOND,
    ];
    let step = (0..KEYS, elapsed, 1_u32..24).prop_map(|(key, elapsed, cost)| Step {
        key,
        elapsed,
        cost: if cost > 20 { cost } else { cost.div_ceil(5) },
    });
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_limiter_is_a_leaky_bucket(quota in quotas(), steps in steps()) {
        // One bucket of eight slots: all keys share it, and none is evicted.
        let limiter = Limiter::with_capacity_bytes(0);
        let mut meters: [Meter; KEYS] = std::array::from_fn(|_| Meter::rounded(&quota));
        let mut exact: [Meter; KEYS] = std::array::from_fn(|_| Meter::exact(&quota));
        let mut now = 0;
        for step in steps {
            now += step.elapsed;
            let key = limiter.key(0, &step.key);
            let peeked = limiter.peek(key, &quota, number(step.cost), at(now));
            let decision = limiter.check(key, &quota, number(step.cost), at(now));
            let meter = &mut meters[step.key];
            meter.advance(now);
            exact[step.key].advance(now);
            prop_assert_eq!(decision.is_allowed(), meter.fits(step.cost), "{:?}", step);
            prop_assert_eq!(peeked.is_allowed(), decision.is_allowed());
            if decision.is_allowed() {
                // Rounding the interval never admits more than the quota.
                prop_assert!(exact[step.key].fits(step.cost));
                meter.pour(step.cost);
                exact[step.key].pour(step.cost);
            }
            prop_assert_eq!(u128::from(decision.remaining()), meter.remaining());
            prop_assert_eq!(decision.reset_after().as_nanos(), meter.level);
            match decision.retry_after() {
                None => prop_assert!(decision.is_allowed() || step.cost > quota.burst().get()),
                Some(wait) => {
                    let over = meter.level + meter.weight * u128::from(step.cost);
                    prop_assert_eq!(wait.as_nanos(), over - meter.capacity);
                }
            }
        }
        prop_assert_eq!(limiter.statistics().evicted_live, 0);
    }

    #[test]
    fn no_window_admits_more_than_burst_and_permits(quota in quotas(), steps in steps()) {
        let limiter = Limiter::with_capacity_bytes(0);
        let key = limiter.key(0, "one");
        let window = quota.window().as_secs() * SECOND;
        let mut admitted: Vec<(u64, u64)> = Vec::new();
        let mut now = 0;
        for step in steps {
            now += step.elapsed;
            if limiter.check(key, &quota, number(step.cost), at(now)).is_allowed() {
                admitted.push((now, u64::from(step.cost)));
            }
        }
        for &(start, _) in &admitted {
            let inside = |&&(at, _): &&(u64, u64)| at >= start && at - start <= window;
            let sum: u64 = admitted.iter().filter(inside).map(|(_, cost)| cost).sum();
            prop_assert!(sum <= u64::from(quota.burst().get()) + u64::from(quota.permits().get()));
        }
    }

    #[test]
    fn refunds_restore_at_once_and_never_create(
        quota in quotas(),
        steps in prop::collection::vec((0_usize..3, 0..5 * SECOND, 1_u32..4, any::<bool>()), 1..60),
    ) {
        let limiter = Limiter::with_capacity_bytes(0);
        let key = limiter.key(0, "one");
        // The requests that were not refunded, or not yet.
        let mut history: Vec<(u64, u32, Option<Decision>)> = Vec::new();
        let mut now = 0;
        for (action, elapsed, cost, late) in steps {
            now += if late { elapsed } else { 0 };
            let before = limiter.peek(key, &quota, number(1), at(now)).reset_after();
            let decision = limiter.check(key, &quota, number(cost), at(now));
            if action == 0 {
                limiter.refund(key, &decision, at(now));
                let after = limiter.peek(key, &quota, number(1), at(now)).reset_after();
                prop_assert_eq!(before, after, "a refund at once");
            } else if decision.is_allowed() {
                history.push((now, cost, Some(decision)));
            }
            if action == 2 && late && !history.is_empty() {
                let (_, _, taken) = history.remove(history.len() / 2);
                limiter.refund(key, &taken.unwrap(), at(now));
            }
            // The result must be as if the refunded requests had never arrived: the meter may not be higher.
            let mut meter = Meter::rounded(&quota);
            for &(at, cost, _) in &history {
                meter.advance(at);
                meter.pour(cost);
            }
            meter.advance(now);
            let owed = limiter.peek(key, &quota, number(1), at(now)).reset_after().as_nanos();
            prop_assert!(owed >= meter.level, "a refund created permits: {} < {}", owed, meter.level);
        }
    }
}

#[test]
fn the_entry_nearest_to_its_expiry_is_the_one_that_is_forgotten() {
    let limiter = Limiter::with_capacity_bytes(0);
    let quota = quota(100, 100, 100);
    let check =
        |whom: u32, cost: u32| limiter.check(limiter.key(0, &whom), &quota, number(cost), at(0));
    for whom in 1..=8 {
        assert!(check(whom, 10 * whom).is_allowed());
    }
    assert_eq!(limiter.statistics().evicted_live, 0);
    assert!(check(9, 90).is_allowed());
    assert_eq!(limiter.statistics().evicted_live, 1);
    let owed =
        |whom: u32| 100 - limiter.peek(limiter.key(0, &whom), &quota, number(1), at(0)).remaining();
    assert_eq!(owed(1), 0, "10 seconds from its expiry");
    for whom in 2..=9 {
        assert_eq!(owed(whom), 10 * whom, "key {whom}");
    }
}

#[test]
fn slots_whose_time_has_passed_are_taken_again_without_evictions() {
    // 512 slots; 16 keys a second, each of which owes one second.
    let limiter = Limiter::with_capacity_bytes(64 * 128);
    let quota = quota(1, 1, 1);
    for round in 0..100_000_u64 {
        let now = round * (SECOND / 16);
        assert!(limiter.check(limiter.key(0, &round), &quota, number(1), at(now)).is_allowed());
    }
    assert_eq!(limiter.statistics().evicted_live, 0);
}
