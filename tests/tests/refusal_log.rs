//! The log of refused requests, which the client does not see: the handler, the caller, and the reason.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::error::{
    ErrorBadRequest, ErrorConflict, ErrorForbidden, ErrorInternalServerError, ErrorNotFound,
    ErrorServiceUnavailable, ErrorUnauthorized,
};
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, get, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Loaded, Resource, Security, secure};
use secure_tests::{TestServer, bearer, log};

/// Refuses with the status and the text in the request's header.
struct Foreign;

impl FromRequest for Foreign {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let text = match header("x-text") {
            Some("long") => "x".repeat(1000),
            Some(text) => text.replace("{newline}", "\n"),
            None => return ready(Ok(Self)),
        };
        ready(Err(match header("x-status") {
            Some("400") => ErrorBadRequest(text),
            Some("401") => ErrorUnauthorized(text),
            Some("403") => ErrorForbidden(text),
            Some("404") => ErrorNotFound(text),
            Some("409") => ErrorConflict(text),
            Some("503") => ErrorServiceUnavailable(text),
            Some("rendered") => {
                let response = HttpResponse::UnprocessableEntity().json("rendered");
                actix_web::error::InternalError::from_response(text, response).into()
            }
            _ => ErrorInternalServerError(text),
        }))
    }
}

struct Document;

impl Resource for Document {
    type Key = u32;

    async fn load(_: u32, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(Some(Self))
    }
}

#[secure(public)]
#[get("/foreign")]
async fn foreign(_foreign: Foreign) -> &'static str {
    "served"
}

#[secure(public, objects = any)]
#[get("/number/{number}")]
async fn number(number: web::Path<u32>) -> String {
    number.to_string()
}

#[secure(public, objects = any)]
#[get("/documents/{document}")]
async fn fitting(_document: Loaded<Document>) -> &'static str {
    "served"
}

#[secure(public, objects = any)]
#[get("/folders/{folder}/documents/{document}")]
async fn unfit(_document: Loaded<Document>) -> &'static str {
    "served"
}

fn server() -> TestServer {
    log::record();
    let security = Security::builder().authenticator("jwt", Issuer::hs256().jwt());
    TestServer::start(&security.build().unwrap(), || {
        secure_runtime::scope("").service(foreign).service(number).service(fitting).service(unfit)
    })
}

/// The last log line about this handler.
fn logged(handler: &str) -> String {
    let lines = log::lines();
    lines
        .into_iter()
        .rfind(|line| line.contains(&format!(" handler=refusal_log::{handler} ")))
        .unwrap()
}

#[actix_web::test]
async fn every_status_is_logged_with_what_the_extractor_said() {
    let server = server();
    assert_eq!(server.get("/foreign", &[]).await.body, "served");
    for status in [400, 401, 403, 404, 409, 500, 503] {
        let text = format!("the tenant of {status} is missing");
        let headers = [format!("x-status: {status}"), format!("x-text: {text}")];
        let headers = headers.each_ref().map(String::as_str);
        let answer = server.get("/foreign", &headers).await;
        answer.problem(status);
        assert!(!answer.body.contains("tenant"), "{}", answer.body);
        let line = logged("foreign");
        assert!(line.contains(&text) && line.contains(&format!("status={status}")), "{line}");
    }
    let answer = server.get("/foreign", &["x-status: rendered", "x-text: the tenant"]).await;
    assert_eq!((answer.status, answer.body.as_str()), (422, "\"rendered\""));
    assert!(logged("foreign").contains("the tenant"), "{}", logged("foreign"));

    // The text is in one line, and shortened.
    server.get("/foreign", &["x-status: 409", "x-text: a{newline}INFO b"]).await.problem(409);
    assert!(logged("foreign").contains("a\\\\nINFO b"), "{}", logged("foreign"));
    server.get("/foreign", &["x-status: 409", "x-text: long"]).await.problem(409);
    let line = logged("foreign");
    assert!(line.len() < 450 && line.contains("xxx…"), "{line}");
}

#[actix_web::test]
async fn paths_that_do_not_fit_are_told_in_words_of_ours() {
    let server = server();
    assert_eq!(server.get("/number/7", &[]).await.body, "7");
    let answer = server.get("/number/seven", &[]).await;
    answer.problem(404);
    assert!(!answer.body.contains("u32"), "{}", answer.body);
    let line = logged("number");
    assert!(line.contains("a path segment does not parse"), "{line}");
}

