//! Leases: permits that instances take in advance. They save round trips and never exceed the documented bound.

use std::time::Duration;

use futures_util::future::{join_all, poll_immediate};
use proptest::prelude::*;
use secure_runtime::Clock;
use secure_runtime::testing::FakeClock;
use secure_runtime::throttling::{Ask, Quota, SharedLimit, SharedLimits, Source};
use secure_tests::{RedisServer, eventually};

use crate::{ONE, instance, number, prefix, quota, take};

const LIFE: Duration = Duration::from_secs(1);
const DAY: u32 = 86_400;

/// Takes permits until one is refused; returns how many were admitted.
async fn exhaust(shared: &SharedLimits, limit: &SharedLimit) -> u32 {
    let mut admitted = 0;
    while take(shared, limit, "alice").await.is_admitted() {
        admitted += 1;
    }
    admitted
}

#[actix_web::test]
async fn a_caller_who_asks_often_costs_a_trip_for_many_requests() {
    let redis = RedisServer::shared();
    let shared = instance(&redis, &prefix()).leases(100).build().unwrap();
    let limit = shared.limit("10000/d", quota(10_000, DAY, 10_000));
    for _ in 0..5_000 {
        assert!(take(&shared, &limit, "alice").await.is_admitted());
    }
    let statistics = shared.statistics();
    assert!(statistics.trips < 5_000 / 20, "{statistics:?}");
    assert!(statistics.leased > 4_700, "{statistics:?}");
    assert!(statistics.permits_leased >= statistics.leased, "{statistics:?}");
    // The counterpart without leases.
    let shared = instance(&redis, &prefix()).build().unwrap();
    let limit = shared.limit("10000/d", quota(10_000, DAY, 10_000));
    for _ in 0..200 {
        assert!(take(&shared, &limit, "alice").await.is_admitted());
    }
    assert!((200..=201).contains(&shared.statistics().trips));
}

#[actix_web::test]
async fn two_instances_admit_no_more_than_the_burst_and_lose_no_more_than_they_hold() {
    let (redis, prefix) = (RedisServer::shared(), prefix());
    let quota = quota(4_000, DAY, 4_000);
    let instances = [(); 2].map(|()| instance(&redis, &prefix).leases(100).build().unwrap());
    let limits = instances.each_ref().map(|shared| shared.limit("4000/d", quota));
    let mut admitted = 0;
    for _ in 0..100 {
        let requests = (0..80).map(|n: usize| take(&instances[n % 2], &limits[n % 2], "alice"));
        admitted += join_all(requests).await.iter().filter(|v| v.is_admitted()).count();
    }
    assert!((3_700..=4_000).contains(&admitted), "{admitted}");
    let trips: u64 = instances.iter().map(|shared| shared.statistics().trips).sum();
    assert!(trips < 2_000, "{trips} trips for 8000 decisions, half of which are refusals");
}

#[actix_web::test]
async fn of_many_who_find_no_permits_one_goes_and_the_others_wait() {
    let redis = RedisServer::shared();
    let clock = FakeClock::new();
    let shared = instance(&redis, &prefix()).leases(100).clock(clock.clone()).build().unwrap();
    let limit = shared.limit("10000/d", quota(10_000, DAY, 10_000));
    // Until the instance has noticed that the key is used often.
    for _ in 0..500 {
        assert!(take(&shared, &limit, "alice").await.is_admitted());
    }
    clock.advance(LIFE / 2);
    for _ in 0..500 {
        assert!(take(&shared, &limit, "alice").await.is_admitted());
    }
    settled(&shared).await;
    clock.advance(LIFE + Duration::from_millis(1));
    let before = shared.statistics();
    let verdicts = join_all((0..64).map(|_| take(&shared, &limit, "alice"))).await;
    assert!(verdicts.iter().all(|verdict| verdict.is_admitted()));
    let after = shared.statistics();
    assert_eq!(after.decided - before.decided, 64);
    let trips = after.trips - before.trips;
    assert!((1..=4).contains(&trips), "{trips} trips for 64 who came at once");
}

/// Waits until no early flight is in progress: nothing has landed for some time.
pub(crate) async fn settled(shared: &SharedLimits) {
    let (mut last, mut looks) = (shared.statistics(), 0);
    eventually("flights land", || {
        let now = shared.statistics();
        looks = if now == last { looks + 1 } else { 0 };
        last = now;
        looks == 10
    });
}

#[actix_web::test]
async fn a_caller_who_comes_seldom_is_decided_about_one_by_one() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let shared = instance(&redis, &prefix()).leases(100).clock(clock.clone()).build().unwrap();
    let limit = shared.limit("10000/d", quota(10_000, DAY, 10_000));
    for _ in 0..20 {
        let verdict = take(&shared, &limit, "alice").await;
        assert_eq!(verdict.source(), Source::Shared);
        clock.advance(LIFE);
    }
    assert_eq!(shared.statistics().permits_leased, 0);
    // The counterpart: a request that comes at once.
    for _ in 0..20 {
        assert!(take(&shared, &limit, "bob").await.is_admitted());
    }
    assert!(shared.statistics().permits_leased > 0);
}

