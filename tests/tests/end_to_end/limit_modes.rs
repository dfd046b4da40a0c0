//! Limits in shadow mode, or enforced only for some keys: refusals, headers and statistics.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use secure_runtime::operations::{LimitId, Limits};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::throttling::LimitMode;
use secure_runtime::{ResponseCost, Security, SecurityBuilder, secure};
use secure_tests::{Answer, TestServer, bearer};

use crate::Runs;

#[secure(rate = "2/h")]
#[get("/plain")]
async fn plain(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate("2/h", mode = observe))]
#[get("/observed")]
async fn observed(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate("2/h", mode = enforce))]
#[get("/enforced")]
async fn enforced(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(rate("1/h", mode = "20%"))]
#[get("/some")]
async fn some(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

/// A stricter limit in shadow mode, next to an enforced one.
#[secure(rate = "3/h", rate("1/min", mode = observe))]
#[get("/trial")]
async fn trial(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(quota("1/day", by = tenant, mode = observe))]
#[get("/quota")]
async fn quota(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(objects = any, rate("5/h", cost = **number, mode = observe))]
#[get("/costs/{number}")]
async fn costs(number: web::Path<u32>, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(number.to_string())
}

#[secure(rate("5/h", cost = response, mode = observe))]
#[get("/charged")]
async fn charged(runs: web::Data<Runs>) -> impl actix_web::Responder {
    runs.count();
    ResponseCost(5).of("")
}

struct World {
    server: TestServer,
    security: Security,
    issuer: Issuer,
    clock: FakeClock,
    runs: Runs,
}

fn world(adapt: impl Fn(SecurityBuilder) -> SecurityBuilder) -> World {
    let (builder, issuer, clock) = crate::security(module_path!());
    let security = adapt(builder).build().unwrap();
    let runs = Runs::default();
    let data = web::Data::new(runs.clone());
    let server = TestServer::run({
        let security = security.clone();
        move || {
            actix_web::App::new().app_data(security.clone()).app_data(data.clone()).service(
                secure_runtime::scope("")
                    .service(plain)
                    .service(observed)
                    .service(enforced)
                    .service(some)
                    .service(trial)
                    .service(quota)
                    .service(costs)
                    .service(charged),
            )
        }
    });
    World { server, security, issuer, clock, runs }
}

impl World {
    async fn get(&self, path: &str, caller: &str) -> Answer {
        let token = self.issuer.token(caller).tenant("acme").sign();
        self.server.get(path, &[&bearer(&token)]).await
    }

    /// The statuses of this many requests of one caller.
    async fn statuses(&self, path: &str, caller: &str, count: usize) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(self.get(path, caller).await.status);
        }
        statuses
    }

    /// The numbers of admitted, refused and observed requests of a handler's first limit.
    fn counts(&self, handler: &str) -> (u64, u64, u64) {
        let statistics = self.security.limits().statistics();
        let id = format!("{}::{handler}/1", module_path!());
        let row = statistics.limits.iter().find(|row| row.id == *id).unwrap();
        (row.allowed, row.refused, row.observed)
    }

    /// Which of these callers are refused at two requests an hour.
    async fn refused(&self, callers: &[String]) -> BTreeSet<String> {
        self.clock.advance(Duration::from_secs(3600));
        let mut refused = BTreeSet::new();
        for caller in callers {
            let first = self.get("/some", caller).await;
            let second = self.get("/some", caller).await;
            assert_eq!(first.status, 200);
            let is_told = first.header("ratelimit-policy").is_some();
            assert_eq!(
                is_told,
                second.status == 429,
                "told of what is enforced, and of that alone"
            );
            if second.status == 429 {
                refused.insert(caller.clone());
            }
        }
        refused
    }
}

fn limits_of(world: &World) -> Limits {
    world.security.limits()
}

