//! Limits that are changed while the program runs: the used share stays used, and clients see the new limit.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::{HttpResponse, Responder, get, post, web};
use secure_runtime::operations::LimitId;
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::throttling::Quota;
use secure_runtime::{ResponseCost, Security, secure};
use secure_tests::{Answer, TestServer, bearer};

use crate::Runs;

#[secure(rate = "10/h", rate("1000/d", by = tenant))]
#[get("/work")]
async fn work(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(quota = "10/day")]
#[get("/contract")]
async fn contract() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("10/h", cost = 5))]
#[get("/dear")]
async fn dear() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(rate("10/h", cost = response))]
#[get("/charged")]
async fn charged(security: web::Data<Security>) -> impl Responder {
    // While it is served, the limit becomes ten times as large.
    security.limits().set_quota(&id("charged"), quota(100)).unwrap();
    ResponseCost(61).of("")
}

/// An endpoint with which an operator sees and sets the limits.
#[secure(roles = "operator", rate = "100/min")]
#[get("/limits")]
async fn statistics(security: web::Data<Security>) -> impl Responder {
    web::Json(security.limits().statistics())
}

#[secure(roles = "operator", rate = "100/min", unvalidated(wanted, reason = "`set` judges it"))]
#[post("/limits")]
async fn set(
    security: web::Data<Security>,
    wanted: web::Json<(LimitId, NonZeroU32)>,
) -> HttpResponse {
    let (id, permits) = wanted.into_inner();
    match security.limits().set_quota(&id, Quota::per_hour(permits)) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error) => HttpResponse::Conflict().body(error.to_string()),
    }
}

fn quota(permits: u32) -> Quota {
    Quota::per_hour(NonZeroU32::new(permits).unwrap())
}

fn id(handler: &str) -> LimitId {
    format!("{}::{handler}/1", module_path!()).parse().unwrap()
}

struct World {
    server: TestServer,
    security: Security,
    issuer: Issuer,
    clock: FakeClock,
    runs: Runs,
}

