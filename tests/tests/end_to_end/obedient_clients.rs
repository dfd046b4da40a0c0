//! Clients that obey `Retry-After`, for endpoints whose cost depends on the arguments: with limits in memory, and
//! with shared ones.

use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, get, web};
use secure_runtime::secure;
use secure_runtime::testing::{FakeClock, Issuer};
use secure_tests::{Answer, ClockedRedis, RedisServer, TestServer, bearer};
use serde::Deserialize;

use crate::Runs;
use crate::shared_instances::{Instance, prefix, store, store_at};

#[derive(Deserialize)]
struct Cost {
    n: u32,
}

#[secure(rate("5/5s", by = principal, cost = cost.n))]
#[get("/even")]
async fn even(cost: web::Query<Cost>, runs: web::Data<Runs>) -> HttpResponse {
    answer(&cost, &runs)
}

/// An interval with a fractional number of nanoseconds, and a burst above the permits.
#[secure(rate("7/11s", burst = 9, cost = cost.n))]
#[get("/uneven")]
async fn uneven(cost: web::Query<Cost>, runs: web::Data<Runs>) -> HttpResponse {
    answer(&cost, &runs)
}

#[secure(quota("12/hour", cost = cost.n))]
#[get("/hourly")]
async fn hourly(cost: web::Query<Cost>, runs: web::Data<Runs>) -> HttpResponse {
    answer(&cost, &runs)
}

fn answer(cost: &Cost, runs: &Runs) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(cost.n.to_string())
}

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    secure_runtime::scope("").app_data(runs).service(even).service(uneven).service(hourly)
}

/// The service of a client, and the clock for its waits.
struct World {
    server: TestServer,
    issuer: Issuer,
    clock: FakeClock,
}

impl World {
    fn in_memory() -> Self {
        let (builder, issuer, clock) = crate::security(module_path!());
        let (security, data) = (builder.build().unwrap(), web::Data::new(Runs::default()));
        Self { server: TestServer::start(&security, move || services(data.clone())), issuer, clock }
    }

    fn shared(redis: &RedisServer) -> Self {
        let clock = FakeClock::new();
        let instance =
            Instance::start_at(&clock, module_path!(), store(redis, &prefix()), services);
        let Instance { server, issuer, .. } = instance;
        Self { server, issuer, clock }
    }

    async fn ask(&self, path: &str, subject: &str, cost: u32) -> Answer {
        let token = bearer(&self.issuer.token(subject).sign());
        self.server.get(&format!("{path}?n={cost}"), &[&token]).await
    }
}

fn wait_of(answer: &Answer) -> u64 {
    answer.header("retry-after").unwrap_or_else(|| panic!("{answer:?}")).parse().unwrap()
}

/// Pseudo-random numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[actix_web::test]
async fn who_used_up_all_waits_until_any_cost_is_admitted() {
    let redis = RedisServer::shared();
    for world in [World::in_memory(), World::shared(&redis)] {
        assert_eq!(world.ask("/even", "ada", 5).await.status, 200);
        let refused = world.ask("/even", "ada", 4).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("5")));
        assert_eq!(refused.header("ratelimit"), Some(r#""5/5s";r=0;t=5"#));
        // Earlier, there may or may not be enough permits.
        world.clock.advance(Duration::from_secs(3));
        let refused = world.ask("/even", "ada", 4).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
        assert_eq!(refused.header("ratelimit"), Some(r#""5/5s";r=3;t=1"#), "it has taken nothing");
        world.clock.advance(Duration::from_secs(2));
        assert_eq!(world.ask("/even", "ada", 4).await.status, 200);
    }
}

#[actix_web::test]
async fn a_client_that_waits_as_it_is_told_is_never_refused_twice() {
    let redis = RedisServer::shared();
    for world in [World::in_memory(), World::shared(&redis)] {
        let mut refusals = 0;
        for (path, most) in [("/even", 5), ("/uneven", 9), ("/hourly", 12)] {
            for client in 0..24 {
                let (name, mut numbers) = (format!("client {client}"), Numbers(client));
                for _ in 0..12 {
                    let pause = Duration::from_millis(numbers.below(4_000));
                    world.clock.advance(pause);
                    let cost = 1 + u32::try_from(numbers.below(most)).unwrap();
                    let first = world.ask(path, &name, cost).await;
                    if first.status == 200 {
                        continue;
                    }
                    assert_eq!(first.status, 429, "{first:?}");
                    refusals += 1;
                    world.clock.advance(Duration::from_secs(wait_of(&first)));
                    let again = world.ask(path, &name, cost).await;
                    assert_eq!(again.status, 200, "{path} {name} {cost}: {first:?}, {again:?}");
                }
            }
        }
        assert!(refusals > 200, "{refusals}");
    }
}

/// With the store's own clock, which advances during the test.
#[actix_web::test]
async fn nor_is_one_whose_time_is_the_clock_of_the_store() {
    let redis = RedisServer::shared();
    let clocked = ClockedRedis::before(&redis);
    let instance = Instance::start(module_path!(), store_at(&clocked.url(), &prefix()), services);
    let (mut ahead, mut refusals) = (0, 0);
    for client in 0..6 {
        let (name, mut numbers) = (format!("client {client}"), Numbers(client));
        for _ in 0..10 {
            let cost = 1 + numbers.below(5);
            let first = instance.ask(&format!("/even?n={cost}"), &name).await;
            if first.status == 200 {
                continue;
            }
            refusals += 1;
            ahead += i64::try_from(wait_of(&first)).unwrap();
            clocked.set_ahead(ahead);
            let again = instance.ask(&format!("/even?n={cost}"), &name).await;
            assert_eq!(again.status, 200, "{name} {cost}: {first:?}, {again:?}");
        }
    }
    assert!(refusals > 20, "{refusals}");
}
