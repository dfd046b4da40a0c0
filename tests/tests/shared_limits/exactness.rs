//! Shared limits without leases are as exact as one limiter in memory.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;
use secure_runtime::Clock;
use secure_runtime::Moment;
use secure_runtime::testing::FakeClock;
use secure_runtime::throttling::{Ask, Limiter, Quota, SharedLimit, SharedLimits};
use secure_tests::RedisServer;
use serde_json::Value;

use crate::{ONE, instance, number, prefix, quota, take, told};

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap()
}

#[actix_web::test]
async fn the_published_timelines_are_reproduced() {
    let text = include_str!("../../vectors/ratelimit/timelines.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let redis = RedisServer::shared();
    let mut steps = 0;
    for scenario in vectors["scenarios"].as_array().unwrap() {
        assert_eq!(scenario["policy"]["rate"], "1/s", "the only rate so far");
        let burst = u32::try_from(scenario["policy"]["limit"].as_u64().unwrap()).unwrap();
        let clock = FakeClock::new();
        let shared = instance(&redis, &prefix()).clock(clock.clone()).build().unwrap();
        let limit = shared.limit("1/s", quota(1, 1, burst));
        let mut now = 0;
        for (row, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
            let then = step["t_ms"].as_u64().unwrap();
            clock.advance(Duration::from_millis(then - now));
            now = then;
            // A step without cost reads the state without taking a permit.
            let ask = match u32::try_from(step["n"].as_u64().unwrap()).unwrap() {
                0 => Ask::peek(&limit, b"client", ONE),
                cost => Ask::take(&limit, b"client", number(cost)),
            };
            let verdict = shared.decide(b"client", &[ask]).await.unwrap();
            let decision = verdict.decisions()[0];
            let wait = |wait: Duration| i64::try_from(wait.as_millis()).unwrap();
            let answer = (
                verdict.is_admitted(),
                u64::from(decision.remaining()),
                wait(decision.reset_after()),
                decision.retry_after().map_or(-1, wait),
            );
            let expected = (
                step["allowed"].as_bool().unwrap(),
                step["remaining"].as_u64().unwrap(),
                step["reset_after_ms"].as_i64().unwrap(),
                step["retry_after_ms"].as_i64().unwrap(),
            );
            assert_eq!(answer, expected, "{}, row {row}: {step}", scenario["id"]);
            steps += 1;
        }
    }
    assert_eq!(steps, 16);
}

/// One limit of a request: the limit, the key, the operation, and the cost.
type Wish = (usize, usize, u8, u32);

/// A model of the buckets, as the rules describe them: the time in nanoseconds at which each one is full.
#[derive(Default)]
struct Model(HashMap<(usize, usize), u64>);

impl Model {
    /// Whether all limits admit the request; for each limit whether it would, and the time until it is full.
    fn decide(&mut self, quotas: &[Quota], wishes: &[Wish], now: u64) -> (bool, Vec<(bool, u64)>) {
        let used =
            |state: &Self, key| state.0.get(&key).map_or(0, |at: &u64| at.saturating_sub(now));
        let (mut charged, mut taken) = (Self(self.0.clone()), Self(self.0.clone()));
        let mut fits = Vec::new();
        for &(limit, whom, kind, cost) in wishes {
            let (key, quota) = ((limit, whom), quotas[limit]);
            let increment = nanos(quota.emission_interval()) * u64::from(cost);
            let full = nanos(quota.burst_tolerance());
            if kind == CHARGE {
                for state in [&mut charged, &mut taken] {
                    let owed = (used(state, key) + increment).min(2 * full);
                    state.0.insert(key, now + owed);
                }
                fits.push(true);
                continue;
            }
            let after = used(&taken, key) + increment;
            fits.push(cost <= quota.burst().get() && after <= full);
            if kind == TAKE && fits.last() == Some(&true) {
                taken.0.insert(key, now + after);
            }
        }
        let is_admitted = fits.iter().all(|fits| *fits);
        *self = if is_admitted { taken } else { charged };
        let resets = wishes.iter().map(|&(limit, whom, ..)| used(self, (limit, whom)));
        (is_admitted, fits.into_iter().zip(resets).collect())
    }
}

const TAKE: u8 = 0;
const PEEK: u8 = 1;
const CHARGE: u8 = 2;

/// The number of limits in the timelines.
const LIMITS: usize = 3;

fn quotas() -> impl Strategy<Value = Vec<Quota>> {
    let permits = prop_oneof![1_u32..10, 1_u32..2_000];
    let quota = (permits, prop_oneof![1_u32..5, Just(60), Just(2_592_000)], 1_u32..20)
        .prop_map(|(permits, window, burst)| quota(permits, window, burst));
    prop::collection::vec(quota, LIMITS)
}

fn requests() -> impl Strategy<Value = Vec<(bool, u64, Vec<Wish>)>> {
    let kind = prop_oneof![6 => Just(TAKE), 1 => Just(PEEK), 1 => Just(CHARGE)];
    let wish = (0..LIMITS, 0_usize..2, kind, prop_oneof![4 => 1_u32..4, 1 => 1_u32..25]);
    let elapsed = prop_oneof![
        3 => Just(0),
        2 => 0..3_000_000_000_u64,
        1 => 0..100_u64,
        1 => 0..200_000_000_000_u64,
    ];
    let request = (any::<bool>(), elapsed, prop::collection::vec(wish, 1..4));
    prop::collection::vec(request, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_instances_decide_as_the_rules_say(quotas in quotas(), requests in requests()) {
        actix_web::rt::System::new().block_on(async {
            let (redis, prefix, clock) = (REDIS.with(Clone::clone), prefix(), FakeClock::new());
            let instances = [(); 2]
                .map(|()| instance(&redis, &prefix).clock(clock.clone()).build().unwrap());
            let limits = instances.each_ref().map(|shared| {
                let named = |(index, quota): (usize, &Quota)| shared.limit(&index.to_string(), *quota);
                quotas.iter().enumerate().map(named).collect::<Vec<SharedLimit>>()
            });
            let mut model = Model::default();
            for (instance, elapsed, wishes) in &requests {
                clock.advance(Duration::from_nanos(*elapsed));
                let (shared, limits) = (&instances[usize::from(*instance)], &limits[usize::from(*instance)]);
                let names = ["alice".as_bytes(), "bob".as_bytes()];
                let ask = |&(limit, whom, kind, cost): &Wish| match kind {
                    TAKE => Ask::take(&limits[limit], names[whom], number(cost)),
                    PEEK => Ask::peek(&limits[limit], names[whom], number(cost)),
                    _ => Ask::charge(&limits[limit], names[whom], number(cost)),
                };
                let asks: Vec<Ask<'_>> = wishes.iter().map(ask).collect();
                let verdict = shared.decide(b"group", &asks).await.unwrap();
                let now = clock.now().unix_nanos();
                let (is_admitted, expected) = model.decide(&quotas, wishes, now);
                assert_eq!(verdict.is_admitted(), is_admitted, "{wishes:?}");
                let told = |decision: &secure_runtime::throttling::Decision| {
                    (decision.is_allowed(), u64::try_from(decision.reset_after().as_nanos()).unwrap())
                };
                let told: Vec<_> = verdict.decisions().iter().map(told).collect();
                assert_eq!(told, expected, "{wishes:?}");
            }
            let trips: u64 = instances.iter().map(|shared| shared.statistics().trips).sum();
            assert!(trips <= requests.len() as u64 + 2, "one round trip a decision");
        });
    }
}

thread_local! {
    /// All cases of a property share one server.
    static REDIS: std::rc::Rc<RedisServer> = std::rc::Rc::new(RedisServer::shared());
}

#[actix_web::test]
async fn what_one_limit_says_is_what_the_limiter_in_memory_says() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let shared = instance(&redis, &prefix()).clock(clock.clone()).build().unwrap();
    let quota = quota(7, 3, 5);
    let limit = shared.limit("7/3s", quota);
    let memory = Limiter::with_capacity_bytes(0);
    for step in 0..60_u64 {
        clock.advance(Duration::from_nanos(step * step * 333_333));
        let unix = Duration::from_nanos(clock.now().unix_nanos());
        let unix = Moment::new(unix, unix);
        let expected = memory.check(memory.key(0, "alice"), &quota, ONE, unix);
        let verdict = take(&shared, &limit, "alice").await;
        assert_eq!(told(&verdict.decisions()[0]), told(&expected), "step {step}");
    }
}

#[actix_web::test]
async fn of_requests_at_once_at_two_instances_exactly_the_burst_is_admitted() {
    let (redis, prefix) = (RedisServer::shared(), prefix());
    // No permit is refilled while this runs.
    let quota = quota(100, 86_400, 100);
    let instances = [(); 2].map(|()| instance(&redis, &prefix).build().unwrap());
    let limits = instances.each_ref().map(|shared| shared.limit("100/d", quota));
    let requests = (0..400).map(|n: usize| take(&instances[n % 2], &limits[n % 2], "alice"));
    let verdicts = join_all(requests).await;
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_admitted()).count(), 100);
    let other = take(&instances[0], &limits[0], "bob").await;
    assert!(other.is_admitted(), "callers count apart");
    let counted = instances.each_ref().map(SharedLimits::statistics);
    let sum = |count: fn(&secure_runtime::throttling::SharedStatistics) -> u64| -> u64 {
        counted.iter().map(count).sum()
    };
    assert_eq!((sum(|s| s.decided), sum(|s| s.leased), sum(|s| s.fallback)), (401, 0, 0));
    assert!(sum(|s| s.trips) <= 401 + 400, "the first ones may have to bring the script along");
    assert_eq!(sum(|s| s.failed), 0);
}

