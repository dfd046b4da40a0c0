//! Shared quotas per calendar period, over HTTP.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, get, web};
use secure_runtime::testing::FakeClock;
use secure_runtime::throttling::{OnStoreFailure, SharedLimits, SharedLimitsBuilder};
use secure_runtime::{Clock, SystemClock, secure};
use secure_tests::{ClockedRedis, RedisCluster, RedisServer, bearer, eventually};

use crate::Runs;
use crate::shared_instances::{self, Instance, costing, prefix, refused, store, store_at};

#[secure(quota("5/month", by = principal))]
#[get("/month")]
async fn monthly(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(quota("2/day", by = principal, zone = "Europe/Berlin"))]
#[get("/berlin")]
async fn in_berlin(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

/// A rate, two quotas per caller, and one for all callers together.
#[secure(
    rate("4/d", by = principal),
    quota(["3/day", "6/month"], by = principal),
    quota("7/month", by = key(request.method().as_str())),
)]
#[get("/mixed")]
async fn mixed(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(quota("10/month", cost = 3))]
#[get("/dear")]
async fn dear(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(quota("10/month", cost = response))]
#[get("/answered")]
async fn answered(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    costing(15)
}

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    secure_runtime::scope("")
        .app_data(runs)
        .service(monthly)
        .service(in_berlin)
        .service(mixed)
        .service(dear)
        .service(answered)
}

fn start(store: SharedLimitsBuilder) -> Instance {
    Instance::start(module_path!(), store, services)
}

/// Two instances that share limits.
fn two(redis: &RedisServer) -> [Instance; 2] {
    shared_instances::two(redis, module_path!(), services)
}

/// The same, with a clock that stands still.
fn two_at(clock: &FakeClock, redis: &RedisServer) -> [Instance; 2] {
    let prefix = prefix();
    [(); 2].map(|()| Instance::start_at(clock, module_path!(), store(redis, &prefix), services))
}

#[actix_web::test]
async fn what_one_instance_admitted_counts_for_the_other() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    for (instance, left) in [(&one, 4), (&other, 3), (&one, 2), (&other, 1), (&one, 0)] {
        let answer = instance.ask("/month", "alice").await;
        assert_eq!(answer.status, 200);
        let told = answer.header("ratelimit").unwrap();
        assert!(told.contains(&format!("\"5/month\";r={left};t=")), "{told}");
        let policy = answer.header("ratelimit-policy");
        assert_eq!(policy, Some("\"5/month\";q=5;w=2678400"));
    }
    let answer = other.ask("/month", "alice").await;
    refused(&answer);
    assert_eq!(answer.problem(429)["violated-policies"][0], "5/month");
    assert_eq!(other.ask("/month", "bob").await.status, 200);
    let statistics = one.security.shared_limit_statistics().unwrap();
    assert_eq!((statistics.decided, statistics.fallback), (3, 0), "{statistics:?}");
    assert!(statistics.trips <= 4, "one round trip a decision: {statistics:?}");
}

#[actix_web::test]
async fn parallel_requests_to_both_are_admitted_as_often_as_the_quota_says_with_leases_too() {
    let redis = RedisServer::shared();
    let prefix = prefix();
    let [one, other] = [(); 2].map(|()| start(store(&redis, &prefix).leases(100)));
    let token = bearer(&one.issuer.token("alice").sign());
    let headers = [token.as_str()];
    let turns = (0..30).map(|turn| if turn % 2 == 0 { &one } else { &other });
    let asks = turns.map(|instance| instance.server.get("/month", &headers));
    let answers = futures_util::future::join_all(asks).await;
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((admitted, one.runs.so_far() + other.runs.so_far()), (5, 5));
}

#[actix_web::test]
async fn a_period_ends_by_the_clocks_of_its_zone_and_everything_is_there_again() {
    let redis = RedisServer::shared();
    // 2026-03-28T22:59:00Z, a minute before midnight in Berlin; the next day has 23 hours there.
    let clock = FakeClock::at(secure_tests::unix(1_774_738_740));
    let [one, other] = two_at(&clock, &redis);
    for instance in [&one, &other] {
        assert_eq!(instance.ask("/berlin", "alice").await.status, 200);
    }
    let answer = one.ask("/berlin", "alice").await;
    refused(&answer);
    assert_eq!(answer.header("retry-after"), Some("60"));
    clock.advance(Duration::from_secs(59));
    let answer = other.ask("/berlin", "alice").await;
    refused(&answer);
    assert_eq!(answer.header("retry-after"), Some("1"));
    clock.advance(Duration::from_secs(1));
    for instance in [&one, &other] {
        let answer = instance.ask("/berlin", "alice").await;
        assert!(answer.header("ratelimit").unwrap().ends_with(";t=82800"), "{answer:?}");
        assert_eq!(answer.status, 200);
    }
    refused(&one.ask("/berlin", "alice").await);
    clock.advance(Duration::from_secs(23 * 3600));
    assert_eq!(other.ask("/berlin", "alice").await.status, 200);
}

