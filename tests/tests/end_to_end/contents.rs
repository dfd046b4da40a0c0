//! Hostile bodies: decompression bombs, nearly correct media types, compressed bodies.

use actix_web::{post, web};
use secure_runtime::secure;
use secure_tests::TestServer;
use serde::Deserialize;
use validator::Validate;

#[derive(Deserialize, Validate)]
struct Node {
    #[validate(range(min = 1))]
    size: u32,
    #[serde(default)]
    #[validate(nested)]
    children: Vec<Node>,
}

#[secure(public, validate(node), content_type = "application/json", max_body = "1MiB", rate("1000/s", by = address))]
#[post("/nodes")]
async fn nodes(node: web::Json<Node>) -> String {
    (node.size as usize + node.children.len()).to_string()
}

#[secure(public, unvalidated(any, reason = "a test"), rate("1000/s", by = address))]
#[post("/any")]
async fn any(any: web::Json<serde_json::Value>) -> String {
    any.0.as_object().map_or(0, serde_json::Map::len).to_string()
}

fn server() -> TestServer {
    let (builder, _, _) = crate::security(module_path!());
    TestServer::start(&builder.build().unwrap(), || {
        secure_runtime::scope("").service(nodes).service(any)
    })
}

#[actix_web::test]
async fn nesting_is_bounded() {
    let server = server();
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(server.post_json("/any", &[], &nested(100)).await.body, "0");
    server.post_json("/any", &[], &nested(100_000)).await.problem(400);
    server.post_json("/any", &[], &"[".repeat(100_000)).await.problem(400);
    server.post_json("/any", &[], &r#"{"a":"#.repeat(50_000)).await.problem(400);
}

#[actix_web::test]
async fn a_member_that_occurs_twice_is_refused_by_a_type_that_has_it() {
    let server = server();
    assert_eq!(server.post_json("/nodes", &[], r#"{"size":1}"#).await.body, "1");
    server.post_json("/nodes", &[], r#"{"size":1,"size":2}"#).await.problem(422);
    server.post_json("/nodes", &[], r#"{"size":1,"si\u007ae":2}"#).await.problem(422);
}

#[actix_web::test]
async fn thousands_of_mistakes_are_a_short_answer() {
    let server = server();
    let list = |inner: &str, count: usize| {
        format!(r#"{{"size":0,"children":[{}]}}"#, vec![inner; count].join(","))
    };
    let leaf = r#"{"size":0}"#;
    // A wide list, and a tree with wide levels at the end of a long chain.
    let wide = list(leaf, 9_000);
    let tree = list(&list(&list(leaf, 20), 20), 20);
    let deep = (0..50).fold(tree, |inner, _| list(&inner, 1));
    for body in [wide, deep] {
        let answer = server.post_json("/nodes", &[], &body).await;
        let problem = answer.problem(422);
        assert_eq!(problem["errors"].as_array().unwrap().len(), 32);
        assert!(answer.body.len() < 100_000, "{}", answer.body.len());
        let again = server.post_json("/nodes", &[], &body).await;
        assert_eq!(again.body, answer.body, "the same mistakes, in the same order");
    }
}

#[actix_web::test]
async fn media_types_that_are_nearly_right() {
    let server = server();
    let send =
        async |lines: &[&str]| server.send("POST", "/nodes", lines, r#"{"size":1}"#).await.status;
    for good in [
        "content-type: application/json",
        "content-type: APPLICATION/JSON",
        "content-type: application/json; charset=utf-8",
    ] {
        assert_eq!(send(&[good]).await, 200, "{good}");
    }
    for bad in [
        "content-type: application/jsonp",
        "content-type: application/json, text/html",
        "content-type: text/plain;application/json",
        "content-type: application/problem+json",
        "content-type: application",
        "content-type: */*",
        "content-type: json",
        "x-content-type: application/json",
    ] {
        assert_eq!(send(&[bad]).await, 415, "{bad}");
    }
    let two = ["content-type: application/json", "content-type: text/html"];
    assert_eq!(send(&two).await, 415);
    let raw = async |value: &str| {
        let head = "POST /nodes HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 10\r\n";
        let answer = server.raw(format!("{head}content-type:{value}\r\n\r\n{{\"size\":1}}")).await;
        answer.get(9..12).unwrap_or_default().to_owned()
    };
    assert_eq!(raw(" application/json").await, "200");
    assert_eq!(raw("").await, "415");
    assert_eq!(raw(" ;").await, "415");
    assert_eq!(raw(" application/json\u{e9}").await, "415");
}

/// This build of actix-web decompresses nothing, so compressed JSON is invalid JSON.
#[actix_web::test]
async fn a_compressed_body_is_not_mistaken_for_what_it_holds() {
    let server = server();
    let gzip = "content-encoding: gzip";
    let answer = server.post_json("/nodes", &[gzip], "\u{1f}\u{8b}\u{8}").await;
    assert!(matches!(answer.status, 400 | 415), "{answer:?}");
}