#[actix_web::test]
async fn an_observed_limit_admits_counts_and_tells_nobody_and_an_enforced_one_refuses() {
    let world = world(|builder| builder);
    for _ in 0..5 {
        let answer = world.get("/observed", "ada").await;
        assert_eq!(answer.status, 200);
        assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("ratelimit")));
    }
    assert_eq!(world.runs.so_far(), 5);
    assert_eq!(world.counts("observed"), (2, 0, 3));
    // No permits were taken beyond the limit: half an hour refills one permit, as with an enforced limit.
    world.clock.advance(Duration::from_secs(1800));
    assert_eq!(world.statuses("/observed", "ada", 2).await, [200, 200]);
    assert_eq!(world.counts("observed"), (3, 0, 4));

    world.runs.reset();
    assert_eq!(world.statuses("/plain", "ada", 4).await, [200, 200, 429, 429]);
    assert_eq!(world.runs.so_far(), 2);
    assert_eq!(world.counts("plain"), (2, 2, 0));
    let refused = world.get("/plain", "ada").await;
    assert_eq!(refused.problem(429)["violated-policies"][0], "2/h");
    assert_eq!(refused.header("ratelimit-policy"), Some(r#""2/h";q=2;w=3600"#));
}

#[actix_web::test]
async fn of_attribute_and_configuration_the_stricter_holds() {
    let observing = world(|builder| builder.limit_mode(LimitMode::Observe));
    assert_eq!(observing.statuses("/plain", "ada", 3).await, [200; 3]);
    assert_eq!(observing.statuses("/observed", "ada", 3).await, [200; 3]);
    assert_eq!(observing.statuses("/enforced", "ada", 3).await, [200, 200, 429]);
    assert_eq!(observing.counts("plain"), (2, 0, 1));

    let enforcing = world(|builder| builder.limit_mode(LimitMode::Enforce));
    for path in ["/plain", "/observed", "/enforced"] {
        assert_eq!(enforcing.statuses(path, "ada", 3).await, [200, 200, 429], "{path}");
    }
    assert_eq!(enforcing.statuses("/some", "ada", 2).await, [200, 429]);
}

#[actix_web::test]
async fn a_percentage_refuses_the_same_keys_each_time_and_a_larger_one_more() {
    let world = world(|builder| builder);
    let callers: Vec<String> = (0..150).map(|n| format!("caller {n}")).collect();
    let first = world.refused(&callers).await;
    assert!((12..=50).contains(&first.len()), "{}", first.len());
    assert_eq!(world.refused(&callers).await, first);
    let id: LimitId = format!("{}::some/1", module_path!()).parse().unwrap();
    limits_of(&world).set_mode(&id, LimitMode::Percent(60)).unwrap();
    let more = world.refused(&callers).await;
    assert!(more.is_superset(&first) && more.len() > first.len() + 20, "{}", more.len());
    limits_of(&world).set_mode(&id, LimitMode::Observe).unwrap();
    assert!(world.refused(&callers).await.is_empty());
    limits_of(&world).set_mode(&id, LimitMode::Enforce).unwrap();
    assert_eq!(world.refused(&callers).await.len(), callers.len());
}

#[actix_web::test]
async fn two_processes_draw_the_same_keys() {
    let callers: Vec<String> = (0..60).map(|n| format!("caller {n}")).collect();
    let (one, other) = (world(|builder| builder), world(|builder| builder));
    assert_eq!(one.refused(&callers).await, other.refused(&callers).await);
}

#[actix_web::test]
async fn a_limit_on_trial_stands_beside_the_one_that_holds() {
    let world = world(|builder| builder);
    let first = world.get("/trial", "ada").await;
    assert_eq!(first.header("ratelimit-policy"), Some(r#""3/h";q=3;w=3600"#));
    assert_eq!(first.header("ratelimit"), Some(r#""3/h";r=2;t=1200"#));
    assert_eq!(world.statuses("/trial", "ada", 3).await, [200, 200, 429]);
    let refused = world.get("/trial", "ada").await;
    assert_eq!(refused.problem(429)["violated-policies"][0], "3/h");
    let statistics = world.security.limits().statistics();
    let rows = statistics.limits.iter().filter(|row| row.endpoint.ends_with("::trial"));
    let counts: Vec<_> =
        rows.map(|it| (&*it.limit, it.mode, it.allowed, it.refused, it.observed)).collect();
    let expected = [
        ("3/h", LimitMode::Enforce, 3, 2, 0),
        // The two requests that the other limit refused do not count here.
        ("1/min", LimitMode::Observe, 1, 0, 2),
    ];
    assert_eq!(counts, expected);
}

#[actix_web::test]
async fn quotas_and_costs_are_observed_as_well() {
    let world = world(|builder| builder);
    assert_eq!(world.statuses("/quota", "ada", 3).await, [200; 3]);
    assert_eq!(world.counts("quota"), (1, 0, 2));
    // A cost that is available; a larger one, which takes nothing; and one above the burst.
    for (cost, counts) in [(4, (1, 0, 0)), (3, (2, 0, 1)), (9, (3, 0, 2))] {
        let answer = world.get(&format!("/costs/{cost}"), "ada").await;
        assert_eq!((answer.status, answer.body), (200, cost.to_string()));
        assert_eq!(world.counts("costs"), counts, "{cost}");
    }
    assert_eq!(world.get("/costs/9", "grace").await.status, 200);
    assert_eq!(world.counts("costs"), (4, 0, 3));
    // The remaining permit was taken by neither request.
    assert_eq!(world.get("/costs/1", "ada").await.status, 200);
    assert_eq!(world.counts("costs"), (5, 0, 3));
    assert_eq!(world.get("/costs/5", "grace").await.status, 200);
    assert_eq!(world.counts("costs"), (6, 0, 3));
    assert_eq!(world.statuses("/charged", "ada", 2).await, [200, 200]);
    assert_eq!(world.counts("charged"), (1, 0, 1));
    world.clock.advance(Duration::from_secs(720));
    assert_eq!(world.statuses("/charged", "ada", 2).await, [200, 200]);
    assert_eq!(world.counts("charged"), (2, 0, 2));
}

#[actix_web::test]
async fn the_inventory_and_the_launch_say_what_is_not_enforced() {
    let shown = |mode: Option<LimitMode>| {
        let world = world(|builder| match mode {
            Some(mode) => builder.limit_mode(mode),
            None => builder,
        });
        let inventory = world.security.inventory();
        let limits = |path: &str| {
            inventory.rows().iter().find(|row| row.path == Some(path)).unwrap().limits.join(", ")
        };
        [limits("/plain"), limits("/enforced"), limits("/some"), limits("/trial")]
    };
    let as_written = ["2/h", "2/h", "1/h enforced for 20%", "3/h, 1/min observed"];
    assert_eq!(shown(None), as_written);
    let lenient = ["2/h observed", "2/h", "1/h enforced for 20%", "3/h observed, 1/min observed"];
    assert_eq!(shown(Some(LimitMode::Observe)), lenient);
    assert_eq!(shown(Some(LimitMode::Enforce)), ["2/h", "2/h", "1/h", "3/h, 1/min"]);

    let (builder, ..) = crate::security(module_path!());
    let error = builder.limit_mode(LimitMode::Percent(120)).build().err().unwrap();
    assert!(error.to_string().contains("`limit_mode` expects 0 to 100 percent, found 120"));
}

#[actix_web::test]
async fn statistics_name_nobody_and_show_who_is_busy() {
    let world = world(|builder| builder);
    assert!(world.statuses("/plain", "a busy caller", 100).await.contains(&429));
    world.get("/plain", "a rare caller").await;
    let statistics = world.security.limits().statistics();
    let id: LimitId = format!("{}::plain/1", module_path!()).parse().unwrap();
    let row = statistics.limits.iter().find(|row| row.id == id).unwrap();
    assert_eq!((row.allowed, row.refused, row.observed), (3, 98, 0));
    assert_eq!(row.routes, ["GET /plain"]);
    let busiest = row.busiest.first().unwrap();
    assert!(busiest.percent > 50, "{busiest:?}");

    let json = serde_json::to_string(&statistics).unwrap();
    let table = statistics.to_string();
    for shown in [&json, &table] {
        assert!(shown.contains(id.as_str()) && shown.contains(&busiest.key.to_string()), "{shown}");
        for secret in ["busy caller", "rare caller", "127.0.0.1", "acme"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    let limits = world.security.limits();
    let unknown = limits.set_mode(&"nobody/1".parse().unwrap(), LimitMode::Observe).unwrap_err();
    assert_eq!(unknown.to_string(), "no limit has the id `nobody/1`");
    let share = limits.set_mode(&id, LimitMode::Percent(101)).unwrap_err();
    assert_eq!(share.to_string(), "a mode is for 0 to 100 percent of keys, found 101");
    assert_eq!(world.get("/plain", "a busy caller").await.status, 429, "nothing was changed");
}
