//! Kind: a request whose client disconnects before the response still counts, and keeps its in-flight slot until
//! its work has ended.

use std::future::{Future, poll_fn};
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use actix_web::dev::Service;
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, init_service};
use actix_web::{
    App, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, Responder, get, web,
};
use secure_runtime::authentication::{
    Attempt, Authenticator, Challenge, Presented, Refusal, Verdict,
};
use secure_runtime::testing::Issuer;
use secure_runtime::{
    Moment, Principal, RequestHead, ResponseCost, Security, TrustedProxies, secure,
};
use secure_tests::{Answer, TestServer, bearer};

/// The door at which handlers and authenticators wait, with their counters.
#[derive(Clone, Default)]
struct Work {
    is_open: Arc<AtomicBool>,
    begun: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl Work {
    /// Counts the start, and continues when the door is open.
    async fn run(self) {
        struct OnDrop(Arc<AtomicUsize>);
        impl Drop for OnDrop {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let _on_drop = OnDrop(Arc::clone(&self.dropped));
        self.begun.fetch_add(1, Ordering::SeqCst);
        while !self.is_open.load(Ordering::SeqCst) {
            actix_web::rt::task::yield_now().await;
        }
        self.ended.fetch_add(1, Ordering::SeqCst);
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }
}

#[secure(public)]
#[get("/fast")]
async fn fast() -> &'static str {
    "fast"
}

/// Answers with the status in the path, once the work is done.
#[secure(objects = any, failures = "3/min")]
#[get("/code/{status}")]
async fn code(work: web::Data<Work>, status: web::Path<u16>) -> HttpResponse {
    Work::clone(&work).run().await;
    HttpResponseBuilder::new(StatusCode::from_u16(*status).unwrap()).finish()
}

/// Holds the request's extensions while it works, and then answers 401.
#[secure(public, failures = "3/min")]
#[get("/held")]
#[expect(clippy::await_holding_refcell_ref, reason = "what the test is about")]
async fn held(work: web::Data<Work>, request: HttpRequest) -> HttpResponse {
    let extensions = request.extensions_mut();
    Work::clone(&work).run().await;
    drop(extensions);
    HttpResponse::Unauthorized().finish()
}

#[secure(public, concurrency(1, by = endpoint))]
#[get("/place")]
async fn place(work: web::Data<Work>) -> &'static str {
    Work::clone(&work).run().await;
    "done"
}

#[secure(public, rate("10/h", by = address, cost = response))]
#[get("/costly")]
async fn costly(work: web::Data<Work>) -> impl Responder {
    Work::clone(&work).run().await;
    ResponseCost(10).of("done")
}

#[secure(public)]
#[get("/nothing")]
async fn nothing(work: web::Data<Work>) -> &'static str {
    Work::clone(&work).run().await;
    "done"
}

#[secure(auth = slow)]
#[get("/slow")]
async fn slow(runs: web::Data<crate::Runs>) -> &'static str {
    runs.count();
    "done"
}

/// An authenticator that waits: `good` is accepted.
struct Slow(Work);

impl Authenticator for Slow {
    fn challenge(&self) -> Challenge {
        Challenge::new("Slow")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-slow")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        let is_good = request.header("x-slow") == Some(b"good");
        let work = self.0.clone();
        Attempt::Pending(Box::pin(async move {
            work.run().await;
            match is_good {
                true => Verdict::Accepted(Principal::builder("ada").build()),
                false => Verdict::Refused(Refusal::invalid_token("not good")),
            }
        }))
    }
}

struct World {
    server: TestServer,
    issuer: Issuer,
    work: Work,
}

impl World {
    fn new() -> Self {
        let (builder, issuer, _) = crate::security(module_path!());
        let work = Work::default();
        let security: Security = builder
            .named_authenticator("slow", Slow(work.clone()))
            .trusted_proxies(TrustedProxies::new([] as [&str; 0]).unwrap())
            .build()
            .unwrap();
        let data = web::Data::new(work.clone());
        let server = TestServer::run(move || {
            let scope = secure_runtime::scope("").app_data(data.clone());
            let scope = scope.service(fast).service(code).service(place).service(costly);
            let app = App::new().app_data(security.clone());
            app.service(scope.service(nothing).service(held))
        });
        Self { server, issuer, work }
    }

    /// Sends a request, waits until its work has begun, and closes the connection. Because of the unread response,
    /// the close becomes a reset.
    async fn reset(&self, path: &str, headers: &[&str]) {
        let begun = self.work.begun();
        let mut stream = TcpStream::connect(self.server.address()).unwrap();
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let first = "GET /fast HTTP/1.1\r\nhost: x\r\n\r\n";
        let request = format!("{first}GET {path} HTTP/1.1\r\nhost: x\r\n{lines}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        soon(async || stream.peek(&mut [0]).is_ok() && self.work.begun() > begun).await;
    }

    async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.server.get(path, headers).await
    }
}

