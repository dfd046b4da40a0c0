//! What an extractor of somebody else says of a request that it refuses: the operator reads it, the client
//! does not.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::error::{
    ErrorBadRequest, ErrorConflict, ErrorForbidden, ErrorInternalServerError, ErrorNotFound,
    ErrorServiceUnavailable, ErrorUnauthorized,
};
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, get, web};
use secure_runtime::{Loaded, Resource, Security, secure};
use secure_tests::{TestServer, log};

/// Refuses with the status and the text that the request's header names.
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
    TestServer::start(&Security::builder().build().unwrap(), || {
        secure_runtime::scope("").service(foreign).service(number).service(fitting).service(unfit)
    })
}

/// The line that was logged last of this handler.
fn logged(handler: &str) -> String {
    let lines = log::lines();
    lines.into_iter().rfind(|line| line.contains(&format!("handler=\"{handler}\""))).unwrap()
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

    // In one line, and cut.
    server.get("/foreign", &["x-status: 409", "x-text: a{newline}INFO b"]).await.problem(409);
    assert!(logged("foreign").contains("a\\\\nINFO b"), "{}", logged("foreign"));
    server.get("/foreign", &["x-status: 409", "x-text: long"]).await.problem(409);
    let line = logged("foreign");
    assert!(line.len() < 400 && line.contains("xxx…"), "{line}");
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
    assert!(line.contains("`refused_extractors::Document`"), "{line}");
    assert!(line.contains("a path segment does not parse"), "{line}");
    server.get("/folders/1/documents/7", &[]).await.problem(404);
    let line = logged("unfit");
    assert!(line.contains("the path has 2 segments, expected 1"), "{line}");
}
