//! Invalid values never reach the handler; the response names the broken rule.

use actix_web::{HttpResponse, get, post, web};
use secure_runtime::secure;
use secure_tests::TestServer;
use serde::Deserialize;
use serde_json::json;
use validator::Validate;

use crate::Runs;

#[derive(Deserialize, Validate)]
struct Line {
    #[validate(length(min = 2, max = 8))]
    article: String,
}

#[derive(Deserialize, Validate)]
struct Order {
    #[validate(email)]
    contact: String,
    #[validate(nested)]
    lines: Vec<Line>,
}

#[derive(Deserialize, Validate)]
struct Page {
    #[validate(range(min = 1, max = 100))]
    take: u32,
}

#[derive(Deserialize, Validate)]
struct Id {
    #[validate(length(equal = 3))]
    id: String,
}

#[secure(public, validate(order, page, path), objects = any, rate("1000/s", by = address))]
#[post("/orders/{id}")]
async fn place(
    order: web::Json<Order>,
    web::Query(page): web::Query<Page>,
    path: web::Path<Id>,
    runs: web::Data<Runs>,
) -> HttpResponse {
    runs.count();
    HttpResponse::Ok()
        .body(format!("{} {} {} {}", order.contact, order.lines[0].article, page.take, path.id))
}

#[secure(public, validate(page), rate("1000/s", by = address))]
#[post("/form")]
async fn form(web::Form(page): web::Form<Page>) -> String {
    page.take.to_string()
}

#[secure(public, objects = any)]
#[get("/number/{number}")]
async fn double(number: web::Path<u32>) -> String {
    number.to_string()
}

fn server() -> (TestServer, Runs) {
    let (builder, _, _) = crate::security(module_path!());
    let runs = Runs::default();
    let data = web::Data::new(runs.clone());
    let server = TestServer::start(&builder.build().unwrap(), move || {
        secure_runtime::scope("")
            .app_data(data.clone())
            .service(place)
            .service(form)
            .service(double)
    });
    (server, runs)
}

#[actix_web::test]
async fn valid_arguments_reach_the_handler() {
    let (server, runs) = server();
    let body = r#"{"contact":"a@b.example","lines":[{"article":"tea"}]}"#;
    let answer = server.post_json("/orders/abc?take=5", &[], body).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "a@b.example tea 5 abc"));
    assert_eq!(runs.so_far(), 1);
}

#[actix_web::test]
async fn every_violation_is_listed_with_its_place_and_without_its_value() {
    let (server, runs) = server();
    let body = r#"{"contact":"s3cr3t","lines":[{"article":"tea"},{"article":"x"}]}"#;
    let answer = server.post_json("/orders/abcd?take=0", &[], body).await;
    let problem = answer.problem(422);
    assert_eq!(
        problem["errors"],
        json!([
            {"in": "body", "pointer": "#/contact", "code": "email", "detail": "must be an email address"},
            {"in": "body", "pointer": "#/lines/1/article", "code": "length",
             "detail": "must have a length of between 2 and 8"},
            {"in": "path", "pointer": "#/id", "code": "length", "detail": "must have a length of exactly 3"},
            {"in": "query", "pointer": "#/take", "code": "range", "detail": "must be between 1 and 100"},
        ])
    );
    assert!(!answer.body.contains("s3cr3t"));
    assert_eq!(runs.so_far(), 0);
}

#[actix_web::test]
async fn forms_are_validated_too() {
    let (server, _) = server();
    let media_type = ["content-type: application/x-www-form-urlencoded"];
    assert_eq!(server.send("POST", "/form", &media_type, "take=7").await.body, "7");
    server.send("POST", "/form", &media_type, "take=700").await.problem(422);
    let problem = server.send("POST", "/form", &media_type, "other=1").await.problem(400);
    assert_eq!(problem["detail"], "the parameter `take` of the form is missing");
}

#[actix_web::test]
async fn a_missing_query_parameter_is_named_and_a_path_that_does_not_parse_is_404() {
    let (server, _) = server();
    let body = r#"{"contact":"a@b.example","lines":[]}"#;
    let problem = server.post_json("/orders/abc", &[], body).await.problem(400);
    assert_eq!(problem["detail"], "the parameter `take` of the query is missing");
    assert_eq!(server.get("/number/7", &[]).await.body, "7");
    let answer = server.get("/number/seven", &[]).await;
    answer.problem(404);
    assert!(!answer.body.contains("u32"), "{}", answer.body);
}
