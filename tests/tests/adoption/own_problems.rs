//! The application's own errors in the problem format of the pipeline (RFC 9457).

use actix_web::{App, ResponseError, get, web};
use secure_runtime::{Denial, DenialKind, Problem, Security, route, secure};
use secure_tests::TestServer;

/// A typical error type of an application.
#[derive(Debug)]
enum ShopError {
    SoldOut { left: u32 },
    Database,
}

impl std::fmt::Display for ShopError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{self:?}")
    }
}

impl ResponseError for ShopError {
    fn error_response(&self) -> actix_web::HttpResponse {
        match self {
            Self::SoldOut { left } => Problem::new(409)
                .with_type("https://shop.example/problems/sold-out")
                .with_title("Sold Out")
                .with_member("left", *left)
                .error_response(),
            Self::Database => Problem::new(503).error_response(),
        }
    }
}

#[secure(public, objects = any)]
#[get("/goods/{how}")]
async fn goods(how: web::Path<String>) -> Result<&'static str, ShopError> {
    match how.as_str() {
        "sold-out" => Err(ShopError::SoldOut { left: 2 }),
        "database" => Err(ShopError::Database),
        _ => Ok("there"),
    }
}

/// As an error, as a response, and as denials of every kind.
#[secure(public, objects = any)]
#[get("/problems/{status}")]
async fn problems(status: web::Path<u16>) -> Result<Problem, Problem> {
    let problem = Problem::new(*status).with_detail("told").with_instance("/problems");
    if *status < 500 { Err(problem) } else { Ok(problem) }
}

#[secure(public, objects = any)]
#[get("/denials/{status}")]
async fn denials(status: web::Path<u16>) -> Result<&'static str, Denial> {
    match DenialKind::all().find(|kind| kind.status() == *status) {
        Some(kind) => Err(Denial::new(kind, "s3cr3t").with_detail("told")),
        None => Ok("no such kind"),
    }
}

fn server() -> TestServer {
    let security = Security::builder()
        .answers_for(module_path!())
        .problems(|denial, problem, request| {
            problem.set_instance(request.path());
            if let Some(id) = request.headers().get("x-request-id").and_then(|it| it.to_str().ok())
            {
                problem.set_member("request_id", id);
            }
            if denial.kind() == DenialKind::Gone {
                problem.set_type("https://shop.example/problems/gone");
            }
        })
        .build()
        .unwrap();
    TestServer::run(move || {
        App::new()
            .app_data(security.clone())
            .service(
                secure_runtime::scope("/api")
                    .service(goods)
                    .service(problems)
                    .service(denials)
                    .default_service(route::not_found()),
            )
            .default_service(web::to(secure_runtime::not_found))
    })
}

#[actix_web::test]
async fn an_error_type_answers_with_problems() {
    let server = server();
    assert_eq!(server.get("/api/goods/hat", &[]).await.body, "there");
    let problem = server.get("/api/goods/sold-out", &[]).await.problem(409);
    assert_eq!(problem["type"], "https://shop.example/problems/sold-out");
    assert_eq!((&problem["title"], &problem["left"]), (&"Sold Out".into(), &2.into()));
    let problem = server.get("/api/goods/database", &[]).await.problem(503);
    assert_eq!(problem["title"], "Service Unavailable");
}

#[actix_web::test]
async fn a_problem_is_an_error_and_an_answer() {
    let server = server();
    for (status, title) in [(404, "Not Found"), (409, "Conflict"), (422, "Unprocessable Content")] {
        let problem = server.get(&format!("/api/problems/{status}"), &[]).await.problem(status);
        assert_eq!((&problem["title"], &problem["detail"]), (&title.into(), &"told".into()));
        assert_eq!(problem["instance"], "/problems");
    }
    assert_eq!(server.get("/api/problems/503", &[]).await.problem(503)["detail"], "told");
}

#[actix_web::test]
async fn every_kind_is_answered_with_its_status_and_title() {
    let server = server();
    for kind in DenialKind::all() {
        let path = format!("/api/denials/{}", kind.status());
        if kind == DenialKind::UpgradeRequired {
            // The test client takes the connection for a WebSocket, and does not read the body.
            let answer = server.raw(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required"), "{answer}");
            assert!(answer.contains(r#""title":"Upgrade Required""#), "{answer}");
            continue;
        }
        let answer = server.get(&path, &["x-request-id: 7"]).await;
        let problem = answer.problem(kind.status());
        assert_eq!((&problem["title"], &problem["detail"]), (&kind.title().into(), &"told".into()));
        assert_eq!((&problem["instance"], &problem["request_id"]), (&path.into(), &"7".into()));
        let is_gone = kind == DenialKind::Gone;
        assert_eq!(problem["type"] == "https://shop.example/problems/gone", is_gone);
    }
    assert_eq!(server.get("/api/denials/299", &[]).await.body, "no such kind");
}

#[actix_web::test]
async fn unknown_paths_and_methods_have_the_same_form() {
    let server = server();
    for path in ["/nowhere", "/api/nowhere", "/api"] {
        assert_eq!(server.get(path, &[]).await.problem(404)["instance"], path);
    }
    server.send("DELETE", "/api/goods/hat", &[], "").await.problem(404);
}

/// Exactly one row for each kind, ordered by status.
#[test]
fn the_page_on_errors_lists_every_kind() {
    let page = std::fs::read_to_string("../docs/errors.md").unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("| kind |")).skip(2);
    let rows: Vec<Vec<&str>> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let listed: Vec<_> = rows.iter().map(|cells| (cells[1].to_owned(), cells[2])).collect();
    let statuses: Vec<_> = DenialKind::all().map(|kind| kind.status().to_string()).collect();
    let kinds: Vec<_> = DenialKind::all()
        .zip(&statuses)
        .map(|(kind, status)| (format!("`{kind:?}`"), status.as_str()))
        .collect();
    assert_eq!(listed, kinds);
    for (kind, cells) in DenialKind::all().zip(&rows) {
        assert!(!cells[3].is_empty(), "{kind:?}");
        if let Some(code) = kind.error_code() {
            assert!(cells[4].contains(&format!("error=\"{code}\"")), "{kind:?}");
        }
    }
}
