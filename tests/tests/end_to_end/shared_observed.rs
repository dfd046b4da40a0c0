//! Shared limits in shadow mode, or enforced only for some keys.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, get, web};
use secure_runtime::operations::LimitRow;
use secure_runtime::secure;
use secure_runtime::testing::FakeClock;
use secure_runtime::throttling::{LimitMode, SharedLimitsBuilder};
use secure_tests::{RedisServer, TestServer, bearer, eventually};

use crate::Runs;
use crate::shared_instances::{self, Instance, costing, prefix, refused, store};

#[secure(rate("3/d", mode = observe))]
#[get("/observed")]
async fn observed(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

/// A stricter limit in shadow mode, next to an enforced one, and a quota of the calendar.
#[secure(rate = "3/d", rate("2/h", mode = observe), quota("1/month", mode = observe))]
#[get("/trial")]
async fn trial(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate("1/d", mode = "30%", by = (principal, address)))]
#[get("/some")]
async fn some(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate("1/d", mode = "50%", by = principal))]
#[get("/half")]
async fn half(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate = "2/d")]
#[get("/plain")]
async fn plain(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate("100/d", mode = observe))]
#[get("/leased")]
async fn leased(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate("5/50s", cost = response, mode = observe))]
#[get("/charged")]
async fn charged(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    costing(5)
}

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    secure_runtime::scope("")
        .app_data(runs)
        .service(observed)
        .service(trial)
        .service(some)
        .service(half)
        .service(plain)
        .service(leased)
        .service(charged)
}

fn start(store: SharedLimitsBuilder) -> Instance {
    Instance::start(module_path!(), store, services)
}

fn two(redis: &RedisServer) -> [Instance; 2] {
    shared_instances::two(redis, module_path!(), services)
}

fn row(instance: &Instance, handler: &str, place: usize) -> LimitRow {
    let id = format!("{}::{handler}/{place}", module_path!());
    let limits = instance.security.limits().statistics().limits;
    limits.into_iter().find(|row| row.id == *id).unwrap()
}

#[actix_web::test]
async fn what_all_instances_together_would_have_refused_is_counted_and_goes_on() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    for turn in 0..10 {
        let instance = if turn % 2 == 0 { &one } else { &other };
        let answer = instance.ask("/observed", "ada").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit"), None, "{answer:?}");
        assert_eq!(answer.header("ratelimit-policy"), None, "{answer:?}");
    }
    let (here, there) = (row(&one, "observed", 1), row(&other, "observed", 1));
    assert_eq!((here.allowed + there.allowed, here.observed + there.observed), (3, 7));
    assert_eq!(here.refused + there.refused, 0);
    assert!(here.is_shared && here.mode == LimitMode::Observe);
}

#[actix_web::test]
async fn a_limit_on_trial_takes_nothing_of_the_one_that_holds() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    for instance in [&one, &other, &one] {
        let answer = instance.ask("/trial", "ada").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), Some(r#""3/d";q=3;w=86400"#));
    }
    refused(&other.ask("/trial", "ada").await);
    let seen = [1, 2, 3].map(|place| {
        let rows = [row(&one, "trial", place), row(&other, "trial", place)];
        rows.iter().fold((0, 0, 0), |sum, row| {
            (sum.0 + row.allowed, sum.1 + row.refused, sum.2 + row.observed)
        })
    });
    assert_eq!(seen, [(3, 1, 0), (2, 0, 2), (1, 0, 3)]);
    let trips = one.security.shared_limit_statistics().unwrap();
    assert!(trips.trips <= trips.decided + 1, "one trip for all: {trips:?}");
}

#[actix_web::test]
async fn a_percentage_draws_the_same_callers_at_every_instance() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    let mut refused_by = [BTreeSet::new(), BTreeSet::new()];
    for caller in 0..60 {
        let name = format!("caller {caller}");
        assert_eq!(one.ask("/some", &name).await.status, 200);
        for (instance, refused) in [&one, &other].into_iter().zip(&mut refused_by) {
            if instance.ask("/some", &name).await.status == 429 {
                refused.insert(caller);
            }
        }
    }
    let [here, there] = refused_by;
    assert_eq!(here, there);
    assert!((8..=30).contains(&here.len()), "30 of 100: {here:?}");
}

