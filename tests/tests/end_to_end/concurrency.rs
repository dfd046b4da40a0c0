//! Limits on requests in flight: however a request ends, its slot becomes free.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use actix_web::dev::Service;
use actix_web::rt::task::yield_now;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpRequest, HttpResponse, get, web};
use futures_util::future::{join, join3};
use secure_runtime::testing::Issuer;
use secure_runtime::{Denial, DenialKind, secure};
use secure_tests::{TestServer, bearer};

use crate::Runs;

/// Whether handlers may continue.
#[derive(Clone, Default)]
struct Gate(Arc<AtomicBool>);

#[secure(concurrency = 2, rate = "6/h")]
#[get("/held")]
async fn held(
    request: HttpRequest,
    gate: web::Data<Gate>,
    runs: web::Data<Runs>,
) -> Result<HttpResponse, Denial> {
    runs.count();
    if request.headers().contains_key("x-fails") {
        return Err(Denial::new(DenialKind::NotFound, "there is nothing"));
    }
    while request.headers().contains_key("x-waits") && !gate.0.load(Ordering::SeqCst) {
        yield_now().await;
    }
    Ok(HttpResponse::Ok().finish())
}

#[secure(public, concurrency(1, by = address))]
#[get("/public")]
async fn by_address(
    request: HttpRequest,
    gate: web::Data<Gate>,
    runs: web::Data<Runs>,
) -> HttpResponse {
    runs.count();
    assert!(!request.headers().contains_key("x-panics"), "the handler panics");
    while !gate.0.load(Ordering::SeqCst) {
        yield_now().await;
    }
    HttpResponse::Ok().finish()
}

#[secure(concurrency(1, by = tenant), rate = "100/h")]
#[get("/tenants")]
async fn by_tenant(
    request: HttpRequest,
    gate: web::Data<Gate>,
    runs: web::Data<Runs>,
) -> HttpResponse {
    runs.count();
    while request.headers().contains_key("x-waits") && !gate.0.load(Ordering::SeqCst) {
        yield_now().await;
    }
    HttpResponse::Ok().finish()
}

struct World {
    server: TestServer,
    issuer: Issuer,
    gate: Gate,
    runs: Runs,
}

fn world() -> World {
    let (builder, issuer, _) = crate::security(module_path!());
    let (security, gate, runs) =
        (builder.max_in_flight(1000).build().unwrap(), Gate::default(), Runs::default());
    let data = (web::Data::new(gate.clone()), web::Data::new(runs.clone()));
    let server = TestServer::start(&security, move || {
        let services = secure_runtime::scope("").app_data(data.0.clone()).app_data(data.1.clone());
        services.service(held).service(by_address).service(by_tenant)
    });
    World { server, issuer, gate, runs }
}

impl World {
    /// Waits until the server's threads have reached a state.
    async fn until(&self, runs: usize) {
        let start = Instant::now();
        while self.runs.so_far() < runs {
            assert!(start.elapsed() < Duration::from_secs(60), "waited in vain for {runs} runs");
            yield_now().await;
        }
    }
}

#[actix_web::test]
async fn as_many_are_served_at_once_as_may_be() {
    let world = world();
    let ada = bearer(&world.issuer.token("ada").sign());
    let grace = bearer(&world.issuer.token("grace").sign());
    let waiting = [ada.as_str(), "x-waits: 1"];
    let waits = || world.server.get("/held", &waiting);
    let tested = async {
        world.until(2).await;
        let refused = world.server.get("/held", &[&ada]).await;
        assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["2 at once"]));
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(world.runs.so_far(), 2);
        assert_eq!(world.server.get("/held", &[&grace]).await.status, 200);
        world.gate.0.store(true, Ordering::SeqCst);
    };
    let (first, second, ()) = join3(waits(), waits(), tested).await;
    assert_eq!((first.status, second.status), (200, 200));
    // The refused request has taken nothing of the rate: four are left, no matter how the others end.
    let fails = [ada.as_str(), "x-fails: 1"];
    for (headers, expected) in [(&fails[..], 404), (&fails[..], 404), (&waiting[..], 200)] {
        assert_eq!(world.server.get("/held", headers).await.status, expected);
    }
    let last = world.server.get("/held", &waiting).await;
    assert_eq!((last.status, last.header("ratelimit")), (200, Some(r#""6/h";r=0;t=3600"#)));
    assert!(
        world.server.get("/held", &waiting).await.problem(429)["violated-policies"][0] == "6/h"
    );
}

#[actix_web::test]
async fn a_request_that_is_given_up_makes_room_when_its_work_ends_and_one_that_panics_at_once() {
    let (builder, ..) = crate::security(module_path!());
    let (gate, runs) = (web::Data::new(Gate::default()), web::Data::new(Runs::default()));
    let services = secure_runtime::scope("").app_data(gate.clone()).app_data(runs.clone());
    let security = builder.max_in_flight(1000).build().unwrap();
    let app = App::new().app_data(security).service(services.service(by_address));
    let app = init_service(app).await;
    let call = |panics: bool| {
        let request = TestRequest::get().uri("/public");
        let request = if panics { request.insert_header(("x-panics", "1")) } else { request };
        Box::pin(app.call(request.to_request()))
    };
    for round in 1..=3 {
        let mut first = call(false);
        assert!(poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_pending())).await);
        assert_eq!(call(false).await.unwrap().status(), 429);
        assert_eq!(runs.so_far(), 2 * round - 1);
        drop(first);
        assert_eq!(call(false).await.unwrap().status(), 429, "it is still at work");
        gate.0.store(true, Ordering::SeqCst);
        yield_now().await;
        yield_now().await;
        gate.0.store(false, Ordering::SeqCst);
        let mut panicking = call(true);
        let panicked = poll_fn(|context| {
            let poll = AssertUnwindSafe(|| panicking.as_mut().poll(context));
            Poll::Ready(catch_unwind(poll).is_err())
        });
        assert!(panicked.await, "round {round}");
    }
}

