//! `loopback FIXTURE [--quick]`: microseconds per request over HTTP on loopback, on one connection. The
//! endpoints take turns, each with a flood of requests. It measures what a limit adds, and what a refusal
//! costs the server. Refusals are also measured with pipelined requests, so that the server never waits and
//! its caches stay warm.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{App, HttpResponse, HttpServer, get, post, web};
use benches::Failure;
use benches::drive::{SMALL_NOTE, body};
use benches::fixture::{AUDIENCE, Fixture, ISSUER};
use benches::order::{NewOrder, Receipt};
use benches::row::Row;
use benches::timing::median;
use secure_runtime::authentication::Jwt;
use secure_runtime::{Security, secure};

/// Requests to one endpoint before the next endpoint's turn.
const IN_A_ROW: usize = 64;
/// The number of pipelined requests.
const AT_ONCE: usize = 16;

#[get("/bare")]
async fn bare() -> &'static str {
    "served"
}

#[secure(roles = "admin")]
#[get("/unlimited")]
async fn unlimited() -> &'static str {
    "served"
}

#[secure(roles = "admin", rate = "1000000000/h")]
#[get("/limited")]
async fn limited() -> &'static str {
    "served"
}

#[secure(roles = "admin", rate = "1/h")]
#[get("/refused")]
async fn refused() -> &'static str {
    "served"
}

#[secure(public, rate = "1/h")]
#[get("/refused_address")]
async fn refused_address() -> &'static str {
    "served"
}

