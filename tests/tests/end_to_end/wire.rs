//! Hostile requests on the wire: ambiguous framing (request smuggling), pipelining, and methods and paths
//! without a handler.

use actix_web::{HttpResponse, get, post, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{route, secure};
use secure_tests::{TestServer, bearer};

use crate::Runs;

#[secure(roles = "admin")]
#[get("/admin")]
async fn admin(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(roles = "admin", unvalidated(body, reason = "a test"), max_body = "1KiB")]
#[post("/write")]
async fn write(body: web::Bytes, runs: web::Data<Runs>) -> String {
    runs.count();
    body.len().to_string()
}

#[secure(
    allow = caller.subject() == "root",
    unvalidated(body, reason = "a test"),
    max_body = "1KiB"
)]
#[post("/write_as_root")]
async fn write_as_root(body: web::Bytes, runs: web::Data<Runs>) -> String {
    runs.count();
    body.len().to_string()
}

#[secure(roles = "admin")]
async fn anything_else(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::NotFound().finish()
}

fn server() -> (TestServer, Runs, String) {
    let (builder, issuer, _): (_, Issuer, _) = crate::security(module_path!());
    let runs = Runs::default();
    let data = web::Data::new(runs.clone());
    let server = TestServer::start(&builder.build().unwrap(), move || {
        secure_runtime::scope("/api")
            .app_data(data.clone())
            .service(admin)
            .service(write)
            .service(write_as_root)
            .default_service(route::any().to(anything_else))
    });
    (server, runs, bearer(&issuer.token("root").role("admin").sign()))
}

/// The status of every response; a body may end without a line break.
fn answers(text: &str) -> Vec<&str> {
    text.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect()
}