#[actix_web::test]
async fn a_key_that_does_not_fit_its_route_is_told() {
    let server = server();
    assert_eq!(server.get("/documents/7", &[]).await.body, "served");
    server.get("/documents/seven", &[]).await.problem(404);
    let line = logged("fitting");
    assert!(line.contains("`refusal_log::Document`"), "{line}");
    assert!(line.contains("a path segment does not parse"), "{line}");
    server.get("/folders/1/documents/7", &[]).await.problem(404);
    let line = logged("unfit");
    assert!(line.contains("the path has 2 segments, expected 1"), "{line}");
}

mod orders {
    use super::*;

    #[secure(roles = "admin")]
    #[get("/orders")]
    pub(super) async fn place() -> &'static str {
        "served"
    }
}

#[actix_web::test]
async fn a_refusal_is_logged_with_its_handler_caller_client_clause_and_request_id() {
    log::record();
    let issuer = Issuer::hs256();
    let security = Security::builder()
        .authenticator("jwt", issuer.jwt())
        .named_authenticator("other", Issuer::hs256().jwt().header("x-other"))
        .build()
        .unwrap();
    let server = TestServer::start(&security, || secure_runtime::scope("").service(orders::place));
    let good = bearer(&issuer.token("alice").role("admin").sign());
    assert_eq!(server.get("/orders", &[&good]).await.body, "served");

    let forbidden = bearer(&issuer.token("alice").role("guest").sign());
    let answer = server.get("/orders", &[&forbidden, "x-request-id: 7f-3"]).await;
    answer.problem(403);
    assert!(!answer.body.contains("admin") && !answer.body.contains("7f-3"), "{}", answer.body);
    let line = logged("orders::place");
    for part in [
        "INFO ",
        "status=403",
        "caller=\"alice\"",
        "client=127.0.0.1 ",
        "request_id=\"7f-3\"",
        "` does not hold",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }

    server.get("/orders", &[]).await.problem(401);
    let line = logged("orders::place");
    assert!(line.contains("client=127.0.0.1"), "{line}");
    assert!(!line.contains("caller=") && !line.contains("request_id="), "{line}");
    assert!(line.contains("accepts=\"jwt\""), "{line}");

    // Credentials for another endpoint count as missing here.
    server.get("/orders", &["x-other: a.b.c"]).await.problem(401);
    let line = logged("orders::place");
    assert!(line.contains("accepts=\"jwt (sent, and not accepted here: other)\""), "{line}");
}

#[actix_web::test]
async fn tokens_that_the_configuration_does_not_expect_are_one_warning() {
    log::record();
    // A handler of its own, because all tests share the log.
    let issuer = Issuer::hs256().named("https://unexpected.example");
    let security = Security::builder().authenticator("jwt", issuer.jwt()).build().unwrap();
    let server = TestServer::start(&security, || secure_runtime::scope("").service(orders::place));
    let warnings = |cause: &str| {
        let is_one = |line: &&String| {
            line.starts_with("WARN ")
                && line.contains("https://unexpected.example")
                && line.contains(cause)
        };
        log::lines().iter().filter(is_one).count()
    };
    let good = bearer(&issuer.token("alice").role("admin").sign());
    assert_eq!(server.get("/orders", &[&good]).await.body, "served");
    for subject in ["alice", "bob", "carol"] {
        let elsewhere = issuer.token(subject).claim("aud", "https://other.example").sign();
        server.get("/orders", &[&bearer(&elsewhere)]).await.problem(401);
    }
    assert_eq!(warnings("`aud` is another audience"), 1);
    // A client without a key cannot cause log lines either.
    let forged = issuer.token("alice").header("typ", "JOSE").tampered();
    server.get("/orders", &[&bearer(&forged)]).await.problem(401);
    assert_eq!(warnings("`typ`"), 0);
    // The type that was found, the expected one, and the method to call.
    let line = log::lines().into_iter().find(|line| line.contains("`aud` is another audience"));
    let line = line.filter(|line| line.starts_with("WARN ")).unwrap();
    for part in
        ["found=\"`aud` `https://other.example`\"", "expected=\"one of `test`\"", "`.audience(…)`"]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
    let other_type = issuer.token("alice").header("typ", "JOSE").sign();
    server.get("/orders", &[&bearer(&other_type)]).await.problem(401);
    assert_eq!(warnings("`typ`"), 1);
    // An unusable token of a client is not a fault of the configuration.
    server.get("/orders", &[&bearer(&issuer.token("alice").tampered())]).await.problem(401);
    server
        .get("/orders", &[&bearer(&issuer.token("alice").claim("exp", 1).sign())])
        .await
        .problem(401);
    assert_eq!(warnings(""), 2);
}