/// The response of `/refused`, from a handler without any check.
#[get("/floor")]
async fn floor() -> HttpResponse {
    HttpResponse::TooManyRequests()
        .append_header((CONTENT_TYPE, "application/problem+json"))
        .append_header((RETRY_AFTER, "3600"))
        .append_header(("ratelimit-policy", r#""1/h";q=1;w=3600"#))
        .append_header(("ratelimit", r#""1/h";r=0;t=3600"#))
        .body(PROBLEM)
}

const PROBLEM: &str = r#"{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Quota Exceeded","status":429,"violated-policies":["1/h"]}"#;

#[post("/orders")]
async fn place(order: web::Json<NewOrder>) -> web::Json<Receipt> {
    web::Json(order.into_inner().into())
}

#[secure(roles = "admin", rate = "1/h", validate(order))]
#[post("/orders")]
async fn place_one(order: web::Json<NewOrder>) -> web::Json<Receipt> {
    web::Json(order.into_inner().into())
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: loopback FIXTURE [--quick]")?;
    let rounds = if arguments.any(|option| option == "--quick") { 30 } else { 500 };
    let fixture = Fixture::read(file)?;
    let jwt = Jwt::rs256(&fixture.public_pem).issuer(ISSUER).audience(AUDIENCE);
    let security =
        Security::builder().answers_for(module_path!()).authenticator("jwt", jwt).build()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    // The server ends with the process.
    std::thread::spawn(move || serve(listener, security));
    measure(address, &fixture.rs256.admin, rounds)
}

fn serve(listener: TcpListener, security: Security) -> std::io::Result<()> {
    let server = HttpServer::new(move || {
        let secured = secure_runtime::scope("/api");
        App::new()
            .app_data(security.clone())
            .service(web::scope("/open").service(bare).service(floor).service(place))
            .service(
                secured
                    .service(unlimited)
                    .service(limited)
                    .service(refused)
                    .service(refused_address)
                    .service(place_one),
            )
    });
    actix_web::rt::System::new().block_on(server.workers(1).listen(listener)?.run())
}

fn measure(address: SocketAddr, token: &str, rounds: usize) -> Result<(), Failure> {
    let request = |method: &str, path: &str, rest: &[u8]| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: shop.example\r\nauthorization: Bearer {token}\r\n"
        );
        [head.as_bytes(), rest].concat()
    };
    let get = |path: &str| request("GET", path, b"\r\n");
    let order = body(SMALL_NOTE)?;
    let fields =
        format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n", order.len());
    let post = |path: &str| request("POST", path, &[fields.as_bytes(), &order].concat());
    let mut connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(Duration::from_secs(10)))?;
    // The status of the first request, which fills the caches, and of all others.
    let requests = [
        (get("/open/bare"), "200", "200"),
        (get("/open/floor"), "429", "429"),
        (get("/api/unlimited"), "200", "200"),
        (get("/api/limited"), "200", "200"),
        (get("/api/refused"), "200", "429"),
        (get("/api/refused_address"), "200", "429"),
        (post("/open/orders"), "200", "200"),
        (post("/api/orders"), "200", "429"),
    ];
    let mut lengths = [0; 8];
    for ((request, first, expected), length) in requests.iter().zip(&mut lengths) {
        for status in [first, expected] {
            connection.write_all(request)?;
            let mut answer = vec![0; 4096];
            let read = connection.read(&mut answer)?;
            answer.truncate(read);
            *length = check(&answer, status)?;
        }
    }
    let [mut one_by_one, mut at_once] = [const { [const { Vec::new() }; 8] }; 2];
    for _ in 0..rounds {
        let times = one_by_one.iter_mut().zip(&mut at_once);
        let requests = requests.iter().zip(lengths);
        for (((request, _, status), length), (one_by_one, at_once)) in requests.zip(times) {
            for _ in 0..IN_A_ROW {
                one_by_one.push(exchange(&mut connection, request, &mut vec![0; length], status)?);
            }
            let (requests, mut answers) = (request.repeat(AT_ONCE), vec![0; length * AT_ONCE]);
            for _ in 0..IN_A_ROW / AT_ONCE {
                let time = exchange(&mut connection, &requests, &mut answers, status)?;
                at_once.push(time / AT_ONCE as f64);
            }
        }
    }
    for (suffix, mut times) in [("", one_by_one), ("_at_once", at_once)] {
        let of = times.each_mut().map(|times| median(times));
        let [of_bare, of_floor, of_free, of_limited, of_refused, of_address, of_order, of_post] =
            of;
        for (name, ours, peer, peer_name) in [
            ("limited", of_limited, of_free, "the same endpoint without a rate"),
            ("refused", of_refused, of_bare, "a bare accepted request"),
            ("refused_address", of_address, of_bare, "a bare accepted request"),
            ("refused_floor", of_refused, of_floor, "the same answer, decided by nobody"),
            ("refused_order", of_post, of_order, "a bare accepted request with a JSON body"),
        ] {
            let name = &format!("loopback/{name}{suffix}");
            Row { name, unit: "us", ours, peer, peer_name }.print()?;
        }
    }
    Ok(())
}

/// Sends requests, reads their responses, which must all have this status, and returns the duration in
/// microseconds. All responses of an endpoint have the same length, so finding their ends costs no time.
fn exchange(
    connection: &mut TcpStream,
    requests: &[u8],
    responses: &mut [u8],
    status: &str,
) -> Result<f64, Failure> {
    let start = Instant::now();
    connection.write_all(requests)?;
    connection.read_exact(responses)?;
    let time = start.elapsed().as_secs_f64() * 1e6;
    let mut rest = &*responses;
    while !rest.is_empty() {
        rest = rest.split_at(check(rest, status)?).1;
    }
    Ok(time)
}

/// The length of the first response, which must have this status and be complete.
fn check(responses: &[u8], status: &str) -> Result<usize, Failure> {
    let end = responses.windows(4).position(|it| it == b"\r\n\r\n").ok_or("no whole response")? + 4;
    let head = String::from_utf8_lossy(responses.split_at(end).0).into_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = end + length.ok_or("a response without a length")?.parse::<usize>()?;
    if head.split(' ').nth(1) == Some(status) && length <= responses.len() {
        Ok(length)
    } else {
        Err(format!("expected {status} and {length} bytes, found {head}").into())
    }
}
