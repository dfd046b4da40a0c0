//! Redis is down, slow, full, restarted empty or a replica, and recovers.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use secure_runtime::testing::FakeClock;
use secure_runtime::throttling::{
    Ask, OnStoreFailure, SharedLimit, SharedLimits, SharedLimitsBuilder, Source, StoreUnavailable,
    Verdict,
};
use secure_tests::RedisServer;

use crate::leases::settled;
use crate::log::logged;
use crate::{ONE, instance, number, prefix, quota, take};

const DAY: u32 = 86_400;

/// Longer than the longest pause between two attempts.
const PAUSE: Duration = Duration::from_secs(4);

/// An instance whose pauses end when the test advances its clock.
fn instance_of(redis: &RedisServer, prefix: &str, clock: &FakeClock) -> SharedLimitsBuilder {
    instance(redis, prefix).clock(clock.clone())
}

async fn ask(shared: &SharedLimits, limit: &SharedLimit) -> Result<Verdict, StoreUnavailable> {
    shared.decide(b"alice", &[Ask::take(limit, b"alice", ONE)]).await
}

async fn source(shared: &SharedLimits, limit: &SharedLimit) -> Source {
    ask(shared, limit).await.unwrap().source()
}

#[actix_web::test]
async fn without_redis_an_instance_counts_its_share_and_with_it_again_all_count_together() {
    let mut redis = RedisServer::start();
    let (prefix, clock) = (prefix(), FakeClock::new());
    let shared = instance_of(&redis, &prefix, &clock).instances(number(2)).build().unwrap();
    let limit = shared.limit("20/d", quota(20, DAY, 20));
    for _ in 0..15 {
        assert!(take(&shared, &limit, "alice").await.is_admitted());
    }
    assert!(!shared.statistics().is_store_gone);
    redis.stop();
    let verdicts = join_all((0..50).map(|_| ask(&shared, &limit))).await;
    let admitted = verdicts.iter().flatten().filter(|verdict| verdict.is_admitted()).count();
    assert_eq!(admitted, 10, "half of the quota");
    assert!(verdicts.iter().flatten().all(|verdict| verdict.source() == Source::Local));
    let refused = ask(&shared, &limit).await.unwrap();
    assert_eq!(refused.decisions()[0].retry_after(), Some(Duration::from_secs(8_640)));
    assert_eq!(source(&shared, &limit).await, Source::Local);
    let statistics = shared.statistics();
    assert!(statistics.is_store_gone);
    assert_eq!(statistics.fallback, 52);
    assert!((1..=50).contains(&statistics.failed), "{statistics:?}");

    redis.restart();
    assert_eq!(source(&shared, &limit).await, Source::Local, "the pause goes on");
    clock.advance(PAUSE);
    assert_eq!(source(&shared, &limit).await, Source::Shared);
    assert!(!shared.statistics().is_store_gone);
    assert_eq!(logged(&prefix, "ERROR"), 1);
    assert_eq!(logged(&prefix, "INFO"), 1);
    // The second outage is logged again.
    redis.stop();
    for _ in 0..3 {
        clock.advance(PAUSE);
        assert_eq!(source(&shared, &limit).await, Source::Local);
    }
    redis.restart();
    clock.advance(PAUSE);
    assert_eq!(source(&shared, &limit).await, Source::Shared);
    assert_eq!((logged(&prefix, "ERROR"), logged(&prefix, "INFO")), (2, 2));
}

#[actix_web::test]
async fn a_share_looks_charges_and_takes_all_or_nothing_as_redis_does() {
    let mut redis = RedisServer::start();
    let (prefix, clock) = (prefix(), FakeClock::new());
    let shared = instance_of(&redis, &prefix, &clock).instances(number(2)).build().unwrap();
    let (narrow, wide) =
        (shared.limit("4/d", quota(4, DAY, 4)), shared.limit("18/d", quota(18, DAY, 18)));
    redis.stop();
    let both = [Ask::take(&wide, b"alice", ONE), Ask::take(&narrow, b"alice", ONE)];
    for expected in [true, true, false, false] {
        let verdict = shared.decide(b"alice", &both).await.unwrap();
        assert_eq!((verdict.is_admitted(), verdict.source()), (expected, Source::Local));
    }
    let peek = [Ask::peek(&wide, b"alice", ONE)];
    for _ in 0..2 {
        let verdict = shared.decide(b"alice", &peek).await.unwrap();
        assert_eq!((verdict.is_admitted(), verdict.decisions()[0].remaining()), (true, 7));
    }
    let charge = [Ask::charge(&wide, b"alice", number(7))];
    assert!(shared.decide(b"alice", &charge).await.unwrap().is_admitted());
    assert!(!shared.decide(b"alice", &peek).await.unwrap().is_admitted());
    // A request that the quota admits at once is admitted even if it exceeds the share.
    let large = [Ask::take(&wide, b"bob", number(12))];
    for expected in [true, false] {
        assert_eq!(shared.decide(b"bob", &large).await.unwrap().is_admitted(), expected);
    }
}

