//! Kind: an object hidden by `hide` is indistinguishable from a missing one, for every kind of request.

use actix_web::error::ErrorConflict;
use actix_web::{Error, HttpRequest, get, put, web};
use futures_util::future::join_all;
use secure_runtime::testing::Issuer;
use secure_runtime::{Granted, Loaded, Resource, secure};
use secure_tests::{TestServer, bearer};
use serde::Deserialize;
use validator::Validate;

struct Document {
    owner: &'static str,
    is_public: bool,
}

impl Resource for Document {
    type Key = u32;

    async fn load(id: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        // Some are loaded at once, some after a wait.
        if id >= 10 {
            actix_web::rt::task::yield_now().await;
        }
        Ok((id % 10 == 7).then_some(Self { owner: "ada", is_public: false }))
    }
}

#[derive(Deserialize, Validate)]
struct Edit {
    #[validate(length(min = 1))]
    title: String,
}

#[derive(Deserialize, Validate)]
struct Page {
    #[validate(range(min = 1))]
    size: u32,
}

// A rule about the resource, and one about the body.
#[secure(
    allow = document.owner == caller.subject() && edit.title != "forbidden",
    hide,
    validate(edit, page),
    content_type = "application/json",
    max_body = "100B",
    rate("1000/h", cost = page.size),
    concurrency(1, by = endpoint),
)]
#[put("/documents/{id}")]
async fn change(
    page: web::Query<Page>,
    edit: web::Json<Edit>,
    document: Granted<Document>,
) -> String {
    format!("{} {} {}", document.owner, edit.title, page.size)
}

#[secure(
    auth = optional,
    allow = document.is_public || caller.is_some_and(|it| it.subject() == document.owner),
    hide,
    validate(edit),
    rate(anonymous = "1000/h"),
)]
#[put("/shared/{id}")]
async fn share(document: Loaded<Document>, edit: web::Json<Edit>) -> String {
    format!("{} {}", document.owner, edit.title)
}

/// Its `load` fails as the request demands.
struct Folder;

impl Resource for Folder {
    type Key = u32;

    async fn load(_: u32, request: &HttpRequest) -> Result<Option<Self>, Error> {
        match request.query_string() {
            "409" => Err(ErrorConflict("another folder")),
            _ => Ok(Some(Self)),
        }
    }
}

#[secure(allow = document.owner == caller.subject(), hide)]
#[get("/folders/{id}")]
async fn two(document: Loaded<Document>, _folder: Loaded<Folder>) -> &'static str {
    document.owner
}

#[secure(allow = document.owner == caller.subject(), hide, failures = "3/min", validate(edit))]
#[put("/counted/{id}")]
async fn counted(document: Loaded<Document>, edit: web::Json<Edit>) -> String {
    format!("{} {}", document.owner, edit.title)
}

fn world() -> (TestServer, Issuer) {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder.body_timeout(std::time::Duration::from_secs(1)).build().unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("").service(change).service(share).service(counted).service(two)
    });
    (server, issuer)
}