#[actix_web::test]
async fn of_rates_and_quotas_all_admit_or_none_takes() {
    let redis = RedisServer::shared();
    let clock = FakeClock::at(secure_tests::unix(1_774_738_740));
    let [one, other] = two_at(&clock, &redis);
    for instance in [&one, &other, &one] {
        assert_eq!(instance.ask("/mixed", "alice").await.status, 200);
    }
    for instance in [&other, &one, &other, &one] {
        let answer = instance.ask("/mixed", "alice").await;
        refused(&answer);
        assert_eq!(answer.problem(429)["violated-policies"][0], "3/day");
    }
    // If refused requests had taken permits of the rate or of the common quota, less would be left.
    for instance in [&one, &other, &one] {
        assert_eq!(instance.ask("/mixed", "bob").await.status, 200);
    }
    assert_eq!(other.ask("/mixed", "carol").await.status, 200);
    let answer = one.ask("/mixed", "carol").await;
    assert_eq!(answer.problem(429)["violated-policies"][0], "7/month");
    clock.advance(Duration::from_secs(24 * 3600));
    let answer = other.ask("/mixed", "alice").await;
    assert_eq!(answer.problem(429)["violated-policies"][0], "7/month", "the month goes on");
}

#[actix_web::test]
async fn a_cost_is_taken_whole_and_what_is_owed_ends_with_the_period() {
    let redis = RedisServer::shared();
    // 2026-01-31T23:59:00Z
    let clock = FakeClock::at(secure_tests::unix(1_769_903_940));
    let [one, other] = two_at(&clock, &redis);
    for instance in [&one, &other, &one] {
        assert_eq!(instance.ask("/dear", "alice").await.status, 200);
    }
    let answer = other.ask("/dear", "alice").await;
    answer.problem(429);
    assert!(answer.header("ratelimit").unwrap().contains("r=1;t=60"), "{answer:?}");

    assert_eq!(one.ask("/answered", "alice").await.status, 200);
    eventually("the answer is charged", || {
        one.security.shared_limit_statistics().unwrap().decided >= 4
    });
    refused(&other.ask("/answered", "alice").await);
    clock.advance(Duration::from_secs(60));
    assert_eq!(other.ask("/answered", "alice").await.status, 200);
}

#[actix_web::test]
async fn keys_end_with_their_period_and_what_is_unreadable_is_used_up() {
    let redis = RedisServer::start();
    let one = start(store(&redis, &prefix()));
    let answer = one.ask("/month", "alice").await;
    let told = answer.header("ratelimit").unwrap();
    let (_, seconds) = told.rsplit_once("t=").unwrap();
    let seconds: i64 = seconds.parse().unwrap();
    let keys = redis.command(&["KEYS", "*"]);
    assert!(keys.starts_with("*1\r\n"), "{keys}");
    let key = keys.lines().nth(2).unwrap();
    let left = redis.command(&["PTTL", key]);
    let left: i64 = left.trim_start_matches(':').lines().next().unwrap().parse().unwrap();
    let late = seconds * 1000 - left;
    assert!((-1_000..=5_000).contains(&late), "{seconds} s, {left} ms");
    for wrong in [&["SET", key, "what is this"][..], &["SET", key, "1 2 0"], &["LPUSH", key, "1"]] {
        redis.command(&["DEL", key]);
        redis.command(wrong);
        refused(&one.ask("/month", "alice").await);
        let left = redis.command(&["PTTL", key]);
        assert!(!left.starts_with(":-"), "it ends by itself: {left}");
    }
    let endless = format!("{} {} 5", until(seconds), "9".repeat(60));
    redis.command(&["DEL", key]);
    redis.command(&["SET", key, &endless]);
    refused(&one.ask("/month", "alice").await);
    redis.command(&["DEL", key]);
    assert_eq!(one.ask("/month", "alice").await.status, 200);
}

/// The time in this many seconds, since 1970.
fn until(seconds: i64) -> u64 {
    SystemClock::new().now().unix_seconds().saturating_add_signed(seconds)
}