#[actix_web::test]
async fn framing_that_two_readers_could_read_differently_is_refused_and_ends_the_connection() {
    let (server, runs, credentials) = server();
    let send = async |version: &str, framing: &str, body: &str| {
        let hidden = format!("GET /api/admin HTTP/1.1\r\nhost: x\r\n{credentials}\r\n\r\n");
        server
            .raw(format!(
                "POST /api/write HTTP/{version}\r\nhost: x\r\n{credentials}\r\n{framing}\r\n\r\n{body}{hidden}"
            ))
            .await
    };
    let refused = [
        ("1.1", "content-length: 4\r\ntransfer-encoding: chunked", "0\r\n\r\n"),
        ("1.1", "transfer-encoding: chunked\r\ncontent-length: 4", "0\r\n\r\n"),
        ("1.1", "content-length: 4\r\ncontent-length: 40", "body"),
        ("1.1", "content-length: 4\r\ncontent-length: 4", "body"),
        ("1.1", "content-length: 4, 4", "body"),
        ("1.1", "content-length: +4", "body"),
        ("1.1", "content-length: -4", "body"),
        ("1.1", "content-length: 0x4", "body"),
        ("1.1", "content-length: 99999999999999999999", "body"),
        ("1.1", "content-length : 4", "body"),
        ("1.1", "transfer-encoding: chunked\r\ntransfer-encoding: identity", "0\r\n\r\n"),
        ("1.1", "transfer-encoding: gzip, chunked", "0\r\n\r\n"),
        ("1.1", "transfer-encoding: xchunked", "0\r\n\r\n"),
        ("1.1", "transfer-encoding : chunked", "0\r\n\r\n"),
        ("1.1", "x-a: 1\r\n transfer-encoding: chunked", "0\r\n\r\n"),
        ("1.0", "transfer-encoding: chunked", "0\r\n\r\n"),
        ("1.1", "host: y\r\ncontent-length: 4", "body"),
    ];
    for (version, framing, body) in refused {
        let answer = send(version, framing, body).await;
        assert_eq!(answers(&answer), ["400"], "{framing:?}: {answer}");
        assert_eq!(runs.so_far(), 0, "{framing:?}");
    }
    // The accepted counterparts: both pipelined requests are served, each once.
    for (count, (framing, body)) in [
        ("content-length: 4", "body"),
        ("transfer-encoding: chunked", "4\r\nbody\r\n0\r\n\r\n"),
        ("Transfer-Encoding: Chunked", "4;extension=1\r\nbody\r\n0\r\n\r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = send("1.1", framing, body).await;
        assert_eq!(answers(&answer), ["200", "200"], "{framing:?}: {answer}");
        assert_eq!(runs.so_far(), 2 * (count + 1), "{framing:?}");
    }
}

#[actix_web::test]
async fn what_a_refused_body_hides_is_never_read_as_a_request() {
    let (server, runs, credentials) = server();
    let hidden = format!("GET /api/admin HTTP/1.1\r\nhost: x\r\n{credentials}\r\n\r\n");
    let size = hidden.len();
    let refused = [
        format!("transfer-encoding: chunked\r\n\r\n{size:x}\r\n{hidden}\r\n"),
        format!("transfer-encoding: chunked\r\n\r\n{hidden}"),
        format!("content-length: 100000\r\n\r\n{hidden}"),
    ];
    for rest in refused {
        let answer = server.raw(format!("POST /api/write HTTP/1.1\r\nhost: x\r\n{rest}")).await;
        assert_eq!(answers(&answer), ["401"], "{rest:?}: {answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert_eq!(runs.so_far(), 0, "{rest:?}");
    }
    // A complete body is skipped; the bytes after it are a request.
    let framings = [
        format!("content-length: {size}\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n{size:x}\r\n{hidden}\r\n0\r\n\r\n"),
    ];
    let all =
        framings.iter().flat_map(|framing| ["write", "write_as_root"].map(|path| (path, framing)));
    for (count, (path, framing)) in all.enumerate() {
        let whole = format!("POST /api/{path} HTTP/1.1\r\nhost: x\r\n{framing}");
        let answer = server.raw(format!("{whole}{whole}{hidden}")).await;
        assert_eq!(answers(&answer), ["401", "401", "200"], "{path}: {answer}");
        assert!(!answer.contains("connection: close"), "{path}: {answer}");
        assert_eq!(runs.so_far(), count + 1, "{path}");
    }
    // The counterpart: without a body, the same bytes are a request.
    assert_eq!(answers(&server.raw(hidden).await), ["200"]);
    assert_eq!(runs.so_far(), 5);
}

#[actix_web::test]
async fn a_client_that_waits_for_continue_is_told_the_refusal() {
    let (server, runs, credentials) = server();
    let head = |credentials: &str, length: usize| {
        format!(
            "POST /api/write HTTP/1.1\r\nhost: x\r\n{credentials}expect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let answer = server.raw(head("", 1000)).await;
    assert_eq!(answers(&answer).last(), Some(&"401"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(runs.so_far(), 0);
    let answer = server.raw(head(&format!("{credentials}\r\n"), 4) + "body").await;
    assert_eq!(answers(&answer), ["100", "200"], "{answer}");
}

#[actix_web::test]
async fn no_spelling_of_a_path_passes_without_its_policy() {
    let (server, runs, credentials) = server();
    let request = |target: &str, credentials: &str| {
        format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{credentials}\r\n")
    };
    let targets = [
        "/api/admin",
        "/api//admin",
        "//api/admin",
        "/api/admin/",
        "/API/admin",
        "/api/ADMIN",
        "/api/%61dmin",
        "/api/admin%2f",
        "/api/admin%00",
        "/api/x/../admin",
        "/api/%2e%2e/api/admin",
        "/api/./admin",
        "/api/admin?x=/open",
        "/api/admin;x",
        "/api;x/admin",
        "/api%2fadmin",
        "/api/admin%20",
        "/api/admin#x",
        "http://y/api/admin",
        "http://x@y/api/admin",
        "/api/admin/..",
        "\\api\\admin",
        "*",
        "api/admin",
        "/%61pi/admin",
        "/api/admin%ff",
        "/api/admin%",
    ];
    for target in targets {
        let answer = server.raw(request(target, "")).await;
        let status = answers(&answer);
        assert!(matches!(*status, ["401" | "404" | "400"]), "{target}: {answer}");
        assert_eq!(runs.so_far(), 0, "{target}");
    }
    for target in ["/api/admin", "/api/%61dmin", "http://y/api/admin", "/api/admin?x=/open"] {
        let answer = server.raw(request(target, &format!("{credentials}\r\n"))).await;
        assert_eq!(answers(&answer), ["200"], "{target}: {answer}");
    }
}

#[actix_web::test]
async fn methods_nobody_wrote_a_handler_for_meet_the_policy_of_the_default() {
    let (server, runs, credentials) = server();
    for method in ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE", "get"] {
        let send = async |credentials: &str| {
            let head = format!("{method} /api/admin HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n");
            server.raw(format!("{head}connection: close\r\n{credentials}\r\n")).await
        };
        let answer = send("").await;
        assert_eq!(answers(&answer), ["401"], "{method}: {answer}");
        assert_eq!(runs.so_far(), 0, "{method}");
        let answer = send(&format!("{credentials}\r\nx-http-method-override: GET\r\n")).await;
        assert_eq!(answers(&answer), ["404"], "{method}: {answer}");
        runs.reset();
    }
}
