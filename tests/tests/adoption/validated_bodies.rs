//! Kind: bodies that are not validated by `validator`, but by `garde` or by the application's own extractor.

use std::pin::Pin;

use actix_web::dev::{HttpServiceFactory, Payload};
use actix_web::{Either, Error, FromRequest, HttpRequest, post, web};
use secure_runtime::testing::TestSecurity;
use secure_runtime::{Validatable, Violations, secure};
use secure_tests::{Answer, TestServer};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, garde::Validate)]
struct Line {
    #[garde(length(min = 2, max = 8))]
    article: String,
}

#[derive(Deserialize, garde::Validate)]
struct Order {
    #[garde(range(min = 1))]
    customer: u32,
    #[garde(dive)]
    lines: Vec<Line>,
}

/// With the rules of `validator`, next to types that use `garde`.
#[derive(Deserialize, validator::Validate)]
struct Page {
    #[validate(range(min = 1, max = 100))]
    take: u32,
}

#[derive(Deserialize, garde::Validate)]
struct Query {
    #[garde(length(max = 3))]
    search: String,
}

#[secure(public, rate("9999/s", by = address), validate(order, page))]
#[post("/orders")]
async fn place(order: web::Json<Order>, page: web::Query<Page>) -> String {
    format!("{} {} {}", order.customer, order.lines[0].article, page.take)
}

#[secure(public, rate("9999/s", by = address), validate(order, query))]
#[post("/maybe")]
async fn maybe(order: Option<web::Json<Order>>, query: Option<web::Query<Query>>) -> String {
    format!("{} {}", order.is_some(), query.map_or(0, |query| query.search.len()))
}

#[secure(public, rate("9999/s", by = address), validate(line))]
#[post("/either")]
async fn either(line: Either<web::Json<Line>, web::Form<Line>>) -> String {
    match line {
        Either::Left(line) => line.into_inner().article,
        Either::Right(line) => line.into_inner().article,
    }
}

/// An extractor of the application: one number per line.
struct Numbers(Vec<u32>);

impl FromRequest for Numbers {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let text = String::from_request(request, payload);
        Box::pin(async move {
            let numbers = text.await?.lines().map(str::parse).collect::<Result<_, _>>();
            numbers.map(Self).map_err(actix_web::error::ErrorBadRequest)
        })
    }
}

struct NotEmpty<'a>(&'a [u32]);

impl validator::Validate for NotEmpty<'_> {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        if !self.0.is_empty() {
            return Ok(());
        }
        let mut errors = validator::ValidationErrors::new();
        errors.add("__all__", validator::ValidationError::new("empty"));
        Err(errors)
    }
}

impl Validatable for Numbers {
    fn check_rules(&self, violations: &mut Violations) {
        violations.check_body(&NotEmpty(&self.0));
    }
}

#[secure(public, rate("9999/s", by = address), validate(numbers))]
#[post("/numbers")]
async fn sum(numbers: Numbers) -> String {
    numbers.0.iter().sum::<u32>().to_string()
}

fn api() -> impl HttpServiceFactory {
    secure_runtime::scope("").service(place).service(maybe).service(either).service(sum)
}

async fn send(path: &str, media_type: &str, body: &str) -> Answer {
    let TestSecurity { security, .. } =
        TestSecurity::with(|it| it.answers_for(module_path!())).unwrap();
    let server = TestServer::start(&security, api);
    server.send("POST", path, &[&format!("content-type: {media_type}")], body).await
}

fn errors(answer: &Answer) -> Value {
    assert_eq!(answer.status, 422, "{}", answer.body);
    serde_json::from_str::<Value>(&answer.body).unwrap()["errors"].take()
}

#[actix_web::test]
async fn rules_of_garde_and_of_validator_hold_beside_each_other() {
    let json = "application/json";
    let order = r#"{"customer":7,"lines":[{"article":"tea"}]}"#;
    let answer = send("/orders?take=5", json, order).await;
    assert_eq!((answer.status, &*answer.body), (200, "7 tea 5"));
    let wrong = r#"{"customer":0,"lines":[{"article":"tea"},{"article":"x"}]}"#;
    let answer = send("/orders?take=0", json, wrong).await;
    let found = errors(&answer);
    let told =
        |error: &Value| (error["in"].clone(), error["pointer"].clone(), error["code"].clone());
    let found: Vec<_> = found.as_array().unwrap().iter().map(told).collect();
    assert_eq!(
        found,
        [
            (json!("body"), json!("#/customer"), json!("garde")),
            (json!("body"), json!("#/lines/1/article"), json!("garde")),
            (json!("query"), json!("#/take"), json!("range")),
        ]
    );
    assert!(answer.body.contains("length is lower than 2"), "{}", answer.body);
}

#[actix_web::test]
async fn the_list_of_what_garde_finds_is_bounded() {
    let lines = vec![r#"{"article":"x"}"#; 1000].join(",");
    let body = format!(r#"{{"customer":1,"lines":[{lines}]}}"#);
    let answer = send("/orders?take=1", "application/json", &body).await;
    assert_eq!(errors(&answer).as_array().unwrap().len(), 32);
    // A body with too many values is refused without validation.
    let lines = vec![r#"{"article":"x"}"#; 15_000].join(",");
    let body = format!(r#"{{"customer":1,"lines":[{lines}]}}"#);
    let answer = send("/orders?take=1", "application/json", &body).await;
    assert_eq!(errors(&answer)[0]["code"], "values");
}

#[actix_web::test]
async fn what_is_there_of_optional_and_alternative_bodies_is_validated() {
    let json = "application/json";
    let order = r#"{"customer":7,"lines":[]}"#;
    assert_eq!(send("/maybe?search=abc", json, order).await.body, "true 3");
    assert_eq!(send("/maybe", json, "").await.body, "false 0");
    let answer = send("/maybe?search=abcd", json, r#"{"customer":0,"lines":[]}"#).await;
    assert_eq!(errors(&answer).as_array().unwrap().len(), 2);
    assert_eq!(send("/either", json, r#"{"article":"tea"}"#).await.body, "tea");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(send("/either", form, "article=tea").await.body, "tea");
    for (media_type, body) in [(json, r#"{"article":"x"}"#), (form, "article=x")] {
        let answer = send("/either", media_type, body).await;
        assert_eq!(errors(&answer)[0]["pointer"], "#/article");
    }
}

#[actix_web::test]
async fn an_extractor_of_the_application_is_validated() {
    let answer = send("/numbers", "text/plain", "1\n2").await;
    assert_eq!((answer.status, &*answer.body), (200, "3"));
    assert_eq!(errors(&send("/numbers", "text/plain", "").await)[0]["code"], "empty");
    assert_eq!(send("/numbers", "text/plain", "x").await.status, 400);
}
