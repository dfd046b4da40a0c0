//! Costs that are known only after extraction (from the arguments) or after the handler (from the response).

use std::time::Duration;

use actix_web::{HttpResponse, Responder, get, web};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Denial, DenialKind, ResponseCost, secure};
use secure_tests::{Answer, TestServer, bearer};

use crate::Runs;
use crate::argument_costs::{self, pages, several};

#[secure(objects = any, rate("10/h", cost = 10 / path.value()))]
#[get("/divided/{number}")]
async fn divided(path: Number, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(path.0.to_string())
}

/// An argument of the application's own.
#[derive(Clone, Copy)]
struct Number(u32);

impl Number {
    fn value(self) -> u32 {
        self.0
    }
}

impl actix_web::FromRequest for Number {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(
        request: &actix_web::HttpRequest,
        _: &mut actix_web::dev::Payload,
    ) -> Self::Future {
        let number = request.match_info().query("number").parse();
        std::future::ready(number.map(Self).map_err(actix_web::error::ErrorBadRequest))
    }
}

#[secure(objects = any, rate("10/h", cost = response))]
#[get("/answer/{number}")]
async fn answered(cost: Number, runs: web::Data<Runs>) -> Result<impl Responder, Denial> {
    runs.count();
    match cost.0 {
        999 => Err(Denial::new(DenialKind::NotFound, "there is no such thing")),
        cost => Ok(ResponseCost(cost).of("paid")),
    }
}

#[secure(rate("10/h", cost = response))]
#[get("/silent")]
async fn says_nothing() -> &'static str {
    ""
}

struct World {
    server: TestServer,
    issuer: Issuer,
    clock: FakeClock,
    runs: Runs,
}

fn world() -> World {
    let (builder, issuer, clock) = crate::security(module_path!());
    let builder = builder.answers_for(argument_costs::MODULE);
    let (security, runs) = (builder.build().unwrap(), Runs::default());
    let data = web::Data::new(runs.clone());
    let server = TestServer::start(&security, move || {
        secure_runtime::scope("")
            .app_data(data.clone())
            .service(pages)
            .service(several)
            .service(divided)
            .service(answered)
            .service(says_nothing)
    });
    World { server, issuer, clock, runs }
}

fn left(answer: &Answer) -> Option<&str> {
    answer.header("ratelimit")
}