#[actix_web::test]
async fn what_happens_without_redis_is_a_choice() {
    let mut redis = RedisServer::start();
    let clock = FakeClock::new();
    let build =
        |what| instance_of(&redis, &prefix(), &clock).on_store_failure(what).build().unwrap();
    let (denying, allowing) = (build(OnStoreFailure::Deny), build(OnStoreFailure::Allow));
    let limits = [&denying, &allowing].map(|shared| shared.limit("1/d", quota(1, DAY, 1)));
    for (shared, limit) in [(&denying, &limits[0]), (&allowing, &limits[1])] {
        assert!(take(shared, limit, "alice").await.is_admitted());
        assert!(!take(shared, limit, "alice").await.is_admitted());
    }
    redis.stop();
    for _ in 0..3 {
        let StoreUnavailable { .. } = ask(&denying, &limits[0]).await.unwrap_err();
        let allowed = ask(&allowing, &limits[1]).await.unwrap();
        assert!(allowed.is_admitted() && allowed.decisions().is_empty());
        assert_eq!(allowed.source(), Source::Unlimited);
    }
    redis.restart();
    clock.advance(PAUSE);
    assert!(take(&denying, &limits[0], "alice").await.is_admitted());
    assert!(take(&allowing, &limits[1], "alice").await.is_admitted());
    assert!(!take(&denying, &limits[0], "alice").await.is_admitted());
}

#[actix_web::test]
async fn a_redis_that_comes_later_decides_from_then_on() {
    let mut redis = RedisServer::start();
    redis.stop();
    let clock = FakeClock::new();
    let shared = instance_of(&redis, &prefix(), &clock).build().unwrap();
    let limit = shared.limit("1/d", quota(1, DAY, 1));
    assert_eq!(source(&shared, &limit).await, Source::Local);
    redis.restart();
    clock.advance(PAUSE);
    assert!(take(&shared, &limit, "alice").await.is_admitted());
}

#[actix_web::test]
async fn a_redis_that_does_not_answer_costs_one_deadline_and_then_nothing() {
    let redis = RedisServer::start();
    let clock = FakeClock::new();
    let deadline = Duration::from_millis(300);
    let shared = instance_of(&redis, &prefix(), &clock).deadline(deadline).build().unwrap();
    let limit = shared.limit("1000/d", quota(1_000, DAY, 1_000));
    // The first request may be slow on a busy machine.
    while source(&shared, &limit).await != Source::Shared {
        clock.advance(PAUSE);
    }
    redis.pause();
    let start = Instant::now();
    let verdicts = join_all((0..50).map(|_| ask(&shared, &limit))).await;
    assert!(verdicts.iter().flatten().all(|verdict| verdict.source() == Source::Local));
    assert!(start.elapsed() >= deadline);
    let (before, start) = (shared.statistics(), Instant::now());
    for _ in 0..50 {
        assert_eq!(source(&shared, &limit).await, Source::Local);
    }
    assert_eq!(shared.statistics().trips, before.trips);
    assert!(start.elapsed() < Duration::from_secs(10), "50 deadlines would be 15 seconds");
    // Only one request at a time tries again.
    clock.advance(PAUSE);
    join_all((0..50).map(|_| ask(&shared, &limit))).await;
    assert_eq!(shared.statistics().failed - before.failed, 1);
    redis.resume();
    let mut tries = 0;
    while source(&shared, &limit).await != Source::Shared {
        clock.advance(PAUSE);
        tries += 1;
        assert!(tries < 20);
    }
}

#[actix_web::test]
async fn a_redis_that_takes_nothing_more_is_gone_and_nothing_is_taken_by_halves() {
    let redis = RedisServer::start();
    let clock = FakeClock::new();
    let shared = instance_of(&redis, &prefix(), &clock).build().unwrap();
    let limits = [1, 2].map(|n| shared.limit(&n.to_string(), quota(9, DAY, 9)));
    let asks = limits.each_ref().map(|limit| Ask::take(limit, b"alice", ONE));
    let decide = || async { shared.decide(b"alice", &asks).await.unwrap() };
    assert_eq!(decide().await.source(), Source::Shared);
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(decide().await.source(), Source::Local);
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]);
    clock.advance(PAUSE);
    let verdict = decide().await;
    assert_eq!(verdict.source(), Source::Shared);
    for decision in verdict.decisions() {
        assert_eq!(decision.remaining(), 7);
    }
}