#[actix_web::test]
async fn a_request_that_one_limit_refuses_takes_from_none() {
    let redis = RedisServer::shared();
    let shared = instance(&redis, &prefix()).build().unwrap();
    let (narrow, wide) =
        (shared.limit("2/d", quota(2, 86_400, 2)), shared.limit("9/d", quota(9, 86_400, 9)));
    let both = [Ask::take(&wide, b"alice", ONE), Ask::take(&narrow, b"alice", ONE)];
    for expected in [true, true, false, false, false] {
        let verdict = shared.decide(b"alice", &both).await.unwrap();
        assert_eq!(verdict.is_admitted(), expected);
    }
    let alone = shared.decide(b"alice", &both[..1]).await.unwrap();
    assert_eq!((alone.is_admitted(), alone.decisions()[0].remaining()), (true, 6));
}

#[actix_web::test]
async fn a_charge_beyond_what_is_left_is_owed_and_comes_back_first() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let shared = instance(&redis, &prefix()).clock(clock.clone()).build().unwrap();
    let limit = shared.limit("10/10s", quota(10, 10, 10));
    let charge = |cost| [Ask::charge(&limit, b"alice", number(cost))];
    assert!(take(&shared, &limit, "alice").await.is_admitted());
    let charged = shared.decide(b"alice", &charge(14)).await.unwrap();
    assert!(charged.is_admitted());
    assert_eq!(charged.decisions()[0].reset_after(), Duration::from_secs(15));
    let refused = take(&shared, &limit, "alice").await;
    assert_eq!(refused.decisions()[0].retry_after(), Some(Duration::from_secs(6)));
    clock.advance(Duration::from_secs(5));
    assert!(!take(&shared, &limit, "alice").await.is_admitted());
    clock.advance(Duration::from_secs(1));
    assert!(take(&shared, &limit, "alice").await.is_admitted());
    // No key owes more than a whole burst.
    for _ in 0..3 {
        assert!(shared.decide(b"alice", &charge(u32::MAX)).await.unwrap().is_admitted());
    }
    let refused = take(&shared, &limit, "alice").await;
    assert_eq!(refused.decisions()[0].retry_after(), Some(Duration::from_secs(11)));
}

