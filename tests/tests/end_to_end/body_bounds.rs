//! Kind: `max_body` limits every body, no matter which extractor reads it, and the attribute determines what
//! counts as a body.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use actix_web::web::{Bytes, Form, Json, JsonConfig, Payload};
use actix_web::{App, Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, get, post};
use futures_util::StreamExt;
use secure_runtime::secure;
use secure_tests::{TestServer, bearer};

#[secure(public, rate("9999/s", by = address), max_body = "1MiB", unvalidated(body, reason = "a test"))]
#[post("/bytes")]
async fn bytes(body: Bytes) -> String {
    body.len().to_string()
}

#[secure(public, rate("9999/s", by = address), max_body = "64KiB", unvalidated(body, reason = "a test"))]
#[post("/form")]
async fn form(body: Form<Vec<(String, String)>>) -> String {
    body.0.iter().map(|(_, value)| value.len()).sum::<usize>().to_string()
}

#[secure(public, rate("9999/s", by = address), max_body = "4MiB", unvalidated(body, reason = "a test"))]
#[post("/json")]
async fn json(body: Json<String>) -> String {
    body.len().to_string()
}

#[secure(public, rate("9999/s", by = address), max_body = "1KiB", unvalidated(body, reason = "a test"))]
#[post("/maybe")]
async fn maybe(body: Option<Json<String>>) -> String {
    body.is_some().to_string()
}

#[secure(public, rate("9999/s", by = address), max_body = "1KiB", unvalidated(body, reason = "a test"))]
#[post("/stream")]
async fn streamed(mut body: Payload) -> Result<String, Error> {
    let mut read = 0;
    while let Some(chunk) = body.next().await {
        read += chunk?.len();
    }
    Ok(read.to_string())
}

#[secure(
    public,
    rate("9999/s", by = address),
    content_type = "text/csv",
    unvalidated(body, reason = "a test")
)]
#[post("/csv")]
async fn csv(mut body: Payload) -> Result<String, Error> {
    let mut read = 0;
    while let Some(chunk) = body.next().await {
        read += chunk?.len();
    }
    Ok(read.to_string())
}

/// An extractor of the application that reads the body; the attribute cannot see this.
struct Foreign(usize);

impl FromRequest for Foreign {
    type Error = Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let body = Bytes::from_request(request, payload);
        Box::pin(async move { Ok(Self(body.await?.len())) })
    }
}

#[secure(public, rate("9999/s", by = address))]
#[post("/undecided")]
async fn undecided(body: Foreign) -> String {
    body.0.to_string()
}

#[secure(public, rate("9999/s", by = address), unvalidated(body, reason = "a test"))]
#[post("/decided")]
async fn decided(body: Foreign) -> String {
    body.0.to_string()
}

/// An extractor that holds the request's extensions while it waits for the body.
struct Holding(usize);

impl FromRequest for Holding {
    type Error = Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    #[expect(clippy::await_holding_refcell_ref, reason = "what the test is about")]
    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let (request, body) = (request.clone(), Bytes::from_request(request, payload));
        Box::pin(async move {
            let extensions = request.extensions();
            let read = body.await?.len();
            drop(extensions);
            Ok(Self(read))
        })
    }
}

#[secure(public, rate("9999/s", by = address), unvalidated(body, reason = "a test"))]
#[post("/holding")]
async fn holding(body: Holding) -> String {
    body.0.to_string()
}

/// Echoes the bytes after the upgrade.
#[secure(max_body = "1KiB", unvalidated(frames, reason = "what follows an upgrade is no body"))]
#[get("/socket")]
async fn socket(frames: Payload) -> HttpResponse {
    HttpResponse::SwitchingProtocols().upgrade("echo").streaming(frames)
}

fn server() -> (TestServer, secure_runtime::testing::Issuer) {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        let scope = secure_runtime::scope("").service(bytes).service(form).service(json);
        let scope = scope.service(maybe).service(streamed).service(csv);
        let scope = scope.service(undecided).service(decided).service(socket).service(holding);
        App::new().app_data(security.clone()).service(scope)
    });
    (server, issuer)
}

fn chunked(path: &str, fields: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}transfer-encoding: chunked\r\n\r\n\
         {:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    )
}

#[actix_web::test]
async fn an_extractor_may_hold_what_is_left_in_the_request() {
    let (server, _) = server();
    let head = "POST /holding HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab";
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    // The server waits for the rest of the body.
    actix_web::rt::time::sleep(Duration::from_millis(300)).await;
    stream.write_all(b"cd").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut answer = [0; 512];
    let read = stream.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n4"), "{answer}");
}

#[actix_web::test]
async fn what_max_body_allows_is_read_and_no_byte_more() {
    let (server, _) = server();
    let string = |length: usize| format!("\"{}\"", "a".repeat(length - 2));
    let pairs = |length: usize| format!("a={}", "a".repeat(length - 2));
    let plain = |length: usize| "a".repeat(length);
    type Case<'a> = (&'a str, &'a str, &'a dyn Fn(usize) -> String, usize);
    let cases: [Case<'_>; 3] = [
        ("/bytes", "content-type: text/plain", &plain, 1 << 20),
        ("/form", "content-type: application/x-www-form-urlencoded", &pairs, 64 << 10),
        ("/json", "content-type: application/json", &string, 4 << 20),
    ];
    for (path, kind, body, most) in cases {
        let fits = server.send("POST", path, &[kind], &body(most)).await;
        assert_eq!(fits.status, 200, "{path}");
        let beyond = server.send("POST", path, &[kind], &body(most + 1)).await;
        beyond.problem(413);
        let fields = format!("{kind}\r\n");
        let fits = server.raw(chunked(path, &fields, &body(most))).await;
        assert!(fits.starts_with("HTTP/1.1 200"), "{path}: {fits}");
        let beyond = server.raw(chunked(path, &fields, &body(most + 1))).await;
        assert!(beyond.starts_with("HTTP/1.1 413"), "{path}: {beyond}");
    }
}