#[actix_web::test]
async fn a_server_that_is_not_the_master_any_more_does_not_decide() {
    let redis = RedisServer::start();
    let clock = FakeClock::new();
    let shared = instance_of(&redis, &prefix(), &clock).build().unwrap();
    let limit = shared.limit("9/d", quota(9, DAY, 9));
    assert_eq!(source(&shared, &limit).await, Source::Shared);
    redis.command(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_eq!(source(&shared, &limit).await, Source::Local);
    redis.command(&["REPLICAOF", "NO", "ONE"]);
    clock.advance(PAUSE);
    assert_eq!(source(&shared, &limit).await, Source::Shared);
}

#[actix_web::test]
async fn a_redis_that_forgets_its_scripts_is_told_again_and_one_that_forgets_all_starts_again() {
    let redis = RedisServer::start();
    let shared = instance(&redis, &prefix()).build().unwrap();
    let limit = shared.limit("5/d", quota(5, DAY, 5));
    for left in [4, 3] {
        assert_eq!(take(&shared, &limit, "alice").await.decisions()[0].remaining(), left);
    }
    let before = shared.statistics();
    redis.command(&["SCRIPT", "FLUSH"]);
    assert_eq!(take(&shared, &limit, "alice").await.decisions()[0].remaining(), 2);
    assert_eq!(shared.statistics().trips - before.trips, 2);
    redis.command(&["FLUSHALL"]);
    assert_eq!(take(&shared, &limit, "alice").await.decisions()[0].remaining(), 4);
    assert_eq!(shared.statistics().failed, 0);
}

#[actix_web::test]
async fn what_is_in_hand_is_spent_when_redis_is_gone() {
    let mut redis = RedisServer::start();
    let clock = FakeClock::new();
    let shared = instance_of(&redis, &prefix(), &clock).leases(100).build().unwrap();
    let limit = shared.limit("9000/d", quota(9_000, DAY, 9_000));
    while source(&shared, &limit).await != Source::Leased {}
    for _ in 0..300 {
        assert!(take(&shared, &limit, "alice").await.is_admitted());
    }
    settled(&shared).await;
    redis.stop();
    let mut sources = Vec::new();
    for _ in 0..600 {
        sources.push(source(&shared, &limit).await);
    }
    let leased = sources.iter().take_while(|source| **source == Source::Leased).count();
    assert!((1..=400).contains(&leased), "{leased}");
    assert!(sources[leased..].iter().all(|source| *source == Source::Local));
    redis.restart();
    clock.advance(PAUSE);
    assert!(take(&shared, &limit, "alice").await.is_admitted());
}

#[actix_web::test]
async fn redis_asks_for_a_password_and_the_right_one_is_not_shown() {
    let redis = RedisServer::start();
    redis.command(&["CONFIG", "SET", "requirepass", "s3cr3t"]);
    let clock = FakeClock::new();
    let shared = instance_of(&redis, &prefix(), &clock).build().unwrap();
    let limit = shared.limit("9/d", quota(9, DAY, 9));
    assert_eq!(source(&shared, &limit).await, Source::Local);
    let address = redis.url().replace("//", "//:s3cr3t@");
    let builder = SharedLimits::redis(&address).deadline(Duration::from_secs(10));
    assert!(!format!("{builder:?}").contains("s3cr3t"));
    let shared = builder.prefix(prefix()).secret("s3cr3t s3cr3t s3cr3t").build().unwrap();
    let limit = shared.limit("9/d", quota(9, DAY, 9));
    assert_eq!(source(&shared, &limit).await, Source::Shared);
    assert!(!format!("{shared:?} {limit:?}").contains("s3cr3t"));
}

#[actix_web::test]
async fn tls_does_not_fall_back() {
    let redis = RedisServer::shared();
    let address = redis.url().replace("redis://", "rediss://");
    let shared = SharedLimits::redis(&address).prefix(prefix()).build().unwrap();
    let limit = shared.limit("9/d", quota(9, DAY, 9));
    assert_eq!(source(&shared, &limit).await, Source::Local);
}

#[test]
fn what_cannot_be_right_is_refused() {
    let good = || SharedLimits::redis("redis://127.0.0.1:1/");
    assert!(good().leases(1_000_000).build().is_ok());
    for (builder, told) in [
        (SharedLimits::redis("redis://user:s3cr3t@host:port"), "not a Redis address"),
        (SharedLimits::redis("127.0.0.1:6379"), "not a Redis address"),
        (SharedLimits::cluster(&[]), "not a Redis address"),
        (SharedLimits::sentinel(&[], "redis://main"), "not a Redis address"),
        (SharedLimits::sentinel(&["redis://127.0.0.1:1"], "main"), "not a Redis address"),
        (good().leases(1_000_001), "at most 1000000"),
        (good().prefix("a{b}"), "braces"),
        (good().secret("s3cr3t"), "16 bytes"),
        (good().deadline(Duration::ZERO), "deadline"),
        (good().deadline(Duration::from_secs(11)), "deadline"),
        (good().lease_life(Duration::from_millis(9)), "life"),
        (good().lease_life(Duration::from_secs(61)), "life"),
    ] {
        let fault = builder.build().unwrap_err().to_string();
        assert!(fault.contains(told) && !fault.contains("s3cr3t"), "{fault}");
    }
}
