//! The body is not read before authentication, permissions and limits have passed.

use actix_web::{HttpResponse, post, web};
use secure_runtime::secure;
use secure_tests::{TestServer, bearer};
use serde::Deserialize;
use validator::Validate;

use crate::Runs;

#[derive(Deserialize, Validate)]
struct Order {
    #[validate(range(min = 1))]
    quantity: u32,
}

#[secure(roles = "admin", rate("3/h", by = address), validate(order), max_body = "1KiB")]
#[post("/orders")]
async fn place(order: web::Json<Order>, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().json(order.quantity)
}

#[secure(
    public,
    rate("1000/s", by = address),
    unvalidated(text, reason = "a test"),
    content_type = "text/plain",
    max_body = "10B"
)]
#[post("/text")]
async fn echo(text: String) -> String {
    text
}

#[secure(public, unvalidated(body, reason = "a test"), rate("1000/s", by = address))]
#[post("/bytes")]
async fn count(body: web::Bytes) -> String {
    body.len().to_string()
}

#[secure(public, validate(order), rate("1000/s", by = address))]
#[post("/open")]
async fn open(order: web::Json<Order>) -> String {
    order.quantity.to_string()
}

fn server() -> (TestServer, secure_runtime::testing::Issuer, Runs) {
    let (builder, issuer, _) = crate::security(module_path!());
    let security =
        builder.max_body(1000).body_timeout(std::time::Duration::from_millis(200)).build().unwrap();
    let runs = Runs::default();
    let data = web::Data::new(runs.clone());
    let server = TestServer::start(&security, move || {
        secure_runtime::scope("")
            .app_data(data.clone())
            .service(place)
            .service(echo)
            .service(count)
            .service(open)
    });
    (server, issuer, runs)
}

/// A POST whose body is announced by `framing` and never ends.
fn unending(path: &str, headers: &str, framing: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}{framing}\r\n\r\n{}",
        if framing.starts_with("transfer") { "400\r\n{\"quan" } else { "{\"quan" }
    )
}

const GIGABYTE: &str = "content-length: 1000000000";
const CHUNKED: &str = "transfer-encoding: chunked";

#[actix_web::test]
async fn refusals_do_not_wait_for_the_body_and_close_the_connection() {
    for framing in [GIGABYTE, CHUNKED] {
        let (server, issuer, runs) = server();
        let refused = |answer: &str, status: &str| {
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{framing}: {answer}");
            assert!(answer.contains("connection: close"), "{framing}: {answer}");
        };
        refused(&server.raw(unending("/orders", "", framing)).await, "401");
        let guest = format!("{}\r\n", bearer(&issuer.token("guest").sign()));
        refused(&server.raw(unending("/orders", &guest, framing)).await, "403");
        // This takes the third permit of the address; then none is left.
        refused(&server.raw(unending("/orders", &guest, framing)).await, "403");
        refused(&server.raw(unending("/orders", &guest, framing)).await, "429");
        assert_eq!(runs.so_far(), 0);
    }
}

#[actix_web::test]
async fn an_accepted_body_is_bounded_with_and_without_an_announced_length() {
    let (server, issuer, runs) = server();
    let admin = bearer(&issuer.token("root").role("admin").sign());
    assert_eq!(server.post_json("/orders", &[&admin], r#"{"quantity":2}"#).await.body, "2");
    let large = format!(r#"{{"quantity":1{}}}"#, " ".repeat(2000));
    server.post_json("/orders", &[&admin], &large).await.problem(413);
    let chunk = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let chunked = format!(
        "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{admin}\r\n{CHUNKED}\r\n\r\n{chunk}"
    );
    assert!(server.raw(chunked).await.starts_with("HTTP/1.1 413 "));
    assert_eq!(runs.so_far(), 1);
}

#[actix_web::test]
async fn the_default_bound_of_the_security_holds_for_endpoints_without_one() {
    let (server, _, _) = server();
    assert_eq!(server.send("POST", "/bytes", &[], &"x".repeat(1000)).await.body, "1000");
    server.send("POST", "/bytes", &[], &"x".repeat(1001)).await.problem(413);
}

#[actix_web::test]
async fn a_body_that_does_not_arrive_in_time_is_408() {
    let (server, _, _) = server();
    let answer = server.raw(unending("/open", "", "content-length: 20")).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
}

#[actix_web::test]
async fn the_media_type_is_checked_before_the_body_is_read() {
    let (server, _, _) = server();
    let send = async |media_type: &str| server.send("POST", "/text", &[media_type], "hello").await;
    assert_eq!(send("content-type: text/plain").await.body, "hello");
    assert_eq!(send("content-type: Text/Plain; charset=utf-8").await.body, "hello");
    send("content-type: text/plainer").await.problem(415);
    send("content-type: application/json").await.problem(415);
    send("x-nothing: 1").await.problem(415);
    assert_eq!(server.send("POST", "/text", &[], "").await.status, 200, "no body has no type");
}

#[actix_web::test]
async fn what_cannot_be_extracted_is_a_problem_without_rust_types() {
    let (server, _, _) = server();
    let check = async |body: &str, status, detail: &str| {
        let problem = server.post_json("/open", &[], body).await.problem(status);
        assert_eq!(problem["detail"], detail);
    };
    check("{", 400, "the body is not JSON: it ends too early at line 1 column 1").await;
    check(
        r#"{"quantity":"x"}"#,
        422,
        "the body does not have the expected form at line 1 column 15",
    )
    .await;
    check("{}", 422, "the member `quantity` is missing at line 1 column 2").await;
    let problem =
        server.send("POST", "/open", &["content-type: text/html"], "x").await.problem(415);
    assert_eq!(problem["detail"], "expected `application/json`");
}
