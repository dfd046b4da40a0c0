//! `loopback FIXTURE [--quick]`: microseconds of whole requests over HTTP on loopback, one connection, the
//! endpoints in turns, each time as many requests in a row as make a flood: what a limit adds, and what a
//! refusal costs the server.

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

/// Requests to one endpoint before it is the next one's turn.
const IN_A_ROW: usize = 64;

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

/// What `/refused` answers, by whoever decides nothing.
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
    // It ends with the process.
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
    let requests = [
        (get("/open/bare"), "200"),
        (get("/api/unlimited"), "200"),
        (get("/api/limited"), "200"),
        (get("/api/refused"), "429"),
        (get("/api/refused_address"), "429"),
        (get("/open/floor"), "429"),
        (post("/open/orders"), "200"),
        (post("/api/orders"), "429"),
    ];
    // The first one is admitted, and fills caches.
    for (request, _) in &requests {
        exchange(&mut connection, request)?;
    }
    let mut times = [const { Vec::new() }; 8];
    for _ in 0..rounds {
        for ((request, expected), times) in requests.iter().zip(&mut times) {
            for _ in 0..IN_A_ROW {
                let (status, time) = exchange(&mut connection, request)?;
                times.push(time.as_secs_f64() * 1e6);
                if status != *expected {
                    return Err(format!("answered {status}, expected {expected}").into());
                }
            }
        }
    }
    let [
        of_bare,
        of_unlimited,
        of_limited,
        of_refused,
        of_refused_address,
        of_floor,
        of_order,
        of_refused_order,
    ] = times.map(|mut times| median(&mut times));
    let unit = "us";
    let (name, peer_name) = ("loopback/limited", "the same endpoint without a rate");
    Row { name, unit, ours: of_limited, peer: of_unlimited, peer_name }.print()?;
    let (name, peer_name) = ("loopback/refused", "a bare accepted request");
    Row { name, unit, ours: of_refused, peer: of_bare, peer_name }.print()?;
    let name = "loopback/refused_address";
    Row { name, unit, ours: of_refused_address, peer: of_bare, peer_name }.print()?;
    let (name, peer_name) = ("loopback/refused_floor", "the same answer, decided by nobody");
    Row { name, unit, ours: of_refused, peer: of_floor, peer_name }.print()?;
    let (name, peer_name) = ("loopback/refused_order", "a bare accepted request with a JSON body");
    Row { name, unit, ours: of_refused_order, peer: of_order, peer_name }.print()
}

/// Sends a request and reads its response; the answer is the status, and how long it took until the
/// last part was there. Looking for the end of the response is the client's own time.
fn exchange(connection: &mut TcpStream, request: &[u8]) -> Result<(String, Duration), Failure> {
    let start = Instant::now();
    connection.write_all(request)?;
    let (mut response, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let read = connection.read(&mut part)?;
        let time = start.elapsed();
        if read == 0 {
            return Err("the server closed the connection".into());
        }
        response.extend(part.iter().take(read));
        let text = String::from_utf8_lossy(&response);
        let Some((head, content)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.ok_or("a response without a length")?.parse()?;
        if content.len() >= length {
            return Ok((head.split(' ').nth(1).unwrap_or_default().to_owned(), time));
        }
    }
}
