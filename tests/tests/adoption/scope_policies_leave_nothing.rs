//! Whatever the handler of a scope's policy does, and whenever the client disconnects: only `next.run()` calls the
//! endpoint, and neither memory nor an in-flight slot leaks.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::rt::{spawn, task, time};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, HttpMessage, HttpRequest, HttpResponse, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Next, SecurityBuilder, route, secure};
use tokio::sync::Semaphore;

/// Data that each request shares; a copy lives as long as the request.
struct World {
    alive: Arc<()>,
    called: AtomicUsize,
    ended: AtomicUsize,
    before: Semaphore,
    within: Semaphore,
}

type Shared = web::Data<World>;

impl World {
    fn new() -> Shared {
        web::Data::new(Self {
            alive: Arc::new(()),
            called: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            before: Semaphore::new(0),
            within: Semaphore::new(0),
        })
    }

    fn note(&self, request: &HttpRequest) {
        request.extensions_mut().insert(Arc::clone(&self.alive));
    }

    fn counts(&self) -> [usize; 3] {
        let requests = Arc::strong_count(&self.alive) - 1;
        [requests, self.called.load(Ordering::SeqCst), self.ended.load(Ordering::SeqCst)]
    }
}

/// The behaviour that the header `x-manner` selects.
#[secure]
async fn odd(next: Next, request: HttpRequest, world: Shared) -> HttpResponse {
    world.note(&request);
    let manner = request.headers().get("x-manner").map_or("", |it| it.to_str().unwrap()).to_owned();
    match &*manner {
        "drops" => drop(next),
        "begins" => drop(next.run()),
        "spawns" => {
            spawn(async move {
                let answer = next.run().await;
                assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
                world.ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        "hurries" => {
            let late = time::timeout(Duration::ZERO, next.run()).await;
            assert!(late.is_err());
        }
        "awaits" => {
            task::yield_now().await;
            return next.run().await;
        }
        _ => return next.run().await,
    }
    HttpResponse::Accepted().finish()
}

#[secure]
async fn waiting(next: Next, request: HttpRequest, world: Shared) -> HttpResponse {
    world.note(&request);
    drop(world.before.acquire().await.unwrap());
    next.run().await
}

#[secure(concurrency = 1)]
async fn one_at_once(next: Next, request: HttpRequest, world: Shared) -> HttpResponse {
    world.note(&request);
    drop(world.before.acquire().await.unwrap());
    next.run().await
}

#[secure(rate("1/h", refund = 5xx))]
async fn refunding(next: Next, request: HttpRequest, world: Shared) -> HttpResponse {
    world.note(&request);
    drop(world.before.acquire().await.unwrap());
    next.run().await
}

#[secure(rate("1/h", refund = 5xx), concurrency = 1)]
async fn both(next: Next, request: HttpRequest, world: Shared) -> HttpResponse {
    world.note(&request);
    drop(world.before.acquire().await.unwrap());
    next.run().await
}

#[secure]
async fn work(world: Shared) -> &'static str {
    world.called.fetch_add(1, Ordering::SeqCst);
    drop(world.within.acquire().await.unwrap());
    world.ended.fetch_add(1, Ordering::SeqCst);
    "done"
}

async fn app(
    world: &Shared,
    configure: impl FnOnce(SecurityBuilder) -> SecurityBuilder,
) -> (impl Service<actix_http::Request, Response = ServiceResponse, Error = Error>, Issuer) {
    let (builder, issuer, _) = crate::security(module_path!());
    let builder = configure(builder);
    let scope = |path| secure_runtime::scope(path).route("/work", route::get().to(work));
    let app = App::new()
        .app_data(builder.build().unwrap())
        .app_data(world.clone())
        .service(scope("/odd").policy(odd))
        .service(scope("/waiting").policy(waiting))
        .service(scope("/one").policy(one_at_once))
        .service(scope("/both").policy(both))
        .service(scope("/refunding").policy(refunding));
    (init_service(app).await, issuer)
}

fn request(path: &str, issuer: &Issuer) -> TestRequest {
    let token = issuer.token("ada").sign();
    TestRequest::with_uri(path).insert_header(("authorization", format!("Bearer {token}")))
}

/// Lets all spawned tasks run.
async fn settle() {
    for _ in 0..20 {
        task::yield_now().await;
    }
}

#[actix_web::test]
async fn the_endpoint_is_called_by_run_alone() {
    let world = World::new();
    world.within.add_permits(1);
    let (app, issuer) = app(&world, |it| it).await;
    for (manner, status, called) in [
        ("runs", 200, 1),
        ("awaits", 200, 1),
        ("drops", 202, 0),
        ("begins", 202, 0),
        ("spawns", 202, 0),
    ] {
        let [_, before, _] = world.counts();
        let request = request("/odd/work", &issuer).insert_header(("x-manner", manner));
        let answer = app.call(request.to_request()).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{manner}");
        drop(answer);
        settle().await;
        let [requests, called_now, _] = world.counts();
        assert_eq!((requests, called_now - before), (0, called), "{manner}");
    }
    let [.., ended] = world.counts();
    assert_eq!(ended, 3, "what was spawned ends as well");
}

#[actix_web::test]
async fn an_endpoint_that_is_too_late_for_its_policy_leaves_nothing() {
    let world = World::new();
    let (app, issuer) = app(&world, |it| it).await;
    let request = request("/odd/work", &issuer).insert_header(("x-manner", "hurries"));
    let answer = app.call(request.to_request()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    drop(answer);
    settle().await;
    assert_eq!(world.counts(), [0, 1, 0]);
}

/// The client disconnects while the policy or the endpoint works.
async fn leave(path: &str, is_within: bool) -> ([usize; 3], u16) {
    let world = World::new();
    if is_within {
        world.before.add_permits(1);
    }
    let (app, issuer) = app(&world, |it| it).await;
    {
        let mut call = pin!(app.call(request(path, &issuer).to_request()));
        for _ in 0..3 {
            let poll = poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending()));
            assert!(poll.await);
        }
    }
    world.before.add_permits(1);
    world.within.add_permits(1);
    settle().await;
    let counts = world.counts();
    let answer = app.call(request(path, &issuer).to_request()).await.unwrap();
    (counts, answer.status().as_u16())
}

#[actix_web::test]
async fn a_client_that_leaves_leaves_nothing() {
    // Work without a slot ends at once; work with a slot continues, and then frees it.
    assert_eq!(leave("/odd/work", true).await, ([0, 1, 0], 200));
    assert_eq!(leave("/one/work", false).await, ([0, 0, 0], 200));
    let (counts, status) = leave("/one/work", true).await;
    assert_eq!((counts[0], status), (0, 200));
}

#[actix_web::test]
async fn a_client_that_leaves_is_not_refunded() {
    assert_eq!(leave("/refunding/work", true).await, ([0, 1, 0], 429));
    assert_eq!(leave("/refunding/work", false).await, ([0, 0, 0], 429));
    for is_within in [false, true] {
        let (counts, status) = leave("/both/work", is_within).await;
        assert_eq!((counts[0], status), (0, 429), "{is_within}");
    }
}

#[actix_web::test]
async fn requests_that_wait_for_a_policy_have_places_among_all() {
    let world = World::new();
    let (app, issuer) = app(&world, |it| it.max_in_flight(3)).await;
    let mut calls = Vec::new();
    for _ in 0..4 {
        calls.push(Box::pin(app.call(request("/waiting/work", &issuer).to_request())));
    }
    let mut statuses = Vec::new();
    for call in &mut calls {
        let poll = poll_fn(|context| {
            for _ in 0..3 {
                if let Poll::Ready(answer) = call.as_mut().poll(context) {
                    return Poll::Ready(Some(answer.unwrap().status().as_u16()));
                }
            }
            Poll::Ready(None)
        });
        statuses.push(poll.await);
    }
    assert_eq!((statuses[0], statuses[3]), (None, Some(503)), "{statuses:?}");
    drop(calls);
    settle().await;
    world.before.add_permits(1);
    world.within.add_permits(1);
    let answer = app.call(request("/waiting/work", &issuer).to_request()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    drop(answer);
    assert_eq!(world.counts()[0], 0);
}
