//! Kind: a compressed body is decoded only if the endpoint allows it, and never exceeds `max_body` in memory;
//! everywhere else it is refused.

use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Json};
use actix_web::{App, HttpRequest, get, post};
use async_compression::tokio::write::GzipEncoder;
use futures_util::future::{join, join_all};
use secure_runtime::{Security, secure};
use secure_tests::TestServer;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use validator::Validate;

#[derive(Deserialize, Validate)]
struct Order {
    #[validate(length(min = 1, max = 100_000))]
    items: Vec<String>,
}

#[secure(
    public,
    rate("9999/s", by = address),
    content_type = "application/json",
    content_encoding = "gzip",
    max_body = "64KiB",
    validate(order)
)]
#[post("/orders")]
async fn place(order: Json<Order>) -> String {
    order.items.len().to_string()
}

#[secure(
    public,
    rate("9999/s", by = address),
    content_encoding = "gzip",
    max_body = "64KiB",
    unvalidated(body, reason = "a test")
)]
#[post("/bytes")]
async fn bytes(request: HttpRequest, body: Bytes) -> String {
    let coding = request.headers().get("content-encoding").map(|it| it.to_str().unwrap());
    format!("{} {coding:?}", body.len())
}

#[secure(
    public,
    rate("9999/s", by = address),
    content_encoding = "gzip",
    max_body = "1MiB",
    unvalidated(body, reason = "a test")
)]
#[post("/large")]
async fn large(body: Bytes) -> String {
    body.len().to_string()
}

#[secure(public)]
#[get("/health")]
async fn health() -> &'static str {
    "ok"
}

#[secure(public, rate("9999/s", by = address), unvalidated(body, reason = "a test"))]
#[post("/plain")]
async fn plain(body: Bytes) -> String {
    body.len().to_string()
}

fn security() -> Security {
    // A small limit, so that the values of compressed bodies are counted after decoding.
    let (builder, _, _) = crate::security(module_path!());
    let builder = builder.max_validated_values(2000);
    builder.body_timeout(Duration::from_secs(1)).build().unwrap()
}

fn server() -> TestServer {
    TestServer::start(&security(), || {
        let scope = secure_runtime::scope("").service(place).service(bytes).service(plain);
        scope.service(large).service(health)
    })
}

async fn coded(coding: &str, text: &[u8]) -> Vec<u8> {
    if !matches!(coding, "gzip" | "x-gzip" | "GZip") {
        return text.to_vec();
    }
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(text).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

/// Status and body of the response, and its `Accept-Encoding`.
async fn post(server: &TestServer, path: &str, fields: &str, body: &[u8]) -> (u16, String, String) {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         {fields}\r\n\r\n"
    )
    .into_bytes();
    request.extend(body);
    let answer = server.raw(request).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or_default();
    let field = |line: &str| line.strip_prefix("accept-encoding: ").map(str::to_owned);
    (status, body.to_owned(), head.lines().find_map(field).unwrap_or_default())
}

async fn post_coded(server: &TestServer, path: &str, coding: &str, text: &[u8]) -> (u16, String) {
    let body = coded(coding, text).await;
    let fields = format!("content-encoding: {coding}\r\ncontent-length: {}", body.len());
    let (status, body, _) = post(server, path, &fields, &body).await;
    (status, body)
}

