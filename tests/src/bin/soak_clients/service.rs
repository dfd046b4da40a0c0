//! The secured service under test, with the settings that the documentation recommends, and a separate port
//! for its operator.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::rt::time::sleep;
use actix_web::web::{Bytes, Data, Json, Query};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, Responder, get, post};
use futures_util::future::join;
use futures_util::stream;
use secure_runtime::{
    Denial, DenialKind, Granted, Resource, ResponseCost, Security, TrustedProxies, claim_account,
    secure,
};
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::{callers, errors};

pub(crate) const MAX_IN_FLIGHT: u64 = 128;
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(3);
/// Items whose id is a multiple of this number are slow to load.
const SLOW_ITEM: u32 = 20;

/// While it is closed, handlers wait in front of it.
#[derive(Clone, Default)]
struct Door(Arc<AtomicBool>);

impl Door {
    async fn pass(&self) {
        while self.0.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

struct Item {
    owner: &'static str,
}

impl Resource for Item {
    type Key = u32;

    async fn load(id: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        if id.is_multiple_of(SLOW_ITEM) {
            sleep(Duration::from_millis(100)).await;
        }
        Ok((id < 1000).then_some(Self { owner: callers::owner_of(id) }))
    }
}

#[secure(
    allow = item.owner == caller.subject(),
    hide,
    concurrency(8, queue = 16, wait = "2s"),
    rate = "200/s",
    failures = "30/min"
)]
#[get("/items/{id}")]
async fn item(item: Granted<Item>, door: Data<Door>) -> String {
    door.pass().await;
    item.owner.to_owned()
}

#[derive(Deserialize, Serialize, Validate)]
struct Line {
    #[validate(length(min = 1, max = 64))]
    article: String,
    #[validate(range(min = 1, max = 1000))]
    quantity: u32,
}

#[derive(Deserialize, Validate)]
struct Order {
    #[validate(length(min = 1, max = 100), nested)]
    lines: Vec<Line>,
}

#[secure(
    concurrency(8, queue = 16, wait = "2s"),
    rate("500/s", cost = order.lines.len().try_into().unwrap_or(u32::MAX)),
    max_body = "64KiB",
    validate(order)
)]
#[post("/orders")]
async fn order(order: Json<Order>, door: Data<Door>) -> String {
    door.pass().await;
    let articles = order.lines.iter().map(|line| line.quantity as usize + line.article.len());
    articles.sum::<usize>().to_string()
}

/// All callers share sixteen slots; each caller may use two.
#[secure(concurrency(2, queue = 8, wait = "2s"))]
mod reports {
    use super::*;

    #[derive(Deserialize, Validate)]
    struct Report {
        #[validate(range(min = 1, max = 500))]
        rows: u32,
    }

    /// Takes one millisecond per row.
    #[secure(
        concurrency(16, by = endpoint, queue = 32, wait = "2s"),
        rate("8000/s", cost = report.rows),
        max_body = "1KiB",
        validate(report)
    )]
    #[post("/reports")]
    pub(super) async fn report(report: Json<Report>, door: Data<Door>) -> String {
        sleep(Duration::from_millis(report.rows.into())).await;
        door.pass().await;
        report.rows.to_string()
    }
}

#[derive(Deserialize, Validate)]
struct Login {
    #[validate(length(max = 64))]
    name: String,
    #[validate(length(max = 64))]
    password: String,
}

#[secure(
    public,
    failures = "10/min",
    rate("600/s", by = address),
    max_body = "1KiB",
    validate(login)
)]
#[post("/login")]
async fn login(
    request: HttpRequest,
    login: Json<Login>,
    door: Data<Door>,
) -> Result<&'static str, Denial> {
    claim_account(&request, &login.name)?;
    door.pass().await;
    if login.password == callers::PASSWORD {
        Ok("welcome")
    } else {
        Err(Denial::new(DenialKind::Unauthenticated, "wrong"))
    }
}

#[derive(Deserialize, Validate)]
struct Export {
    #[validate(range(min = 1, max = 64))]
    blocks: u32,
}

/// Streams blocks of 64 KiB; each one is created after the client has taken the previous one.
#[secure(concurrency(4, queue = 8, wait = "2s"), rate("500/s", cost = response), validate(export))]
#[get("/export")]
async fn export(export: Query<Export>, door: Data<Door>) -> impl Responder {
    const BLOCK: &[u8] = &[b'x'; 64 * 1024];
    door.pass().await;
    let blocks = (0..export.blocks).map(|_| Ok::<_, Error>(Bytes::from_static(BLOCK)));
    let length = u64::from(export.blocks) * BLOCK.len() as u64;
    let response = HttpResponse::Ok().no_chunking(length).streaming(stream::iter(blocks));
    ResponseCost(export.blocks).of(response)
}

#[secure(public, priority = critical)]
#[get("/ready")]
async fn ready(door: Data<Door>) -> &'static str {
    door.pass().await;
    "ready"
}

/// The operator's request: returns the state of the limits.
#[get("/statistics")]
async fn statistics(security: Data<Security>) -> impl Responder {
    Json(security.limits().statistics())
}

#[post("/close")]
async fn close(door: Data<Door>) -> &'static str {
    door.0.store(true, Ordering::SeqCst);
    "closed"
}

#[post("/open")]
async fn open(door: Data<Door>) -> &'static str {
    door.0.store(false, Ordering::SeqCst);
    "open"
}

/// Serves until standard input ends, which happens when the parent process has ended. The first line of its
/// output contains the ports: HTTP/1.1, HTTP/2, the operator's.
pub(crate) fn serve() {
    errors::log();
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let issuer = callers::issuer();
    let nobody = TrustedProxies::new([] as [&str; 0]).expect("no proxies");
    let security = Security::builder()
        .authenticator("jwt", issuer.jwt().dangerously_accept_test_keys())
        .trusted_proxies(nobody)
        .max_in_flight(MAX_IN_FLIGHT as usize)
        .body_timeout(BODY_TIMEOUT)
        .min_body_rate(16 * 1024)
        .max_validated_values(2_000)
        .build()
        .expect("a security");
    let door = Data::new(Door::default());
    let (of_operator, at_door) = (Data::new(security.clone()), door.clone());
    let secured = move || {
        let scope = secure_runtime::scope("").app_data(door.clone());
        let scope = scope.service(item).service(order).service(reports::report).service(login);
        App::new().app_data(security.clone()).service(scope.service(export).service(ready))
    };
    let operated = move || {
        let app = App::new().app_data(of_operator.clone()).app_data(at_door.clone());
        app.service(statistics).service(close).service(open)
    };
    let loopback = ("127.0.0.1", 0);
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(secured).workers(2).h1_allow_half_closed(false);
        let server = server.bind(loopback).expect("a free port");
        let server = server.bind_auto_h2c(loopback).expect("a free port");
        let operator = HttpServer::new(operated).workers(1).disable_signals();
        let operator = operator.bind(loopback).expect("a free port");
        let addresses = [server.addrs(), operator.addrs()].concat();
        let ports: Vec<String> =
            addresses.iter().map(SocketAddr::port).map(|port| port.to_string()).collect();
        println!("{}", ports.join(" "));
        std::io::stdout().flush().expect("somebody who reads");
        let (server, operator) = join(server.run(), operator.run()).await;
        server.and(operator).expect("a server that runs");
    });
}