#[actix_web::test]
async fn the_servers_clock_says_which_period_it_is_and_none_is_given_twice() {
    const DAY: i64 = 86_400;
    let redis = RedisServer::shared();
    let way = ClockedRedis::before(&redis);
    let prefix = prefix();
    // An instance cannot know whether the other's clock is right.
    way.set_ahead(-400 * DAY);
    let [one, other] = [(); 2].map(|()| start(store_at(&way.url(), &prefix)));
    assert_eq!(one.admitted("/month", "alice").await, 5);
    assert_eq!(other.admitted("/month", "alice").await, 0);
    let trips = other.security.shared_limit_statistics().unwrap().trips;
    assert!(trips <= 3, "one more to learn the time, one for the script: {trips}");

    // Forward beyond the end of the period: the whole quota is available again.
    way.set_ahead(-400 * DAY + 32 * DAY);
    assert_eq!(other.admitted("/month", "alice").await, 5);
    assert_eq!(one.admitted("/month", "alice").await, 0);
    // Back: the count of the later period continues.
    way.set_ahead(-400 * DAY);
    assert_eq!(one.admitted("/month", "alice").await, 0);
    assert_eq!(other.admitted("/month", "alice").await, 0);
    // A time from years ahead was a mistake: after the correction a new period starts.
    way.set_ahead(400 * DAY);
    assert_eq!(one.admitted("/month", "alice").await, 5);
    way.set_ahead(0);
    assert_eq!(other.admitted("/month", "alice").await, 5);
    assert_eq!(one.admitted("/month", "alice").await, 0);
    for instance in [&one, &other] {
        let statistics = instance.security.shared_limit_statistics().unwrap();
        assert_eq!((statistics.failed, statistics.fallback), (0, 0), "{statistics:?}");
    }
}

#[actix_web::test]
async fn an_instances_own_clock_does_not_matter() {
    let redis = RedisServer::shared();
    let prefix = prefix();
    let exact = start(store(&redis, &prefix));
    // Its tokens and its log live in 2001; what is used is used now.
    let clock = FakeClock::at(secure_tests::unix(1_000_000_000));
    let builder = secure_runtime::Security::builder().clock(clock.clone());
    let issuer = secure_runtime::testing::Issuer::hs256().clock(clock.clone());
    let lost = Instance::with(builder, issuer, module_path!(), store(&redis, &prefix), services);
    assert_eq!(exact.ask("/month", "alice").await.status, 200);
    assert_eq!(lost.admitted("/month", "alice").await, 4);
    assert_eq!(exact.admitted("/month", "alice").await, 0);
    assert_eq!(clock.now().unix_seconds(), 1_000_000_000);
}

#[actix_web::test]
async fn without_redis_each_counts_its_share_or_nobody_is_let_in() {
    let mut redis = RedisServer::start();
    let prefix = prefix();
    let share = |instances| store(&redis, &prefix).instances(NonZeroU32::new(instances).unwrap());
    let local = start(share(2));
    let many = start(share(9));
    let strict = start(store(&redis, &prefix).on_store_failure(OnStoreFailure::Deny));
    for instance in [&local, &many, &strict] {
        assert_eq!(instance.ask("/month", "alice").await.status, 200);
    }
    redis.stop();
    strict.ask("/month", "alice").await.problem(503);
    // Half of five, rounded down, but at least one request.
    assert_eq!(local.admitted("/month", "alice").await, 2);
    assert_eq!(many.admitted("/month", "alice").await, 1);
    assert_eq!(many.admitted("/dear", "alice").await, 1);
    assert_eq!(local.admitted("/mixed", "bob").await, 1);
    let refused = local.ask("/mixed", "carol").await;
    assert_eq!(refused.status, 200, "a request that the day refused took nothing of the month");
}

#[actix_web::test]
async fn in_a_cluster_all_limits_of_a_request_lie_in_one_slot() {
    let cluster = RedisCluster::start();
    let nodes: Vec<String> = cluster.masters.iter().map(RedisServer::url).collect();
    let nodes: Vec<&str> = nodes.iter().map(String::as_str).collect();
    let prefix = prefix();
    let store = || {
        let store = SharedLimits::cluster(&nodes).prefix(&prefix);
        store.deadline(Duration::from_secs(10))
    };
    let [one, other] = [(); 2].map(|()| start(store()));
    for (instance, caller) in [(&one, "ada"), (&other, "ada"), (&one, "bob"), (&other, "carol")] {
        assert_eq!(instance.ask("/mixed", caller).await.status, 200);
        assert_eq!(instance.ask("/month", caller).await.status, 200);
    }
    assert_eq!(one.admitted("/mixed", "ada").await, 1);
    assert_eq!(other.admitted("/month", "ada").await, 3);
    assert_eq!(one.admitted("/mixed", "dave").await, 2, "seven of all");
    for instance in [&one, &other] {
        let statistics = instance.security.shared_limit_statistics().unwrap();
        assert_eq!((statistics.failed, statistics.fallback), (0, 0), "{statistics:?}");
    }
}
