//! Kind: size limits and timeouts of a body: the values of the attribute are enforced, or the log has the
//! values that apply instead.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use actix_web::{App, post, web};
use futures_util::StreamExt;
use secure_runtime::{Security, secure};
use secure_tests::{TestServer, log};

#[secure(public, rate("9999/s", by = address), max_body = "5MB", unvalidated(any, reason = "a test"))]
#[post("/bytes")]
async fn bytes(body: web::Bytes) -> String {
    body.len().to_string()
}

#[secure(public, rate("9999/s", by = address), max_body = "5MB", unvalidated(any, reason = "a test"))]
#[post("/form")]
async fn form(body: web::Form<Vec<(String, String)>>) -> String {
    body.0.iter().map(|(_, value)| value.len()).sum::<usize>().to_string()
}

#[secure(public, rate("9999/s", by = address), max_body = "5MB", unvalidated(any, reason = "a test"))]
#[post("/json")]
async fn json(body: web::Json<String>) -> String {
    body.len().to_string()
}

/// An attribute without `max_body`.
#[secure(public, rate("9999/s", by = address), unvalidated(any, reason = "a test"))]
#[post("/silent")]
async fn silent(body: web::Bytes) -> String {
    body.len().to_string()
}

#[secure(public, rate("9999/s", by = address), body_timeout = "50ms", unvalidated(any, reason = "a test"))]
#[post("/hasty")]
async fn hasty(body: web::Bytes) -> String {
    body.len().to_string()
}

/// The same time, for a handler that reads the body itself.
#[secure(public, rate("9999/s", by = address), body_timeout = "50ms", unvalidated(body, reason = "a test"))]
#[post("/hasty-stream")]
async fn hasty_stream(mut body: web::Payload) -> Result<String, actix_web::Error> {
    let mut length = 0;
    while let Some(chunk) = body.next().await {
        length += chunk?.len();
    }
    Ok(length.to_string())
}

/// An error type of the application for every fault of a body.
#[secure(public, rate("9999/s", by = address), max_body = "8B", unvalidated(body, reason = "a test"))]
#[post("/own-error")]
async fn own_error(mut body: web::Payload) -> Result<String, actix_web::Error> {
    let mut length = 0;
    while let Some(chunk) = body.next().await {
        length += chunk.map_err(|_| actix_web::error::ErrorBadRequest("unreadable"))?.len();
    }
    Ok(length.to_string())
}

fn security() -> Security {
    Security::builder().answers_for(module_path!()).min_body_rate(0).build().unwrap()
}

fn scoped(security: &Security) -> TestServer {
    TestServer::start(security, || {
        let scope = secure_runtime::scope("").service(bytes).service(form).service(json);
        scope.service(silent).service(hasty).service(hasty_stream).service(own_error)
    })
}

const FORM: &str = "content-type: application/x-www-form-urlencoded";
const JSON: &str = "content-type: application/json";