#[actix_web::test]
async fn callers_of_one_tenant_are_counted_together() {
    let world = world();
    let at = |name: &str, tenant: &str| bearer(&world.issuer.token(name).tenant(tenant).sign());
    let (ada, grace, eve) = (at("ada", "acme"), at("grace", "acme"), at("eve", "initech"));
    let waiting = [ada.as_str(), "x-waits: 1"];
    let tested = async {
        world.until(1).await;
        assert_eq!(world.server.get("/tenants", &[&grace]).await.status, 429);
        assert_eq!(world.server.get("/tenants", &[&eve]).await.status, 200);
        world.gate.0.store(true, Ordering::SeqCst);
    };
    let (first, ()) = join(world.server.get("/tenants", &waiting), tested).await;
    assert_eq!(first.status, 200);
    assert_eq!(world.server.get("/tenants", &[&grace]).await.status, 200);
    let inventory = secure_runtime::inventory();
    let tenants = inventory.rows().iter().find(|row| row.path == Some("/tenants")).unwrap();
    assert_eq!(tenants.limits, ["100/h", "1 at once by tenant"]);
}

mod load {
    //! The bound on all requests of a program: what matters least is shed first.

    use super::*;

    async fn wait(request: &HttpRequest, gate: &Gate, runs: &Runs) -> HttpResponse {
        runs.count();
        while request.headers().contains_key("x-waits") && !gate.0.load(Ordering::SeqCst) {
            yield_now().await;
        }
        HttpResponse::Ok().finish()
    }

    #[secure(public, priority = bulk)]
    #[get("/bulk")]
    async fn bulk(
        request: HttpRequest,
        gate: web::Data<Gate>,
        runs: web::Data<Runs>,
    ) -> HttpResponse {
        wait(&request, &gate, &runs).await
    }

    #[secure(public)]
    #[get("/normal")]
    async fn normal(
        request: HttpRequest,
        gate: web::Data<Gate>,
        runs: web::Data<Runs>,
    ) -> HttpResponse {
        wait(&request, &gate, &runs).await
    }

    #[secure(public, priority = critical)]
    #[get("/critical")]
    async fn critical(
        request: HttpRequest,
        gate: web::Data<Gate>,
        runs: web::Data<Runs>,
    ) -> HttpResponse {
        wait(&request, &gate, &runs).await
    }

    #[actix_web::test]
    async fn what_matters_least_is_shed_first() {
        let (builder, ..) = crate::security(module_path!());
        let (gate, runs) = (web::Data::new(Gate::default()), web::Data::new(Runs::default()));
        let services = secure_runtime::scope("").app_data(gate.clone()).app_data(runs.clone());
        let services = services.service(bulk).service(normal).service(critical);
        let app = App::new().app_data(builder.max_in_flight(10).build().unwrap()).service(services);
        let app = init_service(app).await;
        let call = |path: &str, waits: bool| {
            let request = TestRequest::get().uri(path);
            let request = if waits { request.insert_header(("x-waits", "1")) } else { request };
            Box::pin(app.call(request.to_request()))
        };
        let mut waiting = Vec::new();
        for (path, most) in [("/bulk", 5), ("/normal", 9), ("/critical", 10)] {
            while waiting.len() < most {
                assert_eq!(call(path, false).await.unwrap().status(), 200, "{path}");
                let mut waits = call(path, true);
                let poll =
                    poll_fn(|context| Poll::Ready(waits.as_mut().poll(context).is_pending()));
                assert!(poll.await);
                waiting.push(waits);
            }
            let ran = runs.so_far();
            let refused = call(path, false).await.unwrap();
            assert_eq!((refused.status().as_u16(), runs.so_far()), (503, ran), "{path}");
            assert_eq!(refused.headers().get("retry-after").unwrap(), "1");
            let body = actix_web::test::read_body(refused).await;
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let expected =
                "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";
            assert_eq!(problem["type"], expected);
            assert_eq!(problem.get("violated-policies"), None);
        }
        drop(waiting);
        assert_eq!(call("/bulk", false).await.unwrap().status(), 503, "they are still at work");
        gate.0.store(true, Ordering::SeqCst);
        yield_now().await;
        yield_now().await;
        assert_eq!(call("/bulk", false).await.unwrap().status(), 200);
    }

    #[test]
    fn a_priority_needs_a_bound() {
        let faults = |builder: secure_runtime::SecurityBuilder| match builder.build() {
            Ok(_) => Vec::new(),
            Err(error) => error.faults().map(ToString::to_string).collect::<Vec<_>>(),
        };
        let builder = || crate::security(module_path!()).0;
        let found = faults(builder());
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(
            found.iter().all(|fault| fault.contains("add `.max_in_flight(…)` (")),
            "{found:#?}"
        );
        let none = faults(builder().max_in_flight(0));
        assert_eq!(none, ["`max_in_flight` expects at least 1, found 0"]);
        assert!(faults(builder().max_in_flight(1)).is_empty());
    }
}
