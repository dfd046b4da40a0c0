//! Shared limits with costs from the arguments: changes between the two round trips of a request, and the
//! largest possible costs.

use actix_web::dev::{HttpServiceFactory, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, web};
use secure_runtime::operations::{LimitId, LimitRow};
use secure_runtime::testing::FakeClock;
use secure_runtime::throttling::LimitMode;
use secure_runtime::{Security, secure};
use secure_tests::{Answer, RedisServer, TestServer, bearer, eventually};
use serde::Deserialize;

use crate::Runs;
use crate::shared_instances::{Instance, costing, prefix, store};

#[derive(Deserialize)]
struct Page {
    size: u32,
}

/// The change that an operator makes after the first round trip.
#[derive(Deserialize)]
struct Change {
    permits: Option<u32>,
    percent: Option<u8>,
}

impl FromRequest for Change {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let change = web::Query::<Self>::from_query(request.query_string()).unwrap().into_inner();
        let limits = request.app_data::<Security>().unwrap().limits();
        if let Some(permits) = change.permits {
            let day = format!("{permits}/d").parse().unwrap();
            limits.set_quota(&id("changed"), day).unwrap();
        }
        if let Some(percent) = change.percent {
            limits.set_mode(&id("changed"), LimitMode::Percent(percent)).unwrap();
        }
        std::future::ready(Ok(change))
    }
}

#[secure(rate("10/d", cost = page.size))]
#[get("/changed")]
async fn changed(page: web::Query<Page>, _change: Change, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(page.size.to_string())
}

#[secure(rate("10/d", cost = page.size, mode = "40%"))]
#[get("/some")]
async fn some(page: web::Query<Page>, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(page.size.to_string())
}

/// One permit a second, and a period of centuries.
#[secure(rate("4294967295/4294967295s", cost = page.size))]
#[get("/huge")]
async fn huge(page: web::Query<Page>, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(page.size.to_string())
}

#[secure(rate("4294967295/4294967295s", cost = response))]
#[get("/owing")]
async fn owing(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    costing(u32::MAX)
}

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    secure_runtime::scope("")
        .app_data(runs)
        .service(changed)
        .service(some)
        .service(huge)
        .service(owing)
}

fn id(handler: &str) -> LimitId {
    format!("{}::{handler}/1", module_path!()).parse().unwrap()
}

fn row(security: &Security, handler: &str) -> LimitRow {
    let limits = security.limits().statistics().limits;
    limits.into_iter().find(|row| row.id == id(handler)).unwrap()
}

/// Two instances that share limits, with a clock that stands still.
fn two(redis: &RedisServer) -> [Instance; 2] {
    let (prefix, clock) = (prefix(), FakeClock::new());
    [(); 2].map(|()| Instance::start_at(&clock, module_path!(), store(redis, &prefix), services))
}

fn left(answer: &Answer) -> Option<&str> {
    answer.header("ratelimit")
}