#[actix_web::test]
async fn a_peek_takes_nothing_and_refuses_the_request() {
    let redis = RedisServer::shared();
    let shared = instance(&redis, &prefix()).build().unwrap();
    let (failures, requests) =
        (shared.limit("1/d", quota(1, 86_400, 1)), shared.limit("9/d", quota(9, 86_400, 9)));
    let asks = [Ask::take(&requests, b"alice", ONE), Ask::peek(&failures, b"alice", ONE)];
    for left in [8, 7] {
        let verdict = shared.decide(b"alice", &asks).await.unwrap();
        assert_eq!((verdict.is_admitted(), verdict.decisions()[0].remaining()), (true, left));
    }
    let charge = [Ask::charge(&failures, b"alice", ONE)];
    assert!(shared.decide(b"alice", &charge).await.unwrap().is_admitted());
    let refused = shared.decide(b"alice", &asks).await.unwrap();
    assert!(!refused.is_admitted() && refused.decisions()[0].is_allowed());
    assert_eq!(
        (refused.decisions()[0].remaining(), refused.decisions()[1].is_allowed()),
        (7, false)
    );
}

#[actix_web::test]
async fn a_cost_above_the_burst_is_refused_for_good_and_its_twin_is_not() {
    let redis = RedisServer::shared();
    let shared = instance(&redis, &prefix()).build().unwrap();
    let limit = shared.limit("9/d", quota(9, 86_400, 9));
    for (cost, expected) in [(10, false), (u32::MAX, false), (9, true)] {
        let asks = [Ask::take(&limit, b"alice", number(cost))];
        let verdict = shared.decide(b"alice", &asks).await.unwrap();
        assert_eq!(verdict.is_admitted(), expected, "{cost}");
        assert_eq!(verdict.decisions()[0].retry_after(), None);
    }
}