fn order(items: usize) -> Vec<u8> {
    format!(r#"{{"items":[{}]}}"#, vec![r#""a""#; items].join(",")).into_bytes()
}

#[actix_web::test]
async fn what_the_endpoint_asks_for_is_decoded() {
    let server = server();
    for coding in ["gzip", "x-gzip", "GZip", "identity"] {
        let answer = post_coded(&server, "/orders", coding, &order(3)).await;
        assert_eq!(answer, (200, "3".to_owned()), "{coding}");
    }
    // The handler can read the header.
    let answer = post_coded(&server, "/bytes", "gzip", b"0123456789").await;
    assert_eq!(answer, (200, r#"10 Some("identity")"#.to_owned()));

    // In chunks, and with several gzip members.
    let mut two = coded("gzip", br#"{"items":["#).await;
    two.extend(coded("gzip", br#""a","b"]}"#).await);
    let mut chunked = Vec::new();
    for chunk in two.chunks(5) {
        chunked.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        chunked.extend(chunk);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    let fields = "content-encoding: gzip\r\ntransfer-encoding: chunked";
    let answer = post(&server, "/orders", fields, &chunked).await;
    assert_eq!((answer.0, answer.1.as_str()), (200, "2"));
}

#[actix_web::test]
async fn any_other_coding_is_refused_and_told() {
    let server = server();
    for (path, coding, expected) in [
        ("/orders", "zstd", "gzip"),
        ("/orders", "gzip, br", "gzip"),
        ("/orders", "gzip\r\ncontent-encoding: br", "gzip"),
        ("/orders", "compress", "gzip"),
        ("/orders", "", "gzip"),
        ("/orders", "br", "gzip"),
        ("/bytes", "deflate", "gzip"),
        ("/plain", "gzip", "identity"),
        ("/plain", "br", "identity"),
    ] {
        let body = coded(coding, &order(1)).await;
        let fields = format!("content-encoding: {coding}\r\ncontent-length: {}", body.len());
        let (status, body, accepted) = post(&server, path, &fields, &body).await;
        assert_eq!((status, accepted.as_str()), (415, expected), "{path} {coding}: {body}");
    }
    // Accepted counterparts.
    assert_eq!(post_coded(&server, "/plain", "identity", b"abc").await, (200, "3".to_owned()));
    assert_eq!(post(&server, "/plain", "content-length: 3", b"abc").await.0, 200);
}

#[actix_web::test]
async fn what_it_is_decoded_to_is_bounded() {
    let server = server();
    let most = 64 * 1024;
    // 60 MiB of the same byte compress to less than 64 KiB of gzip.
    for size in [most + 1, 1 << 20, 60 << 20] {
        let answer = post_coded(&server, "/orders", "gzip", &vec![b' '; size]).await;
        assert_eq!(answer.0, 413, "{size}: {}", answer.1);
    }
    let fits = post_coded(&server, "/bytes", "gzip", &vec![b' '; most]).await;
    assert_eq!(fits, (200, format!("{most} Some(\"identity\")")));
    assert_eq!(post_coded(&server, "/bytes", "gzip", &vec![b' '; most + 1]).await.0, 413);
    // The compressed length and the number of values are limited as well.
    let noise: Vec<u8> =
        (0_u32..100_000).map(|it| (it.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let fields = format!("content-encoding: gzip\r\ncontent-length: {}", noise.len());
    assert_eq!(post(&server, "/bytes", &fields, &noise).await.0, 413);
    assert_eq!(
        post_coded(&server, "/orders", "gzip", &order(1990)).await,
        (200, "1990".to_owned())
    );
    let (status, problem) = post_coded(&server, "/orders", "gzip", &order(2001)).await;
    assert_eq!(status, 422, "{problem}");
}

#[actix_web::test]
async fn what_cannot_be_decoded_is_malformed() {
    let server = server();
    let good = coded("gzip", &order(3)).await;
    let cut = &good[..good.len() - 9];
    let mut with_more = good.clone();
    with_more.extend(b"more");
    let mut changed = good.clone();
    let last = changed.len() - 6;
    changed[last] ^= 1;
    for body in [b"no gzip at all".as_slice(), cut, &with_more, &changed, &good[..5]] {
        let fields = format!("content-encoding: gzip\r\ncontent-length: {}", body.len());
        let (status, problem, _) = post(&server, "/orders", &fields, body).await;
        assert_eq!(status, 400, "{problem}");
    }
    // A body that never ends is stopped by the timeout.
    let fields = format!("content-encoding: gzip\r\ncontent-length: {}", good.len() + 1);
    assert_eq!(post(&server, "/orders", &fields, &good).await.0, 408);
}

#[actix_web::test]
async fn outside_of_a_secured_scope_nobody_decodes() {
    // There the header stays, and actix-web's extractors would decode the body without a limit.
    let security = security();
    let server = TestServer::run(move || {
        App::new().app_data(security.clone()).service(bytes).service(place)
    });
    assert_eq!(post_coded(&server, "/bytes", "gzip", b"abc").await.0, 415);
    assert_eq!(post_coded(&server, "/orders", "gzip", &order(1)).await.0, 415);
    assert_eq!(post_coded(&server, "/bytes", "identity", b"abc").await.0, 200);
}

/// A gzip body of this many empty blocks of ten bits each, which decode to nothing.
fn empty_blocks(count: usize) -> Vec<u8> {
    let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut bits, mut filled) = (0_u32, 0);
    for index in 0..=count {
        let is_last = u32::from(index == count);
        // The last-block bit, the type of fixed codes, and the code that ends a block.
        bits |= (is_last | 0b01 << 1) << filled;
        filled += 10;
        while filled >= 8 {
            body.push(bits.to_le_bytes()[0]);
            bits >>= 8;
            filled -= 8;
        }
    }
    body.push(bits.to_le_bytes()[0]);
    body.extend([0; 8]);
    body
}

#[actix_web::test]
async fn a_body_that_is_decoded_to_nothing_holds_nobody_up() {
    let server = server();
    let small = empty_blocks(10);
    let fields = format!("content-encoding: gzip\r\ncontent-length: {}", small.len());
    assert_eq!(post(&server, "/large", &fields, &small).await.1, "0");

    let body = empty_blocks(800_000);
    let fields = format!("content-encoding: gzip\r\ncontent-length: {}", body.len());
    let requests = [(); 4].map(|()| post(&server, "/large", &fields, &body));
    let others = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let start = Instant::now();
            assert_eq!(server.get("/health", &[]).await.body, "ok");
            slowest = slowest.max(start.elapsed());
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        slowest
    };
    let (answers, slowest) = join(join_all(requests), others).await;
    // Within `body_timeout` or not: on a busy machine with few cores both results are correct.
    assert!(answers.iter().all(|(status, ..)| matches!(status, 0 | 200 | 408)), "{answers:?}");
    assert!(slowest < Duration::from_secs(3), "others waited for {slowest:?}");
}
