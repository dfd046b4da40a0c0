//! Kind: the pointers of validation errors use the names that clients send, not the names of the Rust fields.

use std::collections::HashMap;

use actix_web::dev::HttpServiceFactory;
use actix_web::{Either, post, web};
use secure_runtime::secure;
use secure_runtime::testing::TestSecurity;
use secure_tests::TestServer;
use serde::Deserialize;
use serde_json::Value;
use validator::Validate;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[validate(range(min = 1))]
    unit_price: u32,
    #[serde(rename = "sku")]
    #[validate(length(max = 3))]
    article_number: String,
}

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
struct Order {
    #[validate(nested)]
    first_item: Option<Item>,
    #[validate(nested)]
    more_items: Vec<Item>,
}

#[derive(Deserialize, Validate)]
struct Page {
    #[serde(rename = "perPage")]
    #[validate(range(max = 100))]
    per_page: u32,
}

#[derive(Deserialize, garde::Validate)]
#[serde(rename_all = "kebab-case")]
struct Parcel {
    #[garde(range(min = 1))]
    total_weight: u32,
    #[garde(dive)]
    by_owner: HashMap<String, Vec<Label>>,
}

#[derive(Deserialize, garde::Validate)]
#[serde(rename_all = "PascalCase")]
struct Label {
    #[garde(length(max = 3))]
    printed_text: String,
}

#[secure(public, rate("9999/s", by = address), validate(order, page))]
#[post("/orders")]
async fn place(order: web::Json<Order>, page: web::Query<Page>) -> String {
    let first = order.first_item.as_ref().map_or(0, |item| item.unit_price);
    let names = order.more_items.iter().map(|item| item.article_number.len());
    format!("{first} {} {}", names.sum::<usize>(), page.per_page)
}

#[secure(public, rate("9999/s", by = address), validate(parcel))]
#[post("/parcels")]
async fn send_parcel(parcel: web::Json<Parcel>) -> String {
    let labels = parcel.by_owner.values().flatten();
    format!(
        "{} {}",
        parcel.total_weight,
        labels.map(|label| label.printed_text.len()).sum::<usize>()
    )
}

#[secure(public, rate("9999/s", by = address), validate(label))]
#[post("/labels")]
async fn print(label: Either<web::Json<Label>, web::Form<Label>>) -> String {
    match label {
        Either::Left(label) => label.into_inner().printed_text,
        Either::Right(label) => label.into_inner().printed_text,
    }
}

fn api() -> impl HttpServiceFactory {
    secure_runtime::scope("").service(place).service(send_parcel).service(print)
}

/// The status, and the pointers of the violations.
async fn sent(path: &str, media_type: &str, body: &str) -> (u16, Vec<String>) {
    let TestSecurity { security, .. } =
        TestSecurity::with(|it| it.answers_for(module_path!())).unwrap();
    let server = TestServer::start(&security, api);
    let answer = server.send("POST", path, &[&format!("content-type: {media_type}")], body).await;
    let errors = serde_json::from_str::<Value>(&answer.body).unwrap_or_default();
    let errors = errors["errors"].as_array().cloned().unwrap_or_default();
    let told = |error: &Value| {
        format!("{} {}", error["in"].as_str().unwrap(), error["pointer"].as_str().unwrap())
    };
    (answer.status, errors.iter().map(told).collect())
}

const JSON: &str = "application/json";

#[actix_web::test]
async fn pointers_have_the_names_of_the_body_and_the_query() {
    let body = r#"{"firstItem":{"unitPrice":1,"sku":"a"},"moreItems":[]}"#;
    assert_eq!(sent("/orders?perPage=1", JSON, body).await, (200, vec![]));
    let wrong = r#"{"firstItem":{"unitPrice":0,"sku":"a"},"moreItems":[
        {"unitPrice":1,"sku":"a"},{"unitPrice":0,"sku":"long"}]}"#;
    let expected = [
        "body #/firstItem/unitPrice",
        // An explicit `rename` of one field is not known, so the Rust name is used.
        "body #/moreItems/1/article_number",
        "body #/moreItems/1/unitPrice",
        "query #/perPage",
    ];
    let (status, pointers) = sent("/orders?perPage=101", JSON, wrong).await;
    assert_eq!((status, pointers.iter().map(String::as_str).collect()), (422, expected.to_vec()));
    // Each argument has its own names, for any number of violations.
    let items = vec![r#"{"unitPrice":0,"sku":"long"}"#; 1_000].join(",");
    let many = format!(r#"{{"moreItems":[{items}]}}"#);
    let (status, pointers) = sent("/orders?perPage=101", JSON, &many).await;
    assert_eq!((status, pointers.len()), (422, 32));
    assert!(pointers.iter().all(|pointer| pointer.starts_with("body #/moreItems")), "{pointers:?}");
}

#[actix_web::test]
async fn rules_of_garde_have_the_names_as_well() {
    let valid = r#"{"total-weight":1,"by-owner":{"total_weight":[{"PrintedText":"a"}]}}"#;
    assert_eq!(sent("/parcels", JSON, valid).await, (200, vec![]));
    let wrong = r#"{"total-weight":0,"by-owner":{"total_weight":[{"PrintedText":"long"}]}}"#;
    let expected = ["body #/by-owner/total_weight/0/PrintedText", "body #/total-weight"];
    let (status, pointers) = sent("/parcels", JSON, wrong).await;
    assert_eq!((status, pointers.iter().map(String::as_str).collect()), (422, expected.to_vec()));
    let form = "application/x-www-form-urlencoded";
    for (media_type, body) in [(JSON, r#"{"PrintedText":"long"}"#), (form, "PrintedText=long")] {
        let expected = vec![String::from("body #/PrintedText")];
        assert_eq!(sent("/labels", media_type, body).await, (422, expected));
    }
    assert_eq!(sent("/labels", form, "PrintedText=a").await.0, 200);
}