#[actix_web::test]
async fn the_rest_is_taken_of_the_limit_that_holds_by_then() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    // One of ten becomes ten of a hundred, plus four.
    let answer = one.ask("/changed?size=5&permits=100", "ada").await;
    assert_eq!((answer.status, left(&answer)), (200, Some(r#""100/d";r=86;t=12096"#)));
    // 14 of 100 become 1.4 of ten.
    let answer = other.ask("/changed?size=1", "ada").await;
    assert_eq!((answer.status, left(&answer)), (200, Some(r#""10/d";r=7;t=20736"#)));
    // A cost that the changed limit cannot admit is the client's error; the request has cost one.
    let refused = other.ask("/changed?size=5&permits=4", "ada").await;
    let detail = "the request costs 5, and at most 4 can be taken at once";
    assert_eq!(refused.problem(422)["detail"], detail);
    assert_eq!(left(&other.ask("/changed?size=1", "ada").await), Some(r#""4/d";r=1;t=50976"#));
}

#[actix_web::test]
async fn a_request_is_enforced_or_observed_as_it_began() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    assert_eq!(one.ask("/changed?size=11&percent=0", "ada").await.status, 422);
    assert_eq!(one.ask("/changed?size=11&percent=100", "ada").await.status, 200);
    assert_eq!(one.ask("/changed?size=11", "ada").await.status, 422);
    // Each request with an impossible cost has cost one; this makes three.
    assert_eq!(one.ask("/changed?size=1", "ada").await.status, 200);
    let refused = other.ask("/changed?size=10&percent=0", "ada").await;
    assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["10/d"]));
    // A cost that does not fit takes nothing: seven are left, and the request is served in shadow mode.
    assert_eq!(other.ask("/changed?size=10&percent=100", "ada").await.status, 200);
    let answer = other.ask("/changed?size=7", "ada").await;
    assert_eq!((answer.status, left(&answer)), (200, Some(r#""10/d";r=0;t=86400"#)));
    let seen = [&one, &other].map(|it| row(&it.security, "changed"));
    let seen = seen.map(|it| (it.allowed, it.observed, it.refused));
    assert_eq!(seen, [(4, 1, 0), (3, 1, 1)]);
}

#[actix_web::test]
async fn a_percentage_refuses_or_observes_every_cost_of_a_caller_as_one_instance_does() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    let (builder, issuer, _) = crate::security(module_path!());
    let alone = builder.build().unwrap();
    let data = web::Data::new(Runs::default());
    let server = TestServer::start(&alone, move || services(data.clone()));
    let mut drawn = 0;
    for caller in 0..24 {
        let name = format!("caller {caller}");
        let mut seen = [Vec::new(), Vec::new()];
        for (turn, size) in [3, 20, 0, 9, u32::MAX, 6, 1].into_iter().enumerate() {
            let path = format!("/some?size={size}");
            let instance = if turn % 2 == 0 { &one } else { &other };
            seen[0].push(instance.ask(&path, &name).await.status);
            let token = bearer(&issuer.token(&name).sign());
            seen[1].push(server.get(&path, &[&token]).await.status);
        }
        let [together, by_itself] = seen;
        assert_eq!(together, by_itself, "{name}");
        let is_drawn = together != [200; 7];
        let refused = [200, 422, 200, 429, 422, 429, 200];
        assert!(!is_drawn || together == refused, "{name}: {together:?}");
        drawn += u64::from(is_drawn);
    }
    assert!((3..=18).contains(&drawn), "{drawn} of 24");
    let rows = [&one.security, &other.security].map(|it| row(it, "some"));
    let sum = |of: fn(&LimitRow) -> u64| rows.iter().map(of).sum::<u64>();
    let figures = (sum(|it| it.allowed), sum(|it| it.observed), sum(|it| it.refused));
    assert_eq!(figures, (24 * 6 + drawn, (24 - drawn) * 4, drawn * 2));
    let by_itself = row(&alone, "some");
    assert_eq!(figures, (by_itself.allowed, by_itself.observed, by_itself.refused));
}

#[actix_web::test]
async fn costs_as_large_as_numbers_go_are_taken_exactly() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis);
    let answer = one.ask("/huge?size=4294967294", "ada").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(left(&answer), Some(r#""4294967295/4294967295s";r=1;t=4294967294"#));
    let refused = other.ask("/huge?size=4294967295", "ada").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("4294967294")));
    assert_eq!(other.ask("/huge?size=0", "ada").await.status, 200, "the last one");
    let refused = other.ask("/huge?size=0", "ada").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("4294967295")));
    let answer = one.ask("/huge?size=4294967295", "grace").await;
    assert_eq!(left(&answer), Some(r#""4294967295/4294967295s";r=0;t=4294967295"#));

    assert_eq!(one.ask("/owing", "ada").await.status, 200);
    eventually("it is charged", || one.security.shared_limit_statistics().unwrap().decided >= 6);
    // The whole limit is used, and nothing is owed.
    let refused = other.ask("/owing", "ada").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
}
