//! A panic in application code before the handler is answered with 500, and the server keeps serving.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest, get, post, web};
use secure_runtime::{Loaded, Principal, Resource, secure};
use secure_tests::{TestServer, bearer};
use serde::{Deserialize, Deserializer};
use validator::{Validate, ValidationError};

#[derive(Deserialize, Validate)]
struct Order {
    #[validate(custom(function = "panics_at_zero"))]
    quantity: u32,
}

fn panics_at_zero(quantity: u32) -> Result<(), ValidationError> {
    assert_ne!(quantity, 0, "a rule's");
    Ok(())
}

/// Panics during deserialization.
struct Read(u32);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        assert_ne!(number, 0, "serde's");
        Ok(Self(number))
    }
}

/// Panics before it returns its future.
struct Early(u32);

impl FromRequest for Early {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let number = request.match_info().query("number").parse().unwrap_or(0);
        assert_ne!(number, 0, "an extractor's");
        ready(Ok(Self(number)))
    }
}

/// Panics before it returns its future, or in the future.
struct Document(u32);

impl Resource for Document {
    type Key = u32;

    fn load(key: u32, _: &HttpRequest) -> impl Future<Output = Result<Option<Self>, Error>> {
        assert_ne!(key, 0, "a resource's");
        async move {
            actix_web::rt::task::yield_now().await;
            assert_ne!(key, 1, "the future's");
            Ok(Some(Self(key)))
        }
    }
}

#[secure(public, validate(order), rate("1000/s", by = address))]
#[post("/validated")]
async fn validated(order: web::Json<Order>) -> String {
    order.quantity.to_string()
}

#[secure(public, unvalidated(read, reason = "a test"), rate("1000/s", by = address))]
#[post("/read")]
async fn read(read: web::Json<Read>) -> String {
    read.0.0.to_string()
}

#[secure(public, objects = any)]
#[get("/early/{number}")]
async fn early(early: Early) -> String {
    early.0.to_string()
}

#[secure(public, objects = any)]
#[get("/loaded/{number}")]
async fn loaded(document: Loaded<Document>) -> String {
    document.0.to_string()
}

#[secure(allow = document.0 < 100 && caller.subject() == "ada")]
#[get("/ruled/{number}")]
async fn ruled(document: Loaded<Document>, _early: Early, caller: Principal) -> String {
    format!("{} {}", document.0, caller.subject())
}

#[actix_web::test]
async fn a_panic_before_the_handler_is_500() {
    let (builder, issuer, _) = crate::security(module_path!());
    let server = TestServer::start(&builder.build().unwrap(), || {
        secure_runtime::scope("")
            .service(validated)
            .service(read)
            .service(early)
            .service(loaded)
            .service(ruled)
    });
    server.post_json("/validated", &[], r#"{"quantity":0}"#).await.problem(500);
    assert_eq!(server.post_json("/validated", &[], r#"{"quantity":2}"#).await.body, "2");
    server.post_json("/read", &[], "0").await.problem(500);
    assert_eq!(server.post_json("/read", &[], "2").await.body, "2");
    server.get("/early/0", &[]).await.problem(500);
    assert_eq!(server.get("/early/2", &[]).await.body, "2");
    for number in [0, 1] {
        server.get(&format!("/loaded/{number}"), &[]).await.problem(500);
    }
    assert_eq!(server.get("/loaded/2", &[]).await.body, "2");
    let token = bearer(&issuer.token("ada").sign());
    for number in [0, 1] {
        server.get(&format!("/ruled/{number}"), &[&token]).await.problem(500);
    }
    assert_eq!(server.get("/ruled/2", &[&token]).await.body, "2 ada");
}
