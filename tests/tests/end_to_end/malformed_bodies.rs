//! Faulty JSON bodies: 400 for invalid JSON, 422 for JSON of another structure, with the position of the fault.

use std::collections::BTreeMap;

use actix_web::{post, web};
use secure_runtime::secure;
use secure_tests::TestServer;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Order {
    quantity: u8,
}

#[derive(Deserialize)]
enum Kind {
    Plain,
    Sized(u8),
}

macro_rules! endpoints {
    ($($name:ident $path:literal $body:ty, |$given:pat_param| $text:expr);* $(;)?) => {$(
        #[secure(public, unvalidated(body, reason = "a test"), rate("1000/s", by = address))]
        #[post($path)]
        async fn $name(body: web::Json<$body>) -> String {
            let $given = body.into_inner();
            $text
        }
    )*};
}

endpoints!(
    order "/order" Order, |order| order.quantity.to_string();
    pair "/pair" (u8, u8), |(first, second)| (first + second).to_string();
    kinds "/kind" Kind, |kind| match kind {
        Kind::Plain => String::from("plain"),
        Kind::Sized(size) => size.to_string(),
    };
    numbers "/numbers" BTreeMap<u8, u8>, |numbers| numbers.len().to_string();
    float "/float" f64, |float| float.to_string();
    any "/any" Value, |any| any.is_null().to_string();
);

fn server() -> TestServer {
    let (builder, _, _) = crate::security(module_path!());
    TestServer::start(&builder.build().unwrap(), || {
        secure_runtime::scope("")
            .service(order)
            .service(pair)
            .service(kinds)
            .service(numbers)
            .service(float)
            .service(any)
    })
}

const NO_JSON: &str = "the body is not JSON at";
const ENDS: &str = "the body is not JSON: it ends too early at";
const UNEXPECTED: &str = "the body is not JSON, or has an unexpected value, at";
const FORM: &str = "the body does not have the expected form at";
const MORE: &str = "the body has more than the expected form at";

#[actix_web::test]
async fn bodies_that_are_right_are_read() {
    let server = server();
    for (path, body, answer) in [
        ("/order", r#"{"quantity":7}"#, "7"),
        ("/order", " [7] ", "7"),
        ("/pair", "[1,2]", "3"),
        ("/kind", r#""Plain""#, "plain"),
        ("/kind", r#"{"Sized":7}"#, "7"),
        ("/numbers", r#"{"1":2,"3":4}"#, "2"),
        ("/float", "1e30", "1000000000000000000000000000000"),
        ("/any", "null", "true"),
    ] {
        assert_eq!(server.post_json(path, &[], body).await.body, answer, "{path} {body}");
    }
}

#[actix_web::test]
async fn what_is_no_json_and_what_has_another_form_are_told_apart() {
    let server = server();
    for (path, body, status, detail) in [
        // Invalid JSON.
        ("/order", "", 400, ENDS),
        ("/order", r#"{"quantity":"#, 400, ENDS),
        ("/order", r#"{"quantity":7"#, 400, ENDS),
        ("/order", r#"{"quan"#, 400, ENDS),
        ("/order", "[7", 400, ENDS),
        ("/order", r#"{"quantity" 7}"#, 400, NO_JSON),
        ("/order", r#"{"quantity":7,}"#, 400, NO_JSON),
        ("/order", r#"{"quantity":7 "a":1}"#, 400, NO_JSON),
        ("/order", "{quantity:7}", 400, NO_JSON),
        ("/order", "{7:7}", 400, NO_JSON),
        ("/pair", "[1,2,]", 400, NO_JSON),
        ("/pair", "[1 2]", 400, NO_JSON),
        ("/order", r#"{"quantity":01}"#, 400, NO_JSON),
        ("/any", "-", 400, ENDS),
        ("/any", "1.", 400, ENDS),
        ("/any", "nul", 400, ENDS),
        ("/any", "nulL", 400, NO_JSON),
        ("/any", r#""\x""#, 400, NO_JSON),
        ("/any", "\"\n\"", 400, NO_JSON),
        ("/any", r#""\ud800""#, 400, NO_JSON),
        ("/order", r#"{"quantity":seven}"#, 400, UNEXPECTED),
        ("/order", "quantity=7", 400, UNEXPECTED),
        ("/any", "\u{feff}null", 400, UNEXPECTED),
        // Valid JSON of another structure.
        ("/order", "{}", 422, "the member `quantity` is missing at"),
        ("/order", r#"{"quantity":"7"}"#, 422, FORM),
        ("/order", r#"{"quantity":-7}"#, 422, FORM),
        ("/order", r#"{"quantity":300}"#, 422, FORM),
        ("/order", r#"{"quantity":7.5}"#, 422, FORM),
        ("/order", r#"{"quantity":null}"#, 422, FORM),
        ("/order", r#"{"quantity":{}}"#, 422, FORM),
        ("/order", r#"{"quantity":7,"quantity":7}"#, 422, FORM),
        ("/order", "7", 422, FORM),
        ("/order", "null", 422, FORM),
        ("/order", "[]", 422, FORM),
        ("/order", "[1,2]", 422, MORE),
        ("/pair", "[1]", 422, FORM),
        ("/pair", "[1,2,3]", 422, MORE),
        ("/pair", r#"{"0":1}"#, 422, FORM),
        ("/kind", r#""Other""#, 422, FORM),
        ("/kind", r#"{"Plain":7}"#, 422, FORM),
        ("/numbers", r#"{"a":1}"#, 422, "the body has a member that is no number at"),
        ("/numbers", r#"{"1a":1}"#, 422, "the body has a member that is no number at"),
        ("/numbers", r#"{"300":1}"#, 422, FORM),
        ("/float", "1e999", 422, "the body has a number that is out of range at"),
        // `serde_json` gives the same message for invalid JSON.
        ("/order", r#"{"quantity":7} 8"#, 422, MORE),
        ("/kind", "7", 400, UNEXPECTED),
    ] {
        let problem = server.post_json(path, &[], body).await.problem(status);
        let told = problem["detail"].as_str().unwrap();
        assert!(told.starts_with(detail), "{path} {body}: {told}");
        assert!(told.contains("line 1 column") || told.contains("line 2 column"), "{told}");
    }
}

#[actix_web::test]
async fn a_body_that_is_too_deep_is_told_so() {
    let server = server();
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(server.post_json("/any", &[], &nested(127)).await.body, "false");
    let problem = server.post_json("/any", &[], &nested(128)).await.problem(400);
    assert_eq!(problem["detail"], "the body is nested too deeply at line 1 column 128");
}