fn world() -> World {
    let (builder, issuer, clock) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let runs = Runs::default();
    let data = web::Data::new(runs.clone());
    let server = TestServer::run({
        let security = security.clone();
        move || {
            actix_web::App::new()
                .app_data(security.clone())
                .app_data(web::Data::new(security.clone()))
                .app_data(data.clone())
                .service(
                    secure_runtime::scope("")
                        .service(work)
                        .service(contract)
                        .service(dear)
                        .service(charged)
                        .service(statistics)
                        .service(set),
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

    /// How many requests of a caller are admitted until one is refused.
    async fn admitted(&self, path: &str, caller: &str) -> u32 {
        let mut admitted = 0;
        while self.get(path, caller).await.status == 200 {
            admitted += 1;
            assert!(admitted < 500, "nobody is refused");
        }
        admitted
    }

    fn set(&self, handler: &str, permits: u32) {
        self.security.limits().set_quota(&id(handler), quota(permits)).unwrap();
    }
}

#[actix_web::test]
async fn whoever_used_a_share_of_the_old_limit_has_used_that_share_of_the_new_one() {
    let world = world();
    for _ in 0..6 {
        assert_eq!(world.get("/work", "ada").await.status, 200);
    }
    assert_eq!(world.admitted("/work", "grace").await, 10);
    world.set("work", 100);
    let told = world.get("/work", "ada").await;
    let policy = r#""100/h";q=100;w=3600, "1000/d";q=1000;w=86400"#;
    assert_eq!(told.header("ratelimit-policy"), Some(policy));
    assert_eq!(told.header("ratelimit"), Some(r#""100/h";r=39;t=2196"#));
    assert_eq!(world.admitted("/work", "ada").await, 39);
    assert_eq!(world.admitted("/work", "grace").await, 0, "used up stays used up");
    assert_eq!(world.admitted("/work", "linus").await, 100);
    let refused = world.get("/work", "ada").await;
    assert_eq!(refused.problem(429)["violated-policies"][0], "100/h");
    assert_eq!(refused.header("retry-after"), Some("36"));

    world.runs.reset();
    world.clock.advance(Duration::from_secs(720));
    world.set("work", 5);
    // A fifth was refilled: one of five, of which nothing was used in the meantime.
    assert_eq!(world.admitted("/work", "ada").await, 1);
    assert_eq!(world.admitted("/work", "linus").await, 1);
    assert_eq!(world.runs.so_far(), 2);
    world.set("work", 10);
    assert_eq!(world.admitted("/work", "ada").await, 0, "back at the launch's, and used up");
    assert_eq!(world.admitted("/work", "new").await, 10);
    let told = world.get("/work", "ada").await;
    assert!(told.header("ratelimit-policy").unwrap().starts_with(r#""10/h";q=10;w=3600"#));
}

#[actix_web::test]
async fn a_quota_of_the_calendar_keeps_its_period() {
    let world = world();
    for _ in 0..6 {
        assert_eq!(world.get("/contract", "ada").await.status, 200);
    }
    let limits = world.security.limits();
    let error = limits.set_quota(&id("contract"), quota(100)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a rate, found a calendar quota: change its permits instead"
    );
    limits.set_permits(&id("contract"), NonZeroU32::new(20).unwrap()).unwrap();
    let told = world.get("/contract", "ada").await;
    assert_eq!(told.header("ratelimit-policy"), Some(r#""20/day";q=20;w=86400"#));
    assert_eq!(world.admitted("/contract", "ada").await, 7);
    world.clock.advance(Duration::from_secs(86_400));
    assert_eq!(world.admitted("/contract", "ada").await, 20);
    let error = limits.set_permits(&id("work"), NonZeroU32::MIN).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a calendar quota or a concurrency limit, found a rate or a failure budget: \
         change its quota instead"
    );
}

#[actix_web::test]
async fn a_change_that_would_admit_nobody_changes_nothing() {
    let world = world();
    let error = world.security.limits().set_quota(&id("dear"), quota(4)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a request costs 5, and the burst would be 4: no request could be admitted"
    );
    assert_eq!(world.admitted("/dear", "ada").await, 2);
    world.set("dear", 5);
    assert_eq!(world.admitted("/dear", "grace").await, 1);
    let limits = world.security.limits();
    let first_refused =
        (11..400).find(|permits| limits.set_quota(&id("dear"), quota(*permits)).is_err());
    assert_eq!(first_refused, Some(265), "254 rates beside the launch's and the one of 5");
    let error = limits.set_quota(&id("dear"), quota(265)).unwrap_err();
    assert_eq!(error.to_string(), "the limit had too many different quotas: 255");
    world.set("dear", 10);
    assert_eq!(world.admitted("/dear", "linus").await, 2, "rates that it had can be given again");
}

#[actix_web::test]
async fn what_a_response_costs_is_taken_of_the_limit_that_holds_then() {
    let world = world();
    // One of ten becomes ten of a hundred, then sixty more: 70 are used.
    assert_eq!(world.get("/charged", "ada").await.status, 200);
    let refused = || async { world.get("/charged", "ada").await.status == 429 };
    assert!(!refused().await, "30 were left, and 31 are owed");
    assert!(refused().await);
    world.clock.advance(Duration::from_secs(31 * 36 + 1));
    assert!(refused().await);
    world.clock.advance(Duration::from_secs(36));
    assert!(!refused().await);
}

#[actix_web::test]
async fn while_clients_ask_a_change_gives_nothing_twice() {
    let world = world();
    let token = bearer(&world.issuer.token("ada").tenant("acme").sign());
    let admitted = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let asks = (0..40).map(|number| {
        let (world, token, admitted) = (&world, &token, &admitted);
        async move {
            if number == 20 {
                world.set("work", 20);
            }
            let answer = world.server.get("/work", &[token]).await;
            let is_old = answer.header("ratelimit-policy").unwrap().starts_with("\"10/h\"");
            admitted[usize::from(!is_old)]
                .fetch_add(usize::from(answer.status == 200), Ordering::SeqCst);
        }
    });
    futures_util::future::join_all(asks).await;
    let [old, new] = admitted.map(AtomicUsize::into_inner);
    // A response may name the new policy although the permit was taken under the old one.
    assert!(old <= 10 && old + new >= 10 && old + new <= 20, "{old} {new}");
    assert_eq!(world.admitted("/work", "ada").await, 0);
}

#[actix_web::test]
async fn operators_see_and_set_limits_and_nobody_else_does() {
    let world = world();
    let operator = bearer(&world.issuer.token("op").role("operator").sign());
    let caller = bearer(&world.issuer.token("ada").sign());
    let body = serde_json::to_string(&(id("work"), 100)).unwrap();
    assert_eq!(world.server.get("/limits", &[&caller]).await.status, 403);
    assert_eq!(world.server.post_json("/limits", &[&caller], &body).await.status, 403);
    assert_eq!(world.admitted("/work", "ada").await, 10);
    assert_eq!(world.server.post_json("/limits", &[&operator], &body).await.status, 204);
    let shown = world.server.get("/limits", &[&operator]).await.json();
    let rows = shown["limits"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"] == id("work").as_str()).unwrap();
    assert_eq!(
        (&row["limit"], &row["allowed"], &row["refused"]),
        (&"100/h".into(), &10.into(), &1.into())
    );
    assert_eq!(row["mode"], "enforce");
    let unknown = serde_json::to_string(&("nobody/1", 100)).unwrap();
    assert_eq!(world.server.post_json("/limits", &[&operator], &unknown).await.status, 409);
}
