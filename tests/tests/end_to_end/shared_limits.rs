//! Limits that several instances share through Redis, over HTTP.

use std::num::NonZeroU32;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, get, web};
use secure_runtime::secure;
use secure_runtime::throttling::{OnStoreFailure, SharedLimitsBuilder};
use secure_tests::{RedisServer, bearer, eventually};
use serde::Deserialize;
use validator::Validate;

use crate::Runs;
use crate::shared_instances::{self, Instance, costing, prefix, refused, store};

#[derive(Deserialize, Validate)]
struct Page {
    #[validate(range(max = 100))]
    size: u32,
}

#[secure(rate("3/d", by = principal))]
#[get("/caller")]
async fn by_caller(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(public, rate("3/d", by = address))]
#[get("/open")]
async fn in_the_open(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

/// Two windows, a limit on all callers together, and a quota of the calendar.
#[secure(
    rate(["5/d", "4/h"], by = principal),
    rate("6/d", by = key(request.method().as_str())),
    quota("5/month", by = principal),
)]
#[get("/several")]
async fn several(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate(anonymous = "2/d", authenticated = "50/d"))]
#[get("/anonymous")]
async fn anonymous(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate("10/d", cost = page.size), validate(page))]
#[get("/pages")]
async fn pages(page: web::Query<Page>, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(page.size.to_string())
}

#[secure(rate("10/d", cost = response))]
#[get("/answered")]
async fn answered(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    costing(10)
}

/// Uses an expression, so that the stages are awaited in another place.
#[secure(allow = caller.subject() != "eve", rate("2/d", by = key(caller.subject().len())))]
#[get("/ruled")]
async fn ruled(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    secure_runtime::scope("")
        .app_data(runs)
        .service(by_caller)
        .service(in_the_open)
        .service(several)
        .service(anonymous)
        .service(pages)
        .service(answered)
        .service(ruled)
}

fn start(store: SharedLimitsBuilder) -> Instance {
    Instance::start(module_path!(), store, services)
}

/// Two instances that share limits.
fn two(redis: &RedisServer) -> [Instance; 2] {
    shared_instances::two(redis, module_path!(), services)
}

#[actix_web::test]
async fn what_one_instance_admitted_counts_for_the_other() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    for (instance, left) in [(&one, 2), (&other, 1), (&one, 0)] {
        let answer = instance.ask("/caller", "alice").await;
        assert_eq!(answer.status, 200);
        let told = answer.header("ratelimit").unwrap();
        assert!(told.contains(&format!("r={left}")), "{told}");
    }
    refused(&other.ask("/caller", "alice").await);
    refused(&one.ask("/caller", "alice").await);
    assert_eq!(other.ask("/caller", "bob").await.status, 200);
    let statistics = one.security.shared_limit_statistics().unwrap();
    assert_eq!((statistics.decided, statistics.fallback), (3, 0), "{statistics:?}");
}

#[actix_web::test]
async fn parallel_requests_to_both_are_admitted_as_often_as_the_quota_says() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    let token = bearer(&one.issuer.token("alice").sign());
    let headers = [token.as_str()];
    let answers = futures_util::future::join_all(
        (0..20).map(|turn| if turn % 2 == 0 { &one } else { &other }).map(|instance| {
            let server = &instance.server;
            server.get("/caller", &headers)
        }),
    )
    .await;
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((admitted, one.runs.so_far() + other.runs.so_far()), (3, 3));
}

#[actix_web::test]
async fn addresses_are_counted_together_before_anybody_is_known() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    for instance in [&one, &other, &one] {
        assert_eq!(instance.server.get("/open", &[]).await.status, 200);
    }
    refused(&other.server.get("/open", &[]).await);
    assert_eq!(one.runs.so_far() + other.runs.so_far(), 3);
}

#[actix_web::test]
async fn of_several_limits_all_admit_or_none_takes() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    for instance in [&one, &one, &other, &other] {
        assert_eq!(instance.ask("/several", "alice").await.status, 200);
    }
    refused(&one.ask("/several", "alice").await);
    // If the refused request had taken one of the six common permits, only one would be left.
    for instance in [&one, &other] {
        assert_eq!(instance.ask("/several", "bob").await.status, 200);
    }
    refused(&other.ask("/several", "carol").await);
}

#[actix_web::test]
async fn those_without_a_caller_have_a_limit_of_their_own() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    for instance in [&one, &other] {
        instance.server.get("/anonymous", &[]).await.problem(401);
    }
    refused(&one.server.get("/anonymous", &["authorization: Bearer nonsense"]).await);
    assert_eq!(one.runs.so_far(), 0);
    assert_eq!(one.ask("/anonymous", "alice").await.status, 200);
}

#[actix_web::test]
async fn a_cost_that_is_known_late_is_charged_for_all_instances() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    one.ask("/pages?size=11", "alice").await.problem(422);
    // The request with a cost above the limit has cost one: one permit is left after this.
    assert_eq!(one.ask("/pages?size=8", "alice").await.status, 200);
    assert_eq!(other.ask("/pages?size=1", "alice").await.status, 200);
    refused(&other.ask("/pages?size=1", "alice").await);

    assert_eq!(one.ask("/answered", "alice").await.status, 200);
    eventually("the answer is charged", || {
        one.security.shared_limit_statistics().unwrap().decided >= 5
    });
    refused(&other.ask("/answered", "alice").await);
    assert_eq!(other.ask("/answered", "bob").await.status, 200);
}

#[actix_web::test]
async fn expressions_name_the_same_callers_everywhere() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    one.ask("/ruled", "eve").await.problem(403);
    for (instance, subject) in [(&one, "anna"), (&other, "otto")] {
        assert_eq!(instance.ask("/ruled", subject).await.status, 200);
    }
    refused(&one.ask("/ruled", "hugo").await);
    assert_eq!(other.ask("/ruled", "bob").await.status, 200);
}

#[actix_web::test]
async fn without_redis_each_counts_its_share_or_nobody_is_let_in() {
    let mut redis = RedisServer::start();
    let prefix = prefix();
    let local = start(store(&redis, &prefix).instances(NonZeroU32::new(3).unwrap()));
    let strict = start(store(&redis, &prefix).on_store_failure(OnStoreFailure::Deny));
    assert_eq!(local.ask("/caller", "alice").await.status, 200);
    assert_eq!(strict.ask("/caller", "alice").await.status, 200);
    redis.stop();
    strict.ask("/caller", "alice").await.problem(503);
    // A third of three.
    assert_eq!(local.ask("/caller", "bob").await.status, 200);
    refused(&local.ask("/caller", "bob").await);
    assert!(local.security.shared_limit_statistics().unwrap().fallback >= 2);
}