#[actix_web::test]
async fn a_clock_that_goes_back_makes_no_permits_and_locks_nobody_out() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let shared = instance(&redis, &prefix()).clock(clock.clone()).build().unwrap();
    let limit = shared.limit("2/10s", quota(2, 10, 2));
    for expected in [true, true, false] {
        assert_eq!(take(&shared, &limit, "alice").await.is_admitted(), expected);
    }
    clock.jump_wall(-100_000);
    let refused = take(&shared, &limit, "alice").await;
    assert!(!refused.is_admitted());
    // At most a whole burst is owed: 10 seconds for it, and 5 for the permit.
    assert_eq!(refused.decisions()[0].retry_after(), Some(Duration::from_secs(15)));
    clock.advance(Duration::from_secs(15));
    assert!(take(&shared, &limit, "alice").await.is_admitted());
}

#[actix_web::test]
async fn quotas_at_the_edges_are_still_quotas() {
    let redis = RedisServer::shared();
    let shared = instance(&redis, &prefix()).build().unwrap();
    for (name, quota, admitted) in [
        ("slow", quota(1, u32::MAX, 1), 1),
        ("centuries", quota(1, u32::MAX, u32::MAX), 1),
        ("year", quota(5, 31_536_000, 5), 5),
        ("fast", quota(u32::MAX, u32::MAX, 3), 3),
    ] {
        let limit = shared.limit(name, quota);
        let verdicts = join_all((0..9).map(|_| take(&shared, &limit, "alice"))).await;
        let count = verdicts.iter().filter(|verdict| verdict.is_admitted()).count();
        assert_eq!(count, admitted, "{name}");
    }
    let fast = shared.limit("faster", quota(u32::MAX, 1, u32::MAX));
    for _ in 0..9 {
        assert!(take(&shared, &fast, "alice").await.is_admitted());
    }
}

#[actix_web::test]
async fn one_name_with_two_quotas_is_one_count_of_shares() {
    let (redis, prefix, clock) = (RedisServer::shared(), prefix(), FakeClock::new());
    let [old, new] =
        [(); 2].map(|()| instance(&redis, &prefix).clock(clock.clone()).build().unwrap());
    let before = old.limit("POST /orders", quota(10, 3600, 10));
    let after = new.limit("POST /orders", quota(40, 3600, 40));
    for _ in 0..5 {
        assert!(take(&old, &before, "alice").await.is_admitted());
    }
    for left in [19, 18] {
        assert_eq!(take(&new, &after, "alice").await.decisions()[0].remaining(), left);
    }
    // 22 of 40 become 5.5 of 10; one more permit has been refilled, which leaves 3.5.
    assert_eq!(take(&old, &before, "alice").await.decisions()[0].remaining(), 3);
    // A limit with another name starts from zero.
    let apart = new.limit("POST /orders again", quota(40, 3600, 40));
    assert_eq!(take(&new, &apart, "alice").await.decisions()[0].remaining(), 39);
}

#[actix_web::test]
async fn keys_end_by_themselves_show_nothing_and_are_repaired() {
    let redis = RedisServer::start();
    let prefix = prefix();
    let shared = instance(&redis, &prefix).secret("sixteen bytes and more").build().unwrap();
    let limit = shared.limit("POST /orders 60/min", quota(60, 60, 60));
    assert!(take(&shared, &limit, "alice@example.test").await.is_admitted());
    let keys = redis.command(&["KEYS", "*"]);
    assert!(keys.starts_with("*1\r\n") && keys.contains(&prefix), "{keys}");
    for name in ["alice", "example", "orders", "POST"] {
        assert!(!keys.contains(name), "{keys}");
    }
    let key = keys.lines().nth(2).unwrap();
    let left: i64 = redis
        .command(&["PTTL", key])
        .trim_start_matches(':')
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!((0..=1_002).contains(&left), "a second until it is full: {left}");

    // A value in Redis that this library did not write counts as an empty bucket, which refills.
    for wrong in [&["SET", key, "what is this"][..], &["SET", key, "nan"], &["LPUSH", key, "1"]] {
        redis.command(&["DEL", key]);
        redis.command(wrong);
        assert!(!take(&shared, &limit, "alice@example.test").await.is_admitted(), "{wrong:?}");
        let left = redis.command(&["PTTL", key]);
        assert!(!left.starts_with(":-"), "it ends by itself: {left}");
    }
}