#[actix_web::test]
async fn a_percentage_draws_the_callers_that_it_draws_without_a_store() {
    let redis = RedisServer::shared();
    let one = start(store(&redis, &prefix()));
    let (builder, issuer, _) = crate::security(module_path!());
    let alone = builder.build().unwrap();
    let data = web::Data::new(Runs::default());
    let server = TestServer::start(&alone, move || services(data.clone()));
    let mut refused = 0;
    for caller in 0..30 {
        let name = format!("caller {caller}");
        assert_eq!(one.ask("/half", &name).await.status, 200);
        let token = bearer(&issuer.token(&name).sign());
        assert_eq!(server.get("/half", &[&token]).await.status, 200);
        let status = one.ask("/half", &name).await.status;
        assert_eq!(server.get("/half", &[&token]).await.status, status, "{name}");
        refused += u32::from(status == 429);
    }
    assert!((5..=25).contains(&refused), "{refused} of 30");
}

#[actix_web::test]
async fn a_mode_that_is_set_holds_at_once_and_what_was_counted_stays_counted() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    assert_eq!(one.admitted("/plain", "ada").await, 2);
    let id = format!("{}::plain/1", module_path!()).parse().unwrap();
    one.security.limits().set_mode(&id, LimitMode::Observe).unwrap();
    for _ in 0..3 {
        assert_eq!(one.ask("/plain", "ada").await.status, 200);
    }
    refused(&other.ask("/plain", "ada").await);
    assert_eq!(row(&one, "plain", 1).observed, 3);
    one.security.limits().set_mode(&id, LimitMode::Enforce).unwrap();
    refused(&one.ask("/plain", "ada").await);
}

#[actix_web::test]
async fn leases_serve_limits_that_are_observed_and_the_configuration_observes_all() {
    let redis = RedisServer::shared();
    let prefix = prefix();
    let store = || store(&redis, &prefix).leases(8);
    let one = Instance::start_observing(module_path!(), store(), services);
    for _ in 0..150 {
        assert_eq!(one.ask("/leased", "ada").await.status, 200);
    }
    let seen = row(&one, "leased", 1);
    assert_eq!(seen.allowed + seen.observed, 150);
    assert!((49..=120).contains(&seen.observed), "what was in hand may be lost: {seen:?}");
    let statistics = one.security.shared_limit_statistics().unwrap();
    assert!(statistics.trips < 100, "{statistics:?}");
    for _ in 0..4 {
        assert_eq!(one.ask("/plain", "ada").await.status, 200);
    }
    assert_eq!(row(&one, "plain", 1).observed, 2);
    refused(&start(store()).ask("/plain", "ada").await);
}

#[actix_web::test]
async fn without_redis_what_is_observed_goes_on() {
    let mut redis = RedisServer::start();
    let one = start(store(&redis, &prefix()));
    assert_eq!(one.ask("/observed", "ada").await.status, 200);
    redis.stop();
    for _ in 0..6 {
        assert_eq!(one.ask("/observed", "ada").await.status, 200);
    }
    let seen = row(&one, "observed", 1);
    assert_eq!((seen.allowed, seen.observed, seen.fallback), (4, 3, 6));
    assert_eq!(one.admitted("/trial", "ada").await, 3);
}

#[actix_web::test]
async fn a_request_that_is_observed_costs_nothing_afterwards_either() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let one = Instance::start_at(&clock, module_path!(), store(&redis, &prefix()), services);
    let decided = |count| {
        let decided = || one.security.shared_limit_statistics().unwrap().decided;
        eventually("all is charged", || decided() >= count);
        assert_eq!(decided(), count);
    };
    assert_eq!(one.ask("/charged", "ada").await.status, 200);
    decided(2);
    for _ in 0..3 {
        assert_eq!(one.ask("/charged", "ada").await.status, 200);
    }
    clock.advance(Duration::from_secs(10));
    assert_eq!(one.ask("/charged", "ada").await.status, 200);
    decided(7);
    let seen = row(&one, "charged", 1);
    assert_eq!((seen.allowed, seen.observed), (2, 3), "one permit came back");
}
