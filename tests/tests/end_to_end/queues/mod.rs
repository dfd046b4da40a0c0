//! Queues: a queued request is served in order, or refused after its maximum wait.

mod changes;
mod given_up;
mod limits;
mod modes;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::rt::task::yield_now;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use futures_util::future::{join, join4};
use secure_runtime::operations::ConcurrencyRow;
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Security, SecurityBuilder, secure};
use secure_tests::{Answer, TestServer, bearer};

/// How many requests have arrived, and how many of them may continue.
#[derive(Clone, Default)]
struct Doors {
    came: Arc<Mutex<Vec<String>>>,
    open: Arc<AtomicUsize>,
}

impl Doors {
    /// Records the request, and waits until enough doors are open.
    async fn pass(&self, request: &HttpRequest) -> HttpResponse {
        let number = {
            let mut came = self.came.lock().unwrap();
            let name = request.headers().get("x-name").map_or("", |name| name.to_str().unwrap());
            came.push(name.to_owned());
            came.len()
        };
        while self.open.load(Ordering::SeqCst) < number {
            yield_now().await;
        }
        HttpResponse::Ok().finish()
    }

    fn open(&self, number: usize) {
        self.open.store(number, Ordering::SeqCst);
    }

    fn came(&self) -> Vec<String> {
        self.came.lock().unwrap().clone()
    }
}

#[secure(concurrency(1, queue = 2, wait = "60s"), rate = "1/min")]
#[get("/turns")]
async fn turns(request: HttpRequest, doors: web::Data<Doors>) -> HttpResponse {
    doors.pass(&request).await
}

#[secure(concurrency(1, queue = 8, wait = "60ms"), unvalidated(body, reason = "a test"))]
#[post("/brief")]
async fn brief(request: HttpRequest, doors: web::Data<Doors>, body: web::Bytes) -> HttpResponse {
    assert!(body.len() < 100);
    doors.pass(&request).await
}

/// The rule uses application state.
#[secure(allow = caller.subject() != "eve", concurrency(1, queue = 1, wait = "60s"))]
#[get("/ruled")]
async fn ruled(request: HttpRequest, doors: web::Data<Doors>) -> HttpResponse {
    doors.pass(&request).await
}

struct World {
    server: TestServer,
    security: Security,
    issuer: Issuer,
    clock: FakeClock,
    doors: Doors,
}

fn world(configure: impl FnOnce(SecurityBuilder) -> SecurityBuilder) -> World {
    let (builder, issuer, clock) = crate::security(module_path!());
    let (security, doors) = (configure(builder).build().unwrap(), Doors::default());
    let data = web::Data::new(doors.clone());
    let server = TestServer::start(&security, move || {
        let services = secure_runtime::scope("").app_data(data.clone());
        let services = services.service(turns).service(brief).service(ruled);
        let services = services.service(limits::shared).service(limits::named);
        let services = services.service(modes::observed).service(modes::some);
        let services =
            services.service(changes::room).service(changes::wide).service(changes::busy);
        services.service(given_up::held).service(given_up::open)
    });
    World { server, security, issuer, clock, doors }
}

impl World {
    fn caller(&self, name: &str) -> String {
        bearer(&self.issuer.token(name).sign())
    }

    /// The statistics of this handler's only `concurrency`.
    fn row(&self, handler: &str) -> ConcurrencyRow {
        row(&self.security, handler)
    }

    /// Waits until the server's threads have reached a state.
    async fn until(&self, handler: &str, holds: impl Fn(&ConcurrencyRow) -> bool) {
        until(&self.security, handler, holds).await;
    }

    /// Sends a request as soon as this many others wait.
    async fn after(&self, waiting: u64, path: &str, headers: &[&str]) -> Answer {
        let handler = path.trim_start_matches('/');
        self.until(handler, |row| row.serving == 1 && row.waiting == waiting).await;
        self.server.get(path, headers).await
    }
}

fn row(security: &Security, handler: &str) -> ConcurrencyRow {
    let rows = security.limits().statistics().concurrency;
    let ends = format!("::{handler}/concurrency/1");
    rows.into_iter().find(|row| row.id.as_str().ends_with(&ends)).unwrap()
}

async fn until(security: &Security, handler: &str, holds: impl Fn(&ConcurrencyRow) -> bool) {
    let start = Instant::now();
    while !holds(&row(security, handler)) {
        let found = row(security, handler);
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain: {found:?}");
        yield_now().await;
    }
}