#[actix_web::test]
async fn a_caller_at_a_steady_rate_loses_nothing() {
    for rate_of_20ms in [4, 6, 40, 200] {
        let (redis, clock) = (RedisServer::shared(), FakeClock::new());
        let shared = instance(&redis, &prefix()).leases(100).clock(clock.clone()).build().unwrap();
        let limit = shared.limit("1000000/d", quota(1_000_000, DAY, 1_000_000));
        let mut requests = 0;
        for _ in 0..100 {
            clock.advance(Duration::from_millis(20));
            for _ in 0..rate_of_20ms {
                assert!(take(&shared, &limit, "alice").await.is_admitted());
                requests += 1;
            }
            settled(&shared).await;
        }
        let statistics = shared.statistics();
        let unspent = statistics.permits_leased - statistics.leased;
        assert!(
            unspent <= 400,
            "{rate_of_20ms}: {unspent} were lost or are in hand, {statistics:?}"
        );
        assert!(statistics.leased > requests / 2, "{rate_of_20ms}: {statistics:?}");
    }
}

#[actix_web::test]
async fn what_is_not_spent_in_time_is_lost() {
    let (redis, clock, prefix) = (RedisServer::shared(), FakeClock::new(), prefix());
    let quota = quota(10_000, DAY, 10_000);
    let build = || instance(&redis, &prefix).clock(clock.clone());
    let (leasing, exact) = (build().leases(100).build().unwrap(), build().build().unwrap());
    let (limit, exact_limit) = (leasing.limit("a", quota), exact.limit("a", quota));
    for _ in 0..150 {
        assert!(take(&leasing, &limit, "alice").await.is_admitted());
    }
    settled(&leasing).await;
    clock.advance(LIFE - Duration::from_nanos(1));
    let spent = take(&leasing, &limit, "alice").await;
    assert_eq!(spent.source(), Source::Leased, "the last nanosecond of a lease");
    settled(&leasing).await;
    clock.advance(LIFE);
    let fresh = take(&leasing, &limit, "alice").await;
    assert_eq!(fresh.source(), Source::Shared, "what was in hand has lapsed");
    // Redis counts permits that were taken, spent or not.
    let taken = 10_000 - take(&exact, &exact_limit, "alice").await.decisions()[0].remaining();
    let statistics = leasing.statistics();
    let shared = statistics.decided - statistics.leased;
    assert_eq!(u64::from(taken), shared + statistics.permits_leased + 1);
    assert!(statistics.permits_leased > statistics.leased, "something was lost");
}

#[actix_web::test]
async fn what_redis_refused_is_refused_without_asking_it_again_and_no_longer_than_it_would() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let shared = instance(&redis, &prefix()).leases(100).clock(clock.clone()).build().unwrap();
    // One permit is refilled every 100 ms.
    let limit = shared.limit("10/s", quota(10, 1, 80));
    let admitted = exhaust(&shared, &limit).await;
    assert!((60..=80).contains(&admitted), "{admitted}");
    settled(&shared).await;
    let before = shared.statistics();
    for _ in 0..1_000 {
        let refused = take(&shared, &limit, "alice").await;
        assert!(!refused.is_admitted());
        assert_eq!(refused.decisions()[0].retry_after(), Some(Duration::from_millis(100)));
    }
    assert_eq!(shared.statistics().trips - before.trips, 0);
    clock.advance(Duration::from_millis(100));
    assert!(take(&shared, &limit, "alice").await.is_admitted());
    assert!(!take(&shared, &limit, "alice").await.is_admitted());
}

#[actix_web::test]
async fn a_limit_that_refuses_gives_back_what_another_had_in_hand() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let shared = instance(&redis, &prefix()).leases(100).clock(clock.clone()).build().unwrap();
    let narrow = shared.limit("64/d", quota(64, DAY, 64));
    let wide = shared.limit("9000/d", quota(9_000, DAY, 9_000));
    let both = [Ask::take(&wide, b"alice", ONE), Ask::take(&narrow, b"alice", ONE)];
    let mut admitted = 0;
    for _ in 0..2_000 {
        admitted += u32::from(shared.decide(b"alice", &both).await.unwrap().is_admitted());
    }
    assert!((50..=64).contains(&admitted), "{admitted}");
    settled(&shared).await;
    // The wide limit loses at most the permits in hand.
    clock.advance(LIFE * 2);
    let verdict = shared.decide(b"alice", &both[..1]).await.unwrap();
    let taken = 9_000 - verdict.decisions()[0].remaining();
    assert!((admitted..=admitted + 151).contains(&taken), "{taken}");
}

