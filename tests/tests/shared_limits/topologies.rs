//! Redis as a cluster and behind Sentinels, including masters that stop during the test.

use std::time::Duration;

use futures_util::future::join_all;
use secure_runtime::testing::FakeClock;
use secure_runtime::throttling::{Ask, SharedLimit, SharedLimits, SharedLimitsBuilder, Source};
use secure_tests::{RedisCluster, WatchedRedis, eventually};

use crate::{ONE, prefix, quota, take};

const DAY: u32 = 86_400;
const PAUSE: Duration = Duration::from_secs(4);

fn patient(builder: SharedLimitsBuilder, prefix: &str) -> SharedLimitsBuilder {
    builder.prefix(prefix).deadline(Duration::from_secs(10))
}

/// Repeats the request until Redis decides it.
async fn decided_by_redis(
    shared: &SharedLimits,
    clock: &FakeClock,
    limit: &SharedLimit,
    whom: &str,
) {
    let start = std::time::Instant::now();
    loop {
        let asks = [Ask::take(limit, whom.as_bytes(), ONE)];
        let verdict = shared.decide(whom.as_bytes(), &asks).await.unwrap();
        if verdict.source() == Source::Shared {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "Redis does not decide again");
        clock.advance(PAUSE);
        actix_web::rt::task::yield_now().await;
    }
}

#[actix_web::test]
async fn a_cluster_counts_exactly_and_goes_on_when_a_replica_takes_over() {
    let mut cluster = RedisCluster::start();
    let nodes = [cluster.masters[1].url()];
    let (prefix, clock) = (prefix(), FakeClock::new());
    let build = || {
        let builder = SharedLimits::cluster(&nodes.each_ref().map(String::as_str));
        patient(builder, &prefix).clock(clock.clone()).build().unwrap()
    };
    let instances = [build(), build()];
    let quotas = [quota(10, DAY, 10), quota(1_000, DAY, 1_000)];
    let limits = instances
        .each_ref()
        .map(|shared| [shared.limit("10/d", quotas[0]), shared.limit("1000/d", quotas[1])]);
    // Two limits per request, in one slot; the callers are spread over all slots.
    let callers: Vec<String> = (0..30).map(|n| format!("caller {n}")).collect();
    let requests = callers.iter().flat_map(|caller| {
        let (instances, limits) = (&instances, &limits);
        (0..20).map(move |n| {
            let (shared, [narrow, wide]) = (&instances[n % 2], &limits[n % 2]);
            async move {
                let asks = [narrow, wide].map(|limit| Ask::take(limit, caller.as_bytes(), ONE));
                let verdict = shared.decide(caller.as_bytes(), &asks).await.unwrap();
                assert_eq!(verdict.source(), Source::Shared);
                verdict.is_admitted()
            }
        })
    });
    let admitted = join_all(requests).await.into_iter().filter(|admitted| *admitted).count();
    assert_eq!(admitted, 300, "ten for each of thirty");
    for master in &cluster.masters {
        assert!(!master.command(&["DBSIZE"]).starts_with(":0"), "each node counts some");
    }

    // A caller whose count is on the first master.
    let size = |cluster: &RedisCluster| cluster.masters[0].command(&["DBSIZE"]);
    let mut number = 0;
    let whom = loop {
        let (before, whom) = (size(&cluster), format!("other {number}"));
        assert!(take(&instances[0], &limits[0][0], &whom).await.is_admitted());
        if size(&cluster) != before {
            break whom;
        }
        number += 1;
    };
    for _ in 0..9 {
        assert!(take(&instances[0], &limits[0][0], &whom).await.is_admitted());
    }
    cluster.masters[0].wait_until_copied();
    cluster.masters[0].stop();
    eventually("the replica takes over", || {
        cluster.replica.command(&["INFO", "replication"]).contains("role:master")
    });
    decided_by_redis(&instances[0], &clock, &limits[0][0], &whom).await;
    // No permit is refilled so soon: the replica has the master's counts.
    for _ in 0..3 {
        decided_by_redis(&instances[1], &clock, &limits[1][0], &whom).await;
        assert!(!take(&instances[1], &limits[1][0], &whom).await.is_admitted());
    }
}

#[actix_web::test]
async fn the_server_that_sentinels_name_counts_and_the_next_one_when_it_ends() {
    let mut watched = WatchedRedis::start();
    let clock = FakeClock::new();
    let sentinels = [watched.sentinel.url()];
    let builder =
        SharedLimits::sentinel(&sentinels.each_ref().map(String::as_str), "redis://main/0");
    let shared = patient(builder, &prefix()).clock(clock.clone()).build().unwrap();
    let limit = shared.limit("10/d", quota(10, DAY, 10));
    for _ in 0..10 {
        assert!(take(&shared, &limit, "alice").await.is_admitted());
    }
    assert!(!take(&shared, &limit, "alice").await.is_admitted());
    watched.master.wait_until_copied();
    watched.master.stop();
    eventually("the Sentinel has another master", || {
        watched.replica.command(&["INFO", "replication"]).contains("role:master")
    });
    decided_by_redis(&shared, &clock, &limit, "alice").await;
    assert!(!take(&shared, &limit, "alice").await.is_admitted(), "the replica knows");
    assert!(take(&shared, &limit, "bob").await.is_admitted());
}

#[actix_web::test]
async fn sentinels_that_know_no_such_servers_are_a_redis_out_of_reach() {
    let watched = WatchedRedis::start();
    let sentinels = [watched.sentinel.url()];
    let builder =
        SharedLimits::sentinel(&sentinels.each_ref().map(String::as_str), "redis://other/0");
    let shared = patient(builder, &prefix()).build().unwrap();
    let limit = shared.limit("10/d", quota(10, DAY, 10));
    let verdict = shared.decide(b"alice", &[Ask::take(&limit, b"alice", ONE)]).await.unwrap();
    assert_eq!(verdict.source(), Source::Local);
}
