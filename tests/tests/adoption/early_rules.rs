//! Need: rules about the path, a header or the query, and about the resources they name, are checked before
//! the body is read.

use actix_web::error::ErrorBadRequest;
use actix_web::{Error, HttpRequest, get, post, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Granted, Loaded, Principal, Resource, Security, secure};
use secure_tests::{TestServer, bearer};
use serde::Deserialize;

fn may(caller: &Principal, index: u32) -> bool {
    caller.subject() == "ann" && index < 10
}

#[secure(allow = may(caller, **index), unvalidated(document, reason = "a test"))]
#[post("/indexes/{index}")]
async fn by_path(index: web::Path<u32>, document: String) -> String {
    format!("{index} {document}")
}

#[derive(Deserialize)]
struct Page {
    index: u32,
}

#[secure(allow = may(caller, page.index), unvalidated(document, reason = "a test"))]
#[post("/pages")]
async fn by_query(document: String, page: web::Query<Page>) -> String {
    format!("{} {document}", page.index)
}

#[secure(
    allow = may(caller, length.parse().unwrap_or(u32::MAX)),
    unvalidated(document, reason = "a test"),
)]
#[post("/headers")]
async fn by_header(document: String, length: XIndex) -> String {
    format!("{} {document}", *length)
}

/// An extractor of the application.
struct XIndex(String);

impl std::ops::Deref for XIndex {
    type Target = String;

    fn deref(&self) -> &String {
        &self.0
    }
}

impl actix_web::FromRequest for XIndex {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let index = header(request, "x-index").map(|index| Self(index.to_owned()));
        std::future::ready(index.ok_or_else(|| ErrorBadRequest("x-index")))
    }
}

fn header<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}

/// A resource whose key is in a header and a path segment.
struct Stream {
    name: String,
    owner: &'static str,
}

impl Resource for Stream {
    type Key = (String, u32);

    fn key(request: &HttpRequest) -> Result<Self::Key, Error> {
        let name = header(request, "x-stream").ok_or_else(|| ErrorBadRequest("x-stream"))?;
        assert_ne!(name, "panic", "as asked for");
        let part = request.match_info().get("part").and_then(|part| part.parse().ok());
        Ok((name.to_owned(), part.ok_or_else(|| ErrorBadRequest("part"))?))
    }

    async fn load((name, part): (String, u32), _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok((name == "news" && part == 1).then_some(Self { name, owner: "ann" }))
    }
}

#[secure(allow = stream.owner == caller.subject(), unvalidated(event, reason = "a test"))]
#[post("/streams/{part}")]
async fn append(stream: Granted<Stream>, event: String) -> String {
    format!("{} {event}", stream.name)
}

#[secure(allow = stream.owner == caller.subject(), hide)]
#[get("/hidden/{part}")]
async fn hidden(stream: Loaded<Stream>) -> String {
    stream.into_inner().name
}

fn world() -> (TestServer, Issuer) {
    let issuer = Issuer::hs256();
    let builder = Security::builder().answers_for(module_path!());
    let security = builder.authenticator("jwt", issuer.jwt()).build().unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("")
            .service(by_path)
            .service(by_query)
            .service(by_header)
            .service(append)
            .service(hidden)
    });
    (server, issuer)
}

#[actix_web::test]
async fn what_the_head_refuses_is_refused_before_the_body_comes() {
    let (server, issuer) = world();
    let (ann, bob) = (issuer.token("ann").sign(), issuer.token("bob").sign());
    let index = |index: u32| format!("x-index: {index}");
    for (path, fields, status) in [
        ("/indexes/7", String::new(), 403),
        ("/pages?index=7", String::new(), 403),
        ("/headers", index(7), 403),
        ("/streams/1", String::from("x-stream: news"), 403),
        ("/streams/2", String::from("x-stream: news"), 404),
        ("/streams/1", String::from("x-stream: olds"), 404),
        ("/streams/1", String::from("x-strem: news"), 400),
        ("/streams/x", String::from("x-stream: news"), 400),
        ("/streams/1", String::from("x-stream: panic"), 500),
    ] {
        // A thousand bytes are announced, but none is sent.
        let fields = if fields.is_empty() { fields } else { format!("{fields}\r\n") };
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{}\r\n{fields}content-length: 1000\r\n\r\n",
            bearer(&bob)
        );
        let answer = server.raw(request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {fields}: {answer}");
    }
    // The accepted counterparts.
    let ann = bearer(&ann);
    let send = async |path: &str, field: &str, body: &str| {
        server.send("POST", path, &[&ann, field], body).await.body
    };
    assert_eq!(send("/indexes/7", "x: y", "a").await, "7 a");
    assert_eq!(send("/pages?index=7", "x: y", "a").await, "7 a");
    assert_eq!(send("/headers", "x-index: 7", "a").await, "7 a");
    assert_eq!(send("/streams/1", "x-stream: news", "a").await, "news a");
}

#[actix_web::test]
async fn a_hidden_resource_of_a_header_looks_like_one_that_is_missing() {
    let (server, issuer) = world();
    let [ann, bob] = ["ann", "bob"].map(|name| bearer(&issuer.token(name).sign()));
    for (path, field) in [
        ("/hidden/1", "x-stream: news"),
        ("/hidden/2", "x-stream: news"),
        ("/hidden/1", "x-stream: olds"),
        ("/hidden/1", "x-other: news"),
    ] {
        assert_eq!(server.get(path, &[&bob, field]).await.status, 404, "{path} {field}");
    }
    assert_eq!(server.get("/hidden/1", &[&ann, "x-stream: news"]).await.body, "news");
}
