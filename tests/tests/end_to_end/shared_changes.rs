//! Shared limits that are changed while they run, and their statistics for operators.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpRequest, HttpResponse, get, web};
use secure_runtime::operations::{LimitId, LimitRow};
use secure_runtime::testing::FakeClock;
use secure_runtime::throttling::{OnStoreFailure, Quota};
use secure_runtime::{Security, secure};
use secure_tests::{RedisServer, eventually};

use crate::Runs;
use crate::shared_instances::{Instance, costing, prefix, refused, store};

#[secure(rate = "10/h")]
#[get("/work")]
async fn work(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(quota = "10/day")]
#[get("/contract")]
async fn contract(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate("10/h", cost = response))]
#[get("/charged")]
async fn charged(request: HttpRequest, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    // While the request is served, the limit becomes ten times as large.
    let security = request.app_data::<Security>().unwrap();
    security.limits().set_quota(&id("charged"), per_hour(100)).unwrap();
    costing(61)
}

#[secure(rate = "1000/h")]
#[get("/busy")]
async fn busy(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

/// The state that stays in each instance.
#[secure(roles = "admin", failures("2/h", on = [403]))]
#[get("/forbidden")]
async fn forbidden(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    secure_runtime::scope("")
        .app_data(runs)
        .service(work)
        .service(contract)
        .service(charged)
        .service(busy)
        .service(forbidden)
}

fn per_hour(permits: u32) -> Quota {
    per(permits, 3600)
}

fn per(permits: u32, seconds: u32) -> Quota {
    format!("{permits}/{seconds}s").parse().unwrap()
}

fn id(handler: &str) -> LimitId {
    format!("{}::{handler}/1", module_path!()).parse().unwrap()
}

fn set(instance: &Instance, handler: &str, quota: Quota) {
    instance.security.limits().set_quota(&id(handler), quota).unwrap();
}

fn row(instance: &Instance, handler: &str) -> LimitRow {
    let limits = instance.security.limits().statistics().limits;
    limits.into_iter().find(|row| row.id == id(handler)).unwrap()
}

/// Two instances that share limits, with a clock that stands still.
fn two(clock: &FakeClock, redis: &RedisServer) -> [Instance; 2] {
    let prefix = prefix();
    [(); 2].map(|()| Instance::start_at(clock, module_path!(), store(redis, &prefix), services))
}

#[actix_web::test]
async fn whoever_used_a_share_of_the_old_limit_has_used_that_share_of_the_new_one() {
    let (clock, redis) = (FakeClock::new(), RedisServer::shared());
    let [one, other] = two(&clock, &redis);
    for instance in [&one, &other, &one, &other, &one, &other] {
        assert_eq!(instance.ask("/work", "ada").await.status, 200);
    }
    set(&one, "work", per_hour(100));
    let told = one.ask("/work", "ada").await;
    assert_eq!(told.header("ratelimit-policy"), Some(r#""100/h";q=100;w=3600"#));
    assert_eq!(told.header("ratelimit"), Some(r#""100/h";r=39;t=2196"#));
    assert_eq!(row(&one, "work").limit, "100/h");

    // The other instance did not get the change and uses its own limit: 61% are six of ten, and a little more.
    let told = other.ask("/work", "ada").await;
    assert_eq!(told.header("ratelimit-policy"), Some(r#""10/h";q=10;w=3600"#));
    assert_eq!(told.header("ratelimit"), Some(r#""10/h";r=2;t=2556"#));
    // A request that it admits counts as a tenth of its bucket.
    assert_eq!(one.ask("/work", "ada").await.header("ratelimit"), Some(r#""100/h";r=28;t=2592"#));
    set(&other, "work", per_hour(100));
    assert_eq!(other.admitted("/work", "ada").await, 28);
    assert_eq!(one.admitted("/work", "ada").await, 0);
    assert_eq!(one.admitted("/work", "grace").await, 100);
}

#[actix_web::test]
async fn instances_that_disagree_admit_no_more_than_the_larger_limit_together() {
    let (clock, redis) = (FakeClock::new(), RedisServer::shared());
    let [one, other] = two(&clock, &redis);
    set(&one, "work", per(30, 60));
    let mut admitted = 0;
    for turn in 0..200 {
        let instance = if turn % 3 == 0 { &other } else { &one };
        admitted += usize::from(instance.ask("/work", "ada").await.status == 200);
    }
    // A tenth of the bucket for each request of one limit, a thirtieth for each of the other.
    assert!((13..=30).contains(&admitted), "{admitted}");
    for instance in [&one, &other] {
        refused(&instance.ask("/work", "ada").await);
    }
    assert_eq!(other.admitted("/work", "grace").await, 10);
    assert_eq!(one.admitted("/work", "grace").await, 0);
}

#[actix_web::test]
async fn another_window_keeps_the_share_and_nothing_is_rounded_in_favour() {
    let (clock, redis) = (FakeClock::new(), RedisServer::shared());
    let [one, other] = two(&clock, &redis);
    for _ in 0..6 {
        assert_eq!(other.ask("/work", "ada").await.status, 200);
    }
    for instance in [&one, &other] {
        set(instance, "work", per(100, 60));
    }
    clock.advance(Duration::from_nanos(100));
    assert_eq!(one.admitted("/work", "ada").await, 40);
    clock.advance(Duration::from_secs(30));
    assert_eq!(other.admitted("/work", "ada").await, 50);
    for instance in [&one, &other] {
        set(instance, "work", per_hour(10));
        assert_eq!(instance.admitted("/work", "ada").await, 0, "used up stays used up");
    }
    clock.advance(Duration::from_secs(361));
    assert_eq!(one.admitted("/work", "ada").await, 1);
}

#[actix_web::test]
async fn a_quota_of_the_calendar_keeps_its_period() {
    let (clock, redis) = (FakeClock::new(), RedisServer::shared());
    let [one, other] = two(&clock, &redis);
    for instance in [&one, &other, &one, &other, &one, &other] {
        assert_eq!(instance.ask("/contract", "ada").await.status, 200);
    }
    let twenty = NonZeroU32::new(20).unwrap();
    one.security.limits().set_permits(&id("contract"), twenty).unwrap();
    let told = one.ask("/contract", "ada").await;
    assert_eq!(told.header("ratelimit-policy"), Some(r#""20/day";q=20;w=86400"#));
    assert!(told.header("ratelimit").unwrap().contains("r=7"), "{told:?}");
    // 13 of 20 are more than six of ten, so seven.
    let told = other.ask("/contract", "ada").await;
    assert!(told.header("ratelimit").unwrap().contains(r#""10/day";r=2"#), "{told:?}");
    assert_eq!(one.admitted("/contract", "ada").await, 4);
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(one.admitted("/contract", "ada").await, 20);
    assert_eq!(other.admitted("/contract", "ada").await, 0);
}

#[actix_web::test]
async fn what_a_response_costs_is_taken_of_the_limit_that_holds_then() {
    let (clock, redis) = (FakeClock::new(), RedisServer::shared());
    let [one, other] = two(&clock, &redis);
    // One of ten becomes ten of a hundred, then sixty more: 70 are used.
    assert_eq!(one.ask("/charged", "ada").await.status, 200);
    let await_charge = |count| {
        eventually("the answer is charged", || {
            one.security.shared_limit_statistics().unwrap().decided >= count
        });
    };
    await_charge(2);
    set(&other, "charged", per_hour(100));
    assert_eq!(one.ask("/charged", "ada").await.status, 200, "30 were left, and 31 are owed");
    await_charge(4);
    refused(&other.ask("/charged", "ada").await);
    clock.advance(Duration::from_secs(31 * 36 + 1));
    refused(&other.ask("/charged", "ada").await);
    clock.advance(Duration::from_secs(36));
    assert_eq!(other.ask("/charged", "ada").await.status, 200);
}

#[actix_web::test]
async fn a_change_while_permits_are_in_hand_gives_none_twice() {
    let (redis, prefix) = (RedisServer::shared(), prefix());
    let one = Instance::start(module_path!(), store(&redis, &prefix).leases(50), services);
    for _ in 0..300 {
        assert_eq!(one.ask("/busy", "ada").await.status, 200);
    }
    set(&one, "busy", per_hour(100));
    // 30% are used; permits in hand are lost.
    let left = one.admitted("/busy", "ada").await;
    assert!((50..=71).contains(&left), "{left}");
    let leased = one.security.shared_limit_statistics().unwrap();
    assert!(leased.leased > 100, "{leased:?}");
}

#[actix_web::test]
async fn while_clients_ask_both_instances_changes_give_nothing_twice() {
    let (clock, redis) = (FakeClock::new(), RedisServer::shared());
    let [one, other] = two(&clock, &redis);
    let token = secure_tests::bearer(&one.issuer.token("ada").sign());
    let asks = (0..60).map(|turn| {
        let (one, other, token) = (&one, &other, token.as_str());
        async move {
            match turn {
                20 => set(one, "work", per_hour(20)),
                40 => set(other, "work", per(20, 60)),
                _ => {}
            }
            let instance = if turn % 2 == 0 { one } else { other };
            let answer = instance.server.get("/work", &[token]).await;
            usize::from(answer.status == 200)
        }
    });
    let admitted: usize = futures_util::future::join_all(asks).await.into_iter().sum();
    assert!((10..=20).contains(&admitted), "{admitted}");
    set(&one, "work", per_hour(20));
    set(&other, "work", per_hour(20));
    assert_eq!(one.admitted("/work", "ada").await + other.admitted("/work", "ada").await, 0);
    assert_eq!(one.admitted("/work", "grace").await, 20);
}

#[actix_web::test]
async fn operators_see_what_each_limit_said_and_whom_it_met_most() {
    let (clock, redis) = (FakeClock::new(), RedisServer::shared());
    let [one, other] = two(&clock, &redis);
    assert_eq!(one.admitted("/work", "ada").await, 10);
    refused(&other.ask("/work", "ada").await);
    assert_eq!(other.ask("/contract", "ada").await.status, 200);
    let (here, there) = (row(&one, "work"), row(&other, "work"));
    assert!(here.is_shared && there.is_shared);
    assert_eq!((here.allowed, here.refused, here.observed, here.fallback), (10, 1, 0, 0));
    assert_eq!((there.allowed, there.refused), (0, 1), "each tells what it saw");
    assert_eq!(row(&other, "contract").allowed, 1);
    for _ in 0..200 {
        assert_eq!(one.ask("/busy", "ada").await.status, 200);
    }
    let busiest = row(&one, "busy").busiest;
    assert_eq!((busiest.len(), busiest[0].percent), (1, 100), "{busiest:?}");
    let statistics = one.security.limits().statistics();
    assert!(statistics.shared.unwrap().decided >= 211);
    let shown = statistics.to_string();
    assert!(shown.contains("FALLBACK") && shown.contains("shared: "), "{shown}");
    for text in [shown, serde_json::to_string(&statistics).unwrap()] {
        assert!(!text.contains("ada"), "{text}");
    }
}

#[actix_web::test]
async fn operators_see_what_was_decided_without_the_store() {
    let mut redis = RedisServer::start();
    let prefix = prefix();
    let ways = [OnStoreFailure::Local, OnStoreFailure::Deny, OnStoreFailure::Allow];
    let [local, strict, open] = ways.map(|way| {
        let store = store(&redis, &prefix).on_store_failure(way);
        Instance::start(module_path!(), store, services)
    });
    for instance in [&local, &strict, &open] {
        assert_eq!(instance.ask("/work", "ada").await.status, 200);
    }
    redis.stop();
    assert_eq!(local.admitted("/work", "ada").await, 10);
    strict.ask("/work", "ada").await.problem(503);
    assert_eq!(open.ask("/work", "ada").await.status, 200);
    let seen = [&local, &strict, &open].map(|instance| {
        let row = row(instance, "work");
        (row.allowed, row.refused, row.fallback)
    });
    assert_eq!(seen, [(11, 1, 11), (1, 0, 1), (1, 0, 1)]);
    let shown = local.security.limits().statistics().to_string();
    assert!(shown.contains("the store is gone"), "{shown}");

    // A change in the meantime applies to local counts, and does not create a new bucket.
    set(&local, "work", per_hour(5));
    assert_eq!(local.admitted("/work", "ada").await, 0);
    assert_eq!(local.admitted("/work", "grace").await, 5);
}

#[actix_web::test]
async fn a_budget_for_failures_is_each_instances_own_and_so_is_a_change() {
    let (redis, prefix) = (RedisServer::shared(), prefix());
    let [one, other] =
        [(); 2].map(|()| Instance::start(module_path!(), store(&redis, &prefix), services));
    let id: LimitId = format!("{}::forbidden/failures/1", module_path!()).parse().unwrap();
    assert_eq!(one.ask("/forbidden", "ada").await.status, 403);
    one.security.limits().set_quota(&id, per_hour(6)).unwrap();
    // One of two was used: three of six.
    let mut statuses = Vec::new();
    for instance in [&one, &one, &one, &one, &other, &other, &other] {
        statuses.push(instance.ask("/forbidden", "ada").await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 429, 403, 403, 429]);
    let budget = |instance: &Instance| {
        let rows = instance.security.limits().statistics().budgets;
        rows.into_iter().find(|row| row.id == id).unwrap().budget
    };
    assert_eq!([budget(&one), budget(&other)], ["failures 6/h on 403", "failures 2/h on 403"]);
}