#[actix_web::test]
async fn max_body_holds_in_a_secured_scope_and_the_truth_is_told_outside() {
    log::record();
    let security = security();
    let inside = scoped(&security);
    let outside = TestServer::run(move || {
        let app = App::new().app_data(security.clone());
        app.service(bytes).service(form).service(json)
    });
    let cases = [
        ("/bytes", "content-type: a/b", "x".repeat(300_000), "PayloadConfig::new(5000000)"),
        (
            "/form",
            FORM,
            format!("a={}", "x".repeat(20_000)),
            "FormConfig::default().limit(5000000)",
        ),
        (
            "/json",
            JSON,
            format!("{:?}", "x".repeat(3_000_000)),
            "JsonConfig::default().limit(5000000)",
        ),
    ];
    for (path, media_type, body, remedy) in &cases {
        let answer = inside.send("POST", path, &[media_type], body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let answer = outside.send("POST", path, &[media_type], body).await;
        assert_eq!(answer.status, 413, "{path}: {}", answer.body);
        let is_told =
            |line: &String| line.contains("`max_body` (5000000 bytes)") && line.contains(remedy);
        assert!(log::lines().iter().any(is_told), "{path}: {:?}", log::lines());
        let small = outside.send("POST", path, &[media_type], "\"a=b\"").await;
        assert_eq!(small.status, 200, "{path}: {}", small.body);
        let large = inside.send("POST", path, &[media_type], &"x".repeat(5_000_001)).await;
        assert_eq!(large.status, 413, "{path}");
    }
}

#[actix_web::test]
async fn limits_of_the_application_beside_the_default_are_noticed_once() {
    log::record();
    let security = security();
    let server = TestServer::run(move || {
        let app = App::new().app_data(security.clone()).app_data(web::PayloadConfig::new(1 << 30));
        app.service(secure_runtime::scope("").service(silent).service(bytes))
    });
    for _ in 0..3 {
        assert_eq!(server.send("POST", "/silent", &[], "x").await.body, "1");
        assert_eq!(server.send("POST", "/bytes", &[], "x").await.body, "1");
    }
    let lines = log::lines();
    let told = lines.iter().filter(|line| line.contains("sets body limits of its own"));
    let told: Vec<&String> = told.filter(|line| line.contains("\"PayloadConfig\"")).collect();
    let [line] = told.as_slice() else { panic!("{told:?}") };
    assert!(line.contains("silent") && line.contains("max_body=2097152"), "{line}");
    assert_eq!(server.send("POST", "/silent", &[], &"x".repeat(3_000_000)).await.status, 413);
}

#[actix_web::test]
async fn a_limit_of_forms_beside_the_default_is_noticed() {
    log::record();
    let security = security();
    let server = TestServer::run(move || {
        let config = actix_multipart::form::MultipartFormConfig::default().total_limit(1 << 30);
        let app = App::new().app_data(security.clone()).app_data(config);
        app.service(secure_runtime::scope("").service(silent).service(bytes))
    });
    assert_eq!(server.send("POST", "/bytes", &[], "x").await.body, "1");
    let is_told = |line: &String| line.contains("\"MultipartFormConfig\"");
    assert!(!log::lines().iter().any(is_told), "{:?}", log::lines());
    assert_eq!(server.send("POST", "/silent", &[], "x").await.body, "1");
    assert!(log::lines().iter().any(is_told), "{:?}", log::lines());
}

#[actix_web::test]
async fn max_body_of_a_handler_is_changed_while_the_program_runs() {
    let security = security();
    let server = scoped(&security);
    let (limits, handler) = (security.limits(), format!("{}::silent", module_path!()));
    let status =
        async |size: usize| server.send("POST", "/silent", &[], &"x".repeat(size)).await.status;
    assert_eq!((status(100).await, limits.max_body(&handler)), (200, Some(2_097_152)));
    limits.set_max_body(&handler, 99).unwrap();
    assert_eq!((status(100).await, status(99).await), (413, 200));
    limits.set_max_body(&handler, 3_000_000).unwrap();
    assert_eq!((status(3_000_000).await, status(3_000_001).await), (200, 413));
    let error = limits.set_max_body("nobody", 1).unwrap_err().to_string();
    assert_eq!(error, "no handler has the path `nobody`");
    assert_eq!(limits.max_body("nobody"), None);
}

/// Sends a head that announces ten bytes, and only five of them.
fn half(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n12345");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn status(stream: &mut TcpStream) -> String {
    let mut line = [0; 12];
    stream.read_exact(&mut line).unwrap();
    String::from_utf8_lossy(&line).into_owned()
}

#[actix_web::test]
async fn body_timeout_is_that_of_the_endpoint() {
    let server = scoped(&security());
    let address = server.address();
    let exchange = move || {
        let mut patient = half(address, "/bytes");
        let mut late = half(address, "/hasty");
        assert_eq!(status(&mut late), "HTTP/1.1 408");
        patient.write_all(b"67890").unwrap();
        assert_eq!(status(&mut patient), "HTTP/1.1 200");
        // A body that arrives in time is read.
        let mut late = half(address, "/hasty");
        late.write_all(b"67890").unwrap();
        assert_eq!(status(&mut late), "HTTP/1.1 200");
        // The same if the handler itself reads the body.
        assert_eq!(status(&mut half(address, "/hasty-stream")), "HTTP/1.1 408");
        let mut late = half(address, "/hasty-stream");
        late.write_all(b"67890").unwrap();
        assert_eq!(status(&mut late), "HTTP/1.1 200");
    };
    actix_web::rt::task::spawn_blocking(exchange).await.unwrap();
}

#[actix_web::test]
async fn a_body_beyond_its_bound_is_413_whatever_its_reader_makes_of_that() {
    let server = scoped(&security());
    let chunked = |size: usize| {
        let body = "x".repeat(size);
        format!(
            "POST /own-error HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             transfer-encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"
        )
    };
    let answer = server.raw(chunked(8)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = server.raw(chunked(9)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}