#[actix_web::test]
async fn small_quotas_and_costs_above_a_lease_are_decided_exactly() {
    let redis = RedisServer::shared();
    let shared = instance(&redis, &prefix()).leases(100).build().unwrap();
    let small = shared.limit("23/d", quota(23, DAY, 23));
    assert_eq!(exhaust(&shared, &small).await, 23);
    assert_eq!(shared.statistics().permits_leased, 0);
    let large = shared.limit("1000/d", quota(1_000, DAY, 1_000));
    let asks = [Ask::take(&large, b"alice", number(250))];
    for expected in [true, true, true, true, false, false] {
        assert_eq!(shared.decide(b"alice", &asks).await.unwrap().is_admitted(), expected);
    }
}

#[actix_web::test]
async fn more_keys_than_fit_are_decided_all_the_same() {
    let redis = RedisServer::shared();
    let shared = instance(&redis, &prefix()).leases(100).lease_capacity_keys(8).build().unwrap();
    let limit = shared.limit("80/d", quota(80, DAY, 80));
    for round in 0..4 {
        let names: Vec<String> = (0..40).map(|n| format!("caller {n}")).collect();
        let requests = names.iter().flat_map(|name| {
            let (shared, limit) = (&shared, &limit);
            (0..10).map(move |_| take(shared, limit, name))
        });
        let admitted = join_all(requests).await.iter().filter(|v| v.is_admitted()).count();
        // At each eviction, each instance loses at most an eighth of the burst per key.
        assert!(admitted <= 400, "round {round}: {admitted}");
        assert!(round > 0 || admitted > 300, "{admitted}");
    }
}

#[actix_web::test]
async fn who_stops_waiting_keeps_nobody_else_from_being_served() {
    let redis = RedisServer::start();
    let shared = instance(&redis, &prefix()).leases(100).build().unwrap();
    let limit = shared.limit("9000/d", quota(9_000, DAY, 9_000));
    for _ in 0..50 {
        assert!(take(&shared, &limit, "alice").await.is_admitted());
    }
    redis.pause();
    for _ in 0..400 {
        let asks = [Ask::take(&limit, b"alice", ONE)];
        let _ = poll_immediate(shared.decide(b"alice", &asks)).await;
    }
    redis.resume();
    for _ in 0..500 {
        assert!(take(&shared, &limit, "alice").await.is_admitted());
    }
}

/// The documented maximum that two instances may admit in a time span.
fn bound(quota: &Quota, leases: u32, span: u128) -> u128 {
    let interval = quota.emission_interval().as_nanos();
    let burst = u128::from(quota.burst().get());
    // If a round trip may lease only one permit, none is held.
    let part = quota.burst().get() / 16;
    let held = if leases.min(part) < 2 { 0 } else { (4 * leases).min(2 * part) };
    let held = 2 * u128::from(held);
    let by_number = span / interval + held;
    let by_life = (span + LIFE.as_nanos()) / interval;
    burst + by_number.min(by_life)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_time_span_admits_more_than_the_bound(
        permits in 1_u32..3_000,
        window in prop_oneof![Just(1_u32), Just(10), Just(60)],
        burst in 1_u32..400,
        leases in 2_u32..120,
        steps in prop::collection::vec(
            (0_usize..2, prop_oneof![3 => Just(0_u64), 2 => 0..20_000_000_u64, 1 => 0..1_500_000_000_u64], 1_usize..25),
            1..60,
        ),
    ) {
        actix_web::rt::System::new().block_on(async {
            let (redis, prefix, clock) = (RedisServer::shared(), prefix(), FakeClock::new());
            let quota = quota(permits, window, burst);
            let instances = [(); 2].map(|()| {
                instance(&redis, &prefix).leases(leases).clock(clock.clone()).build().unwrap()
            });
            let limits = instances.each_ref().map(|shared| shared.limit("x", quota));
            let mut admitted: Vec<u64> = Vec::new();
            for (instance, elapsed, crowd) in steps {
                clock.advance(Duration::from_nanos(elapsed));
                let requests = (0..crowd).map(|_| take(&instances[instance], &limits[instance], "alice"));
                let count = join_all(requests).await.iter().filter(|v| v.is_admitted()).count();
                admitted.extend(std::iter::repeat_n(clock.now().unix_nanos(), count));
            }
            for (first, start) in admitted.iter().enumerate() {
                for (last, end) in admitted.iter().enumerate().skip(first) {
                    let count = (last - first + 1) as u128;
                    let most = bound(&quota, leases, u128::from(end - start));
                    assert!(count <= most, "{count} in {} ns, at most {most}: {quota}", end - start);
                }
            }
        });
    }
}