#[actix_web::test]
async fn an_extractor_that_hides_the_overflow_hides_nothing() {
    let (server, _) = server();
    let kind = "content-type: application/json\r\n";
    for (path, fields) in [("/maybe", kind), ("/stream", "")] {
        let beyond = server.raw(chunked(path, fields, &format!("\"{}\"", "a".repeat(3000)))).await;
        assert!(beyond.starts_with("HTTP/1.1 413"), "{path}: {beyond}");
        assert!(beyond.contains("application/problem+json"), "{path}: {beyond}");
        let fits = server.raw(chunked(path, fields, r#""a""#)).await;
        assert!(fits.starts_with("HTTP/1.1 200"), "{path}: {fits}");
    }
}

#[actix_web::test]
async fn a_limit_that_the_application_sets_stays() {
    let (builder, ..) = crate::security(module_path!());
    let security = builder.build().unwrap();
    let server = TestServer::run(move || {
        let scope = secure_runtime::scope("").service(json).service(bytes);
        let config = JsonConfig::default().limit(10);
        App::new().app_data(security.clone()).app_data(config).service(scope)
    });
    assert_eq!(server.post_json("/json", &[], r#""12345678""#).await.status, 200);
    server.post_json("/json", &[], r#""123456789""#).await.problem(413);
    assert_eq!(server.post_json("/bytes", &[], &"a".repeat(300_000)).await.status, 200);
}

#[actix_web::test]
async fn a_coded_body_is_refused_and_one_that_is_not_coded_read() {
    let (server, _) = server();
    for (coding, expected) in
        [("gzip", 415), ("br", 415), ("identity", 200), ("identity, gzip", 415)]
    {
        let coding = format!("content-encoding: {coding}");
        assert_eq!(server.send("POST", "/bytes", &[&coding], "abc").await.status, expected);
    }
}

#[actix_web::test]
async fn the_media_type_is_that_of_the_body_that_is_there() {
    let (server, _) = server();
    let post = |fields: &str, body: &str| {
        format!("POST /csv HTTP/1.1\r\nhost: x\r\n{fields}\r\n\r\n{body}")
    };
    for (fields, body, expected) in [
        ("upgrade: websocket\r\ncontent-length: 0\r\ncontent-type: text/evil", "<script>", "415"),
        ("upgrade: websocket\r\nconnection: upgrade\r\ncontent-type: text/evil", "<script>", "415"),
        ("content-length: 8\r\ncontent-type: text/evil", "<script>", "415"),
        ("content-length: 8", "<script>", "415"),
        ("content-length: 3\r\ncontent-type: text/csv", "a,b", "200"),
        ("content-length: 0", "", "200"),
    ] {
        let answer = server.raw(post(fields, body)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{fields}: {answer}");
    }
}

#[actix_web::test]
async fn an_endpoint_that_decides_no_body_gets_none() {
    let (server, _) = server();
    let read = async |path: &str| server.send("POST", path, &[], "abc").await.body;
    assert_eq!(read("/undecided").await, "0");
    assert_eq!(read("/decided").await, "3");
}

#[actix_web::test]
async fn what_follows_an_upgrade_is_not_bounded() {
    let (server, issuer) = server();
    let token = bearer(&issuer.token("ada").sign());
    let address = server.address();
    let echoed = actix_web::rt::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let head = format!(
            "GET /socket HTTP/1.1\r\nhost: x\r\n{token}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
        let mut echoed = 0;
        for _ in 0..16 {
            stream.write_all(&[7; 1000]).unwrap();
            let mut chunk = [0; 1000];
            stream.read_exact(&mut chunk).unwrap();
            echoed += chunk.iter().filter(|byte| **byte == 7).count();
        }
        echoed
    });
    assert_eq!(echoed.await.unwrap(), 16_000);
}

#[actix_web::test]
async fn a_body_that_keeps_coming_has_more_time_and_one_that_drips_has_not() {
    let (builder, ..) = crate::security(module_path!());
    let security =
        builder.body_timeout(Duration::from_millis(300)).min_body_rate(1000).build().unwrap();
    let server = TestServer::start(&security, || secure_runtime::scope("").service(bytes));
    let send = |each: usize| {
        let address = server.address();
        actix_web::rt::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let head = "POST /bytes HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4000\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            for _ in 0..4000 / each {
                if stream.write_all(&vec![b'a'; each]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            answer
        })
    };
    let steady = send(400).await.unwrap();
    assert!(steady.starts_with("HTTP/1.1 200"), "{steady}");
    let drips = send(10).await.unwrap();
    assert!(drips.starts_with("HTTP/1.1 408") || drips.is_empty(), "{drips}");
}