/// Header fields of a body, and the part of it that is sent.
const BODIES: [(&str, &str); 11] = [
    ("content-type: application/json\r\ncontent-length: 13", r#"{"title":"a"}"#),
    ("content-type: application/json\r\ncontent-length: 12", r#"{"title":""}"#),
    ("content-type: application/json\r\ncontent-length: 7", r#"{"title"#),
    ("content-type: application/json\r\ncontent-length: 2", "[]"),
    ("content-type: application/json\r\ncontent-length: 100", ""),
    ("content-type: application/json\r\ncontent-length: 101", ""),
    ("content-type: application/json\r\ntransfer-encoding: chunked", "2\r\n[]\r\n"),
    ("content-type: application/json\r\ntransfer-encoding: chunked", "2\r\n[]\r\n0\r\n\r\n"),
    ("content-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 2", "[]"),
    ("content-type: text/plain\r\ncontent-length: 2", "[]"),
    ("content-length: 0", ""),
];

const QUERIES: [&str; 5] = ["?size=1", "?size=0", "?size=2000", "?size=x", ""];

/// The whole response except its date.
async fn answer(server: &TestServer, path: &str, fields: &str, body: &str) -> String {
    let request =
        format!("PUT {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}\r\n\r\n{body}");
    let answer = server.raw(request).await;
    // The server does not always send the fields in the same order.
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    let mut fields: Vec<&str> = lines.filter(|line| !line.starts_with("date: ")).collect();
    fields.sort_unstable();
    format!("{status}\n{}\n\n{body}", fields.join("\n"))
}

#[actix_web::test]
async fn every_request_for_a_hidden_object_is_answered_as_one_for_a_missing_object() {
    let (server, issuer) = world();
    for (hidden, missing) in [("7", "8"), ("17", "18")] {
        let cases = QUERIES.iter().flat_map(|query| BODIES.map(|body| (*query, body)));
        let checks = cases.enumerate().map(|(number, (query, (head, body)))| {
            let (server, issuer) = (&server, &issuer);
            async move {
                let ask = async |id: &str| {
                    // A new caller each time, so that the limit headers are comparable.
                    let token = issuer.token(format!("mallory-{id}-{number}")).sign();
                    let fields = format!("{}\r\n{head}", bearer(&token));
                    answer(server, &format!("/documents/{id}{query}"), &fields, body).await
                };
                let (hidden, missing) = (ask(hidden).await, ask(missing).await);
                assert_eq!(hidden, missing, "{query} {head}");
                let expected = if query == "?size=x" || query.is_empty() { "400" } else { "404" };
                assert!(hidden.starts_with(&format!("HTTP/1.1 {expected}")), "{hidden}");
            }
        });
        join_all(checks).await;
        for (head, body) in BODIES {
            let [hidden, missing] = [hidden, missing].map(|id| format!("/shared/{id}"));
            let without_limits = |answer: String| {
                let lines = answer.lines().filter(|line| !line.starts_with("ratelimit: "));
                lines.collect::<Vec<_>>().join("\n")
            };
            let hidden = without_limits(answer(&server, &hidden, head, body).await);
            assert!(hidden.starts_with("HTTP/1.1 404"), "{hidden}");
            let missing = without_limits(answer(&server, &missing, head, body).await);
            assert_eq!(hidden, missing, "anonymous {head}");
        }
    }
    // The owner sees the real reason.
    let ada = bearer(&issuer.token("ada").sign());
    for (index, (head, body)) in BODIES.into_iter().enumerate() {
        let answer =
            answer(&server, "/documents/7?size=1", &format!("{ada}\r\n{head}"), body).await;
        let expected =
            ["200", "422", "400", "422", "408", "413", "408", "422", "415", "415", "415"][index];
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{head}: {answer}");
    }
    let fields = format!("{ada}\r\n{}", BODIES[0].0);
    let forbidden = "content-type: application/json\r\ncontent-length: 21";
    let fields_of_forbidden = format!("{ada}\r\n{forbidden}");
    let by_the_body =
        answer(&server, "/documents/7?size=1", &fields_of_forbidden, r#"{"title":"forbidden"}"#);
    assert!(by_the_body.await.starts_with("HTTP/1.1 404"));
    let too_much = answer(&server, "/documents/7?size=2000", &fields, BODIES[0].1).await;
    assert!(too_much.starts_with("HTTP/1.1 422"));
}

#[actix_web::test]
async fn what_another_resource_says_tells_nothing() {
    let (server, issuer) = world();
    let (ada, mallory) =
        (bearer(&issuer.token("ada").sign()), bearer(&issuer.token("mallory").sign()));
    for id in [7, 17, 8, 18] {
        for query in ["", "?409"] {
            server.get(&format!("/folders/{id}{query}"), &[&mallory]).await.problem(404);
        }
    }
    assert_eq!(server.get("/folders/7", &[&ada]).await.body, "ada");
}

#[actix_web::test]
async fn both_are_counted_alike() {
    for id in ["7", "8"] {
        let (server, issuer) = world();
        let mallory = bearer(&issuer.token("mallory").sign());
        for expected in [404, 404, 404, 429, 429] {
            let path = format!("/counted/{id}");
            let headers = [mallory.as_str(), "content-type: application/json"];
            let answer = server.send("PUT", &path, &headers, r#"{"title":""}"#).await;
            assert_eq!(answer.status, expected, "{id}");
        }
    }
}