/// Waits until the server's threads have reached a state.
async fn soon(holds: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain");
        actix_web::rt::time::sleep(Duration::from_millis(2)).await;
    }
}

#[actix_web::test]
async fn a_reset_is_an_attempt_and_the_fourth_of_three_is_refused() {
    let world = World::new();
    let ada = bearer(&world.issuer.token("ada").sign());
    for _ in 0..3 {
        world.reset("/code/401", &[&ada]).await;
    }
    // The server has noticed the last reset when no more credentials are checked.
    world.work.open();
    soon(async || world.get("/code/200", &[&ada]).await.status == 429).await;
    let judged = world.work.begun();
    assert_eq!(world.get("/code/200", &[&ada]).await.status, 429);
    assert_eq!(world.work.begun(), judged, "nothing is judged during a ban");
    // Another caller at the same address is served.
    let bob = bearer(&world.issuer.token("bob").sign());
    assert_eq!(world.get("/code/200", &[&bob]).await.status, 200);
}

#[actix_web::test]
async fn an_attempt_counts_also_while_the_handler_holds_what_is_left_in_the_request() {
    let world = World::new();
    for _ in 0..3 {
        world.reset("/held", &[]).await;
    }
    world.work.open();
    soon(async || world.get("/held", &[]).await.status == 429).await;
    let judged = world.work.begun();
    assert_eq!(world.get("/held", &[]).await.status, 429);
    assert_eq!(world.work.begun(), judged);
}

#[actix_web::test]
async fn what_turns_out_well_was_no_attempt() {
    let world = World::new();
    let ada = bearer(&world.issuer.token("ada").sign());
    for _ in 0..2 {
        world.reset("/code/200", &[&ada]).await;
    }
    world.work.open();
    soon(async || world.work.ended.load(Ordering::SeqCst) == 2).await;
    for expected in [401, 401, 401, 429] {
        assert_eq!(world.get("/code/401", &[&ada]).await.status, expected);
    }
}

#[actix_web::test]
async fn credentials_that_are_being_judged_are_judged_and_nothing_else() {
    let (builder, ..) = crate::security(module_path!());
    let (work, runs) = (Work::default(), crate::Runs::default());
    let builder = builder.named_authenticator("slow", Slow(work.clone()));
    let security = builder.trusted_proxies(TrustedProxies::new([] as [&str; 0]).unwrap());
    let scope = secure_runtime::scope("").app_data(web::Data::new(runs.clone())).service(slow);
    let app = App::new().app_data(security.build().unwrap()).service(scope);
    let app = init_service(app).await;
    let call = || {
        let request = TestRequest::get().uri("/slow").insert_header(("x-slow", "good"));
        Box::pin(app.call(request.to_request()))
    };
    let mut given_up = call();
    let is_pending = poll_fn(|context| Poll::Ready(given_up.as_mut().poll(context).is_pending()));
    assert!(is_pending.await);
    drop(given_up);
    work.open();
    soon(async || work.ended.load(Ordering::SeqCst) == 1).await;
    assert_eq!(call().await.unwrap().status(), 200);
    assert_eq!(runs.so_far(), 1, "no handler runs for a client that is gone");
}

#[actix_web::test]
async fn a_place_is_held_until_the_work_is_done() {
    let world = World::new();
    world.reset("/place", &[]).await;
    for _ in 0..20 {
        assert_eq!(world.get("/place", &[]).await.status, 429);
    }
    assert_eq!(world.work.begun(), 1);
    world.work.open();
    soon(async || world.get("/place", &[]).await.status == 200).await;
}

#[actix_web::test]
async fn what_the_response_costs_is_charged() {
    let world = World::new();
    world.reset("/costly", &[]).await;
    world.work.open();
    soon(async || world.work.ended.load(Ordering::SeqCst) == 1).await;
    soon(async || world.get("/costly", &[]).await.status == 429).await;
}

#[actix_web::test]
async fn a_request_on_which_nothing_hangs_ends_with_its_client() {
    let world = World::new();
    world.reset("/nothing", &[]).await;
    soon(async || world.work.dropped.load(Ordering::SeqCst) == 1).await;
    assert_eq!(world.work.ended.load(Ordering::SeqCst), 0);
    world.work.open();
    assert_eq!(world.get("/nothing", &[]).await.status, 200);
}
