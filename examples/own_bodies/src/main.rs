//! An application with a validating body extractor of its own, and with handlers that do not validate
//! their bodies yet.
//!
//! `secure.toml` declares the extractor and sets the level of the lint `unvalidated-body`.
//!
//! Run `cargo run -p own_bodies`; it prints the inventory (the rules of each endpoint, including how each
//! body is validated) and a token. Requests to try, each with `-H 'Authorization: Bearer TOKEN'`:
//!
//! - `curl -d '{"lines":["a"]}' -H 'Content-Type: application/json' http://127.0.0.1:8080/api/orders`: 200;
//! - the same with `{"lines":[]}`: 422, the extractor's own error;
//! - `curl -d 'more than sixteen' -H 'Content-Type: text/plain' http://127.0.0.1:8080/api/texts/7`: 413.

use std::future::Future;
use std::pin::Pin;
use std::{env, io};

use actix_web::dev::{HttpServiceFactory, Payload};
use actix_web::http::StatusCode;
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, HttpServer, error, post, web};
use secure_runtime::testing::Issuer;
use secure_runtime::{Security, scope, secure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The application's own trait for validation.
trait Rules {
    fn broken_rule(&self) -> Option<&'static str>;
}

/// The application's extractor: a valid JSON body, or the application's own error.
struct Checked<T>(T);

impl<T: Rules + DeserializeOwned + 'static> FromRequest for Checked<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = web::Json::<T>::from_request(request, payload);
        Box::pin(async move {
            let content = json.await?.into_inner();
            match content.broken_rule() {
                None => Ok(Self(content)),
                Some(rule) => Err(rejection(rule)),
            }
        })
    }
}

fn rejection(rule: &str) -> actix_web::Error {
    let body = serde_json::json!({ "code": "invalid_body", "message": rule });
    let response = HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY).json(body);
    error::InternalError::from_response(String::from(rule), response).into()
}

#[derive(Deserialize)]
struct Order {
    lines: Vec<String>,
}

impl Rules for Order {
    fn broken_rule(&self) -> Option<&'static str> {
        self.lines.is_empty().then_some("an order has at least one line")
    }
}

/// Validated by its extractor: `order by Checked` in the inventory.
#[secure(roles = "customer", rate = "100/h")]
#[post("/orders")]
async fn place_order(Checked(order): Checked<Order>) -> String {
    format!("{} lines", order.lines.len())
}

/// Not validated: `not note` in the inventory.
#[secure(roles = "customer", rate = "100/h")]
#[post("/notes")]
async fn leave_note(note: web::Json<serde_json::Value>) -> String {
    note.to_string()
}

/// Not validated, but limited to the length of `max_body`.
#[secure(roles = "customer", rate = "100/h", max_body = "16B")]
#[post("/texts/{id}")]
async fn write_text(path: web::Path<u32>, text: String) -> String {
    format!("{path}: {text}")
}

fn api() -> impl HttpServiceFactory {
    scope("/api").service(place_order).service(leave_note).service(write_text)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    // For development only; in production `Jwt::rs256(public_key)` with your provider's key.
    let issuer = Issuer::hs256();
    let security =
        Security::builder().authenticator("jwt", issuer.jwt()).build().map_err(io::Error::other)?;
    println!("{}", security.inventory());
    println!("A customer's token: {}", issuer.token("ann").role("customer").sign());
    let address = env::var("ADDR").unwrap_or_else(|_| String::from("127.0.0.1:8080"));
    HttpServer::new(move || App::new().app_data(security.clone()).service(api()))
        .bind(address)?
        .run()
        .await
}

#[cfg(test)]
mod tests {
    use secure_runtime::inventory;
    use secure_runtime::testing::TestSecurity;
    use secure_tests::{Answer, TestServer};

    use super::api;

    async fn post(role: &str, path: &str, body: &str) -> Answer {
        let TestSecurity { security, issuer, .. } = TestSecurity::new().unwrap();
        let server = TestServer::start(&security, api);
        let token = issuer.token("ann").role(role).sign();
        server.post_json(path, &[&format!("Authorization: Bearer {token}")], body).await
    }

    #[actix_web::test]
    async fn an_extractor_that_validates_gets_its_body_after_the_rules() {
        let answer = post("customer", "/api/orders", r#"{"lines":["a"]}"#).await;
        assert_eq!((answer.status, &*answer.body), (200, "1 lines"));
        // The response is the extractor's own error.
        let answer = post("customer", "/api/orders", r#"{"lines":[]}"#).await;
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains("invalid_body"), "{}", answer.body);
        // A caller without the role gets 403 and does not learn that the body is invalid.
        assert_eq!(post("guest", "/api/orders", r#"{"lines":[]}"#).await.status, 403);
    }

    #[actix_web::test]
    async fn a_body_that_nothing_validates_is_read_after_the_rules_and_within_its_bound() {
        let answer = post("customer", "/api/notes", r#"{"a":1}"#).await;
        assert_eq!((answer.status, &*answer.body), (200, r#"{"a":1}"#));
        assert_eq!(post("guest", "/api/notes", "no JSON").await.status, 403);
        let answer = post("customer", "/api/texts/7", "a short one").await;
        assert_eq!((answer.status, &*answer.body), (200, "7: a short one"));
        assert_eq!(post("customer", "/api/texts/7", "more than sixteen").await.status, 413);
        assert_eq!(post("guest", "/api/texts/7", "more than sixteen").await.status, 403);
        assert_eq!(post("customer", "/api/texts/x", "more than sixteen").await.status, 404);
    }

    #[test]
    fn the_inventory_tells_what_is_validated_by_what() {
        let inventory = inventory();
        let row = |path: &str| inventory.rows().iter().find(|row| row.path == Some(path)).unwrap();
        assert_eq!(row("/orders").validated_by, ["order: Checked"]);
        assert!(row("/orders").unvalidated.is_empty());
        assert_eq!(row("/notes").unvalidated, ["note: the lint `unvalidated-body` allows it"]);
        let table = inventory.to_string();
        assert!(table.contains("order by Checked") && table.contains("not note"), "{table}");
        assert!(inventory.to_json().contains(r#""validated_by": ["#));
    }
}
