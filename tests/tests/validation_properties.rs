//! For ordinary bodies, the errors are exactly those that plain `validator` finds.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use actix_web::dev::ServiceResponse;
use actix_web::{App, HttpResponse, post, test as service, web};
use proptest::collection::vec;
use proptest::prelude::*;
use secure_runtime::{Security, secure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

/// The number of violations that a response lists.
const MOST: usize = 32;

#[derive(Clone, Debug, Deserialize, Serialize, Validate)]
struct Address {
    #[validate(length(equal = 2))]
    country: String,
    #[validate(range(min = 100, max = 999))]
    number: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize, Validate)]
struct Line {
    #[validate(length(min = 1, max = 3))]
    article: String,
    #[validate(length(max = 2), nested)]
    senders: Vec<Address>,
}

#[derive(Clone, Debug, Deserialize, Serialize, Validate)]
struct Order {
    #[validate(email, length(max = 4))]
    contact: String,
    #[validate(nested)]
    address: Option<Address>,
    #[validate(length(max = 12), nested)]
    lines: Vec<Line>,
}

#[secure(public, validate(order), rate("1000/s", by = address))]
#[post("/orders")]
async fn place(order: web::Json<Order>) -> HttpResponse {
    HttpResponse::Ok().json(&*order)
}

fn address() -> impl Strategy<Value = Address> {
    ("[a-b]{1,3}", 0..1200_u32).prop_map(|(country, number)| Address { country, number })
}

fn line() -> impl Strategy<Value = Line> {
    ("[a-z]{0,4}", vec(address(), 0..4)).prop_map(|(article, senders)| Line { article, senders })
}

fn order() -> impl Strategy<Value = Order> {
    let contact = prop_oneof![Just("a@b.c"), Just("a@b"), Just("ab"), Just("nobody")];
    let lines = prop_oneof![vec(line(), 0..4), vec(line(), 0..16)];
    (contact, proptest::option::of(address()), lines).prop_map(|(contact, address, lines)| Order {
        contact: contact.into(),
        address,
        lines,
    })
}

/// The pointers and codes of all errors.
fn plain(errors: &ValidationErrors, pointer: &str, found: &mut Vec<(String, String)>) {
    for (name, kind) in errors.errors() {
        let pointer = format!("{pointer}/{name}");
        match kind {
            ValidationErrorsKind::Field(errors) => {
                found.extend(errors.iter().map(|it| (pointer.clone(), it.code.to_string())));
            }
            ValidationErrorsKind::Struct(errors) => plain(errors, &pointer, found),
            ValidationErrorsKind::List(list) => {
                for (index, errors) in list {
                    plain(errors, &format!("{pointer}/{index}"), found);
                }
            }
        }
    }
}

async fn answers(order: &Order) -> Vec<(u16, Value)> {
    let security = Security::builder().build().unwrap();
    let app = App::new().app_data(security).service(place);
    let app = service::init_service(app).await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = service::TestRequest::post().uri("/orders").set_json(order);
        let request = request.peer_addr("192.0.2.1:1".parse().unwrap()).to_request();
        let response: ServiceResponse = service::call_service(&app, request).await;
        let status = response.status().as_u16();
        answers.push((status, service::read_body_json(response).await));
    }
    answers
}

async fn compare(order: Order) {
    let [first, second] = answers(&order).await.try_into().unwrap();
    assert_eq!(first, second, "the order is always the same");
    let (status, body) = first;
    let mut expected = Vec::new();
    if let Err(errors) = order.validate() {
        plain(&errors, "#", &mut expected);
    }
    if expected.is_empty() {
        assert_eq!(status, 200);
        return;
    }
    expected.sort();
    assert_eq!(status, 422);
    let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    let told: Vec<_> = body["errors"].as_array().unwrap().iter().collect();
    let told: Vec<_> = told.iter().map(|it| (text(it, "pointer"), text(it, "code"))).collect();
    assert_eq!(told.len(), expected.len().min(MOST));
    assert!(told.is_sorted());
    if expected.len() <= MOST {
        assert_eq!(told, expected);
    } else {
        assert!(told.iter().all(|it| expected.contains(it)), "{told:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_errors_are_those_of_the_validator(order in order()) {
        actix_rt::System::new().block_on(compare(order));
    }
}