#[actix_web::test]
async fn the_arguments_say_what_a_request_costs() {
    let world = world();
    let ada = bearer(&world.issuer.token("ada").sign());
    let get = async |size: u32| world.server.get(&format!("/pages?size={size}"), &[&ada]).await;
    let first = get(4).await;
    assert_eq!((first.status, &*first.body), (200, "4"));
    assert_eq!(left(&first), Some(r#""10/h";r=6;t=1440"#));
    assert_eq!(left(&get(0).await), Some(r#""10/h";r=5;t=1800"#), "no request is free");
    assert_eq!(world.runs.so_far(), 2);

    // The request has cost nothing, and its cost is refilled in an interval.
    let refused = get(6).await;
    assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["10/h"]));
    assert_eq!(refused.header("retry-after"), Some("360"));
    assert_eq!(left(&refused), Some(r#""10/h";r=5;t=360"#));
    assert_eq!(world.runs.so_far(), 2);
    world.clock.advance(Duration::from_secs(359));
    assert_eq!(left(&get(6).await).unwrap(), r#""10/h";r=5;t=1"#, "nor has it again");
    world.clock.advance(Duration::from_secs(1));
    let paid = get(6).await;
    assert_eq!((paid.status, left(&paid)), (200, Some(r#""10/h";r=0;t=3600"#)));
    assert_eq!(world.runs.so_far(), 3);
    // Nothing is left: requests are refused before their arguments are extracted, until any cost would be admitted.
    let refused = get(5000).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("3600")));
    assert_eq!(left(&refused), Some(r#""10/h";r=0;t=3600"#));
    world.clock.advance(Duration::from_secs(3600));
    let ada = bearer(&world.issuer.token("ada").sign());
    assert_eq!(world.server.get("/pages?size=10", &[&ada]).await.status, 200);
}

#[actix_web::test]
async fn a_cost_above_what_may_be_taken_at_once_is_a_fault_of_the_request() {
    let world = world();
    let ada = bearer(&world.issuer.token("ada").sign());
    let refused = world.server.get("/pages?size=11", &[&ada]).await;
    let problem = refused.problem(422);
    assert_eq!(problem["detail"], "the request costs 11, and at most 10 can be taken at once");
    assert_eq!((refused.header("retry-after"), world.runs.so_far()), (None, 0));
    // It has cost one, like a request that breaks a rule; otherwise nothing would limit either.
    assert_eq!(left(&refused), Some(r#""10/h";r=9;t=360"#));
    world.server.get("/pages?size=1001", &[&ada]).await.problem(422);
    let answer = world.server.get("/pages?size=8", &[&ada]).await;
    assert_eq!((answer.status, left(&answer)), (200, Some(r#""10/h";r=0;t=3600"#)));
    world.server.get("/pages?size=11", &[&ada]).await.problem(429);
    assert_eq!(world.runs.so_far(), 1);
}

#[actix_web::test]
async fn all_late_costs_are_taken_or_none() {
    let world = world();
    let token = |name: &str| bearer(&world.issuer.token(name).sign());
    let post = async |name: &str, size: u32| {
        let body = format!("{{\"size\":{size}}}");
        world.server.post_json("/several", &[&token(name)], &body).await
    };
    assert_eq!(post("ada", 9).await.body, "ada 9");
    // The hour has one permit left, the address has three.
    let refused = post("ada", 2).await;
    assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["10/h"]));
    assert_eq!(world.runs.so_far(), 1);
    // The refusal has not cost the address anything either.
    let answer = post("grace", 2).await;
    assert_eq!((&*answer.body, left(&answer)), ("grace 2", Some(r#""5/h";r=1;t=2880"#)));
    assert_eq!(post("grace", 2).await.status, 429);
    // The address still has one left; the limits of the caller have what neither request took.
    assert_eq!(post("grace", 1).await.body, "grace 1");
    world.clock.advance(Duration::from_secs(3600));
    // A rule about the arguments is checked after the limits, so a request that it refuses has paid.
    post("eve", 3).await.problem(403);
    assert_eq!(left(&post("eve", 2).await), Some(r#""5/h";r=1;t=2880"#));
    assert_eq!(world.runs.so_far(), 4);
}

#[actix_web::test]
async fn a_cost_that_panics_refuses_the_request() {
    let world = world();
    let ada = bearer(&world.issuer.token("ada").sign());
    let refused = world.server.get("/divided/0", &[&ada]).await;
    refused.problem(500);
    assert_eq!((left(&refused), world.runs.so_far()), (Some(r#""10/h";r=10;t=0"#), 0));
    let answer = world.server.get("/divided/1", &[&ada]).await;
    assert_eq!((&*answer.body, left(&answer)), ("1", Some(r#""10/h";r=0;t=3600"#)));
    assert_eq!(world.runs.so_far(), 1);
}

#[actix_web::test]
async fn parallel_requests_take_exactly_what_they_cost() {
    let world = world();
    let ada = bearer(&world.issuer.token("ada").sign());
    let headers = [ada.as_str()];
    let requests = (0..30).map(|_| world.server.get("/pages?size=3", &headers));
    let answers = futures_util::future::join_all(requests).await;
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    // Requests in flight at the same time hold one permit each.
    assert!((1..=3).contains(&admitted), "admitted {admitted}");
    assert!(answers.iter().all(|answer| [200, 429].contains(&answer.status)));
    assert_eq!(world.runs.so_far(), admitted);
}

#[actix_web::test]
async fn the_response_says_what_its_request_cost_and_may_owe() {
    let world = world();
    let ada = bearer(&world.issuer.token("ada").sign());
    let get = async |path: &str| world.server.get(path, &[&ada]).await;
    let first = get("/answer/4").await;
    assert_eq!((first.status, &*first.body), (200, "paid"));
    assert_eq!(left(&first), Some(r#""10/h";r=6;t=1440"#));
    assert_eq!(left(&get("/answer/0").await), Some(r#""10/h";r=5;t=1800"#), "no request is free");
    get("/answer/999").await.problem(404);
    let owing = get("/answer/9").await;
    assert_eq!((owing.status, left(&owing)), (200, Some(r#""10/h";r=0;t=5400"#)));
    assert_eq!(world.runs.so_far(), 4);
    let refused = get("/answer/1").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("2160")));
    assert_eq!(world.runs.so_far(), 4);
    world.clock.advance(Duration::from_secs(2160));
    assert_eq!(left(&get("/answer/4000000000").await), Some(r#""10/h";r=0;t=7200"#), "bounded");
    world.clock.advance(Duration::from_secs(3960));
    let ada = bearer(&world.issuer.token("ada").sign());
    assert_eq!(world.server.get("/answer/1", &[&ada]).await.status, 200);

    let silent = world.server.get("/silent", &[&ada]).await;
    assert_eq!((silent.status, left(&silent)), (200, Some(r#""10/h";r=9;t=360"#)));
}