#[actix_web::test]
async fn who_waits_is_served_in_the_order_of_arrival() {
    let world = world(|builder| builder);
    let ada = world.caller("ada");
    let named = |name: &str| [ada.clone(), format!("x-name: {name}")];
    let [first, second, third, fourth] = ["1st", "2nd", "3rd", "4th"].map(named);
    let send = |waiting, headers: [String; 2]| {
        let world = &world;
        async move { world.after(waiting, "/turns", &[&headers[0], &headers[1]]).await }
    };
    let tested = async {
        // Two workers hold the slots: a request that comes when both are taken is refused at once.
        let refused = send(2, fourth).await;
        assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["1 at once"]));
        assert_eq!(refused.header("retry-after"), Some("1"));
        let grace = world.caller("grace");
        let grace = [grace.as_str(), "x-name: grace"];
        let other = world.server.get("/turns", &grace);
        let row = world.row("turns");
        assert_eq!((row.serving, row.waiting, row.queued, row.refused), (1, 2, 2, 1));
        assert_eq!(row.limit, "1 at once queue 2 wait 60s");
        // The queue belongs to one caller; another caller is served.
        let opened = async {
            world.until("turns", |_| world.doors.came().len() == 2).await;
            assert_eq!(world.doors.came(), ["1st", "grace"]);
            assert_eq!(world.row("turns").serving, 2);
            for (number, waiting, came) in [(1, 1, 3), (2, 1, 3), (3, 0, 4), (4, 0, 4)] {
                // The limits after the queue use the time at the end of the wait.
                world.clock.advance(Duration::from_secs(60));
                world.doors.open(number);
                world.until("turns", |_| world.doors.came().len() == came).await;
                assert_eq!(world.row("turns").waiting, waiting);
            }
        };
        join(other, opened).await.0
    };
    let (first, second, third, grace) = join4(
        world.server.get("/turns", &[&first[0], &first[1]]),
        send(0, second),
        send(1, third),
        tested,
    )
    .await;
    let statuses = [&first, &second, &third, &grace].map(|answer| answer.status);
    assert_eq!(statuses, [200; 4]);
    assert_eq!(world.doors.came(), ["1st", "grace", "2nd", "3rd"]);
    let row = world.row("turns");
    assert_eq!((row.serving, row.waiting, row.expired, row.left), (0, 0, 0, 0));
}

#[actix_web::test]
async fn who_waited_too_long_is_refused_as_at_once_and_takes_nothing() {
    let world = world(|builder| builder);
    let ada = world.caller("ada");
    let tested = async {
        world.until("brief", |row| row.serving == 1).await;
        let start = Instant::now();
        let refused = world.server.send("POST", "/brief", &[&ada], "").await;
        assert!(start.elapsed() >= Duration::from_millis(60));
        assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["1 at once"]));
        assert_eq!(refused.header("retry-after"), Some("1"));
        // A body that never arrives does not extend the wait, and the queue does not wait for it.
        let start = "POST /brief HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n";
        let answer = world.server.raw(format!("{start}{ada}\r\n\r\n{{")).await;
        assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
        assert_eq!(world.doors.came().len(), 1);
        world.doors.open(9);
    };
    let headers = [ada.as_str()];
    let (first, ()) = join(world.server.send("POST", "/brief", &headers, ""), tested).await;
    assert_eq!(first.status, 200);
    assert_eq!(world.server.send("POST", "/brief", &[&ada], "").await.status, 200);
    let row = world.row("brief");
    assert_eq!((row.queued, row.refused, row.expired, row.left), (2, 2, 2, 0));
    assert_eq!((row.serving, row.waiting), (0, 0));
}

#[actix_web::test]
async fn a_rule_that_asks_the_application_is_asked_before_the_wait() {
    let world = world(|builder| builder);
    let (ada, eve) = (world.caller("ada"), world.caller("eve"));
    let headers = [ada.as_str()];
    let tested = async {
        world.until("ruled", |row| row.waiting == 1).await;
        assert_eq!(world.server.get("/ruled", &[&eve]).await.status, 403);
        world.doors.open(2);
    };
    let (first, second, ()) = futures_util::future::join3(
        world.server.get("/ruled", &headers),
        world.after(0, "/ruled", &headers),
        tested,
    )
    .await;
    assert_eq!((first.status, second.status, world.doors.came().len()), (200, 200, 2));
}

#[actix_web::test]
async fn operators_see_a_table_and_the_inventory_the_queue() {
    let world = world(|builder| builder);
    let shown = world.security.limits().statistics().to_string();
    assert!(
        shown.contains("SERVING  WAITING  QUEUED  REFUSED  EXPIRED  LEFT  OBSERVED"),
        "{shown}"
    );
    assert!(shown.contains("queues::brief/concurrency/1"), "{shown}");
    let inventory = world.security.inventory().to_string();
    assert!(inventory.contains("1 at once queue 8 wait 60ms"), "{inventory}");
    let json = serde_json::to_value(world.security.limits().statistics()).unwrap();
    let rows = json["concurrency"].as_array().unwrap();
    let found = rows.iter().find(|row| row["routes"][0] == "GET /turns").unwrap();
    assert_eq!((&found["serving"], &found["waiting"]), (&0.into(), &0.into()));
}
