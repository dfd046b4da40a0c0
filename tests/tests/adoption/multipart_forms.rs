//! Kind: uploads with `MultipartForm` are limited by `max_body`, and the client and the log get each error.

use actix_multipart::form::bytes::Bytes;
use actix_multipart::form::text::Text;
use actix_multipart::form::{MultipartForm, MultipartFormConfig};
use actix_multipart::{Multipart, MultipartError};
use actix_web::dev::HttpServiceFactory;
use actix_web::{App, post, web};
use futures_util::StreamExt;
use secure_runtime::secure;
use secure_runtime::testing::TestSecurity;
use secure_tests::{Answer, TestServer, log};
use serde_json::Value;
use validator::Validate;

#[derive(MultipartForm, Validate)]
#[multipart(deny_unknown_fields)]
#[validate(schema(function = "has_few"))]
struct Upload {
    #[multipart(limit = "1KiB")]
    title: Text<String>,
    #[multipart(limit = "60MiB")]
    file: Option<actix_multipart::form::tempfile::TempFile>,
    number: Option<Text<u32>>,
    note: Option<Bytes>,
}

fn has_few(form: &Upload) -> Result<(), validator::ValidationError> {
    match &form.number {
        Some(Text(10..)) => Err(validator::ValidationError::new("few")),
        _ => Ok(()),
    }
}

#[secure(public, rate("9999/s", by = address), validate(upload), max_body = "100MiB")]
#[post("/uploads")]
async fn upload(upload: MultipartForm<Upload>) -> String {
    let file = upload.file.as_ref().map_or(0, |file| file.size);
    format!("{} {}", upload.title.0, file + upload.note.as_ref().map_or(0, |note| note.data.len()))
}

#[secure(public, rate("9999/s", by = address), unvalidated(parts, reason = "bytes"), max_body = "1KiB")]
#[post("/streamed")]
async fn streamed(mut parts: Multipart) -> Result<String, MultipartError> {
    let mut read = 0;
    while let Some(part) = parts.next().await {
        let mut part = part?;
        while let Some(chunk) = part.next().await {
            read += chunk?.len();
        }
    }
    Ok(read.to_string())
}

fn api() -> impl HttpServiceFactory {
    secure_runtime::scope("").service(upload).service(streamed)
}

fn server() -> TestServer {
    let TestSecurity { security, .. } =
        TestSecurity::with(|it| it.answers_for(module_path!())).unwrap();
    TestServer::start(&security, api)
}

fn part(name: &str, file: Option<&str>, content: &str) -> String {
    let file = file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
    format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
}

async fn send(server: &TestServer, path: &str, parts: &[String]) -> Answer {
    let body = format!("{}--b--\r\n", parts.concat());
    server.send("POST", path, &["content-type: multipart/form-data; boundary=b"], &body).await
}

#[actix_web::test]
async fn a_form_within_max_body_is_read_and_validated() {
    let server = server();
    let title = part("title", None, "t");
    // More than actix-multipart's own limit of 50 MiB, but within `max_body`.
    let file = part("file", Some("f"), &"x".repeat(55 << 20));
    let answer = send(&server, "/uploads", &[title.clone(), file]).await;
    assert_eq!((answer.status, &*answer.body), (200, "t 57671680"));
    let answer = send(&server, "/uploads", &[title.clone(), part("number", None, "9")]).await;
    assert_eq!(answer.status, 200);
    let answer = send(&server, "/uploads", &[title, part("number", None, "10")]).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert!(answer.body.contains("\"few\""), "{}", answer.body);
}

#[actix_web::test]
async fn every_error_is_told_to_the_client_and_to_the_operator() {
    log::record();
    let server = server();
    let (title, long) = (part("title", None, "t"), "x".repeat(2000));
    let large = "y".repeat(3 << 20);
    for (parts, status, told) in [
        (vec![part("title", None, &long)], 413, "the form, or a field of it, is too large"),
        (
            vec![title.clone(), part("note", None, &large)],
            413,
            "the form, or a field of it, is too large",
        ),
        (vec![title.clone(), part("numbr", None, "1")], 400, "the field `numbr` is unknown"),
        (vec![], 400, "the multipart body ends too early"),
        (vec![part("number", None, "1")], 400, "the field `title` is missing"),
        (
            vec![title.clone(), part("number", None, "one")],
            400,
            "the field `number` does not have the expected form",
        ),
    ] {
        let answer = send(&server, "/uploads", &parts).await;
        assert_eq!(answer.status, status, "{told}: {}", answer.body);
        let problem: Value = serde_json::from_str(&answer.body).unwrap();
        if parts.is_empty() {
            continue;
        }
        assert_eq!(problem["detail"], told);
        let name = told.split('`').nth(1).unwrap_or("`#[multipart(limit = …)]` of the field");
        let is_told = |line: &String| line.contains("refused") && line.contains(name);
        assert!(log::lines().iter().any(is_told), "{told}: {:?}", log::lines());
    }
    let headers = ["content-type: multipart/form-data"];
    let answer = server.send("POST", "/uploads", &headers, "--b--\r\n").await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("the multipart body has no `boundary`"), "{}", answer.body);
    let answer = server.send("POST", "/uploads", &["content-type: text/plain"], "x").await;
    assert_eq!(answer.status, 415, "{}", answer.body);
}

#[actix_web::test]
async fn a_stream_of_parts_ends_at_max_body_with_413() {
    let server = server();
    let answer = send(&server, "/streamed", &[part("a", None, "12345")]).await;
    assert_eq!((answer.status, &*answer.body), (200, "5"));
    let body = format!("{}--b--\r\n", part("a", None, &"x".repeat(2000)));
    let head = "POST /streamed HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=b\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let answer = server.raw(format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len())).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[actix_web::test]
async fn a_limit_of_the_application_stays() {
    let TestSecurity { security, .. } =
        TestSecurity::with(|it| it.answers_for(module_path!())).unwrap();
    let server = TestServer::run(move || {
        App::new()
            .app_data(security.clone())
            .app_data(MultipartFormConfig::default().total_limit(100))
            .app_data(web::Data::new(()))
            .service(api())
    });
    let answer = send(&server, "/uploads", &[part("title", None, "t")]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = send(&server, "/uploads", &[part("title", None, &"x".repeat(200))]).await;
    assert_eq!(answer.status, 413, "{}", answer.body);
}
