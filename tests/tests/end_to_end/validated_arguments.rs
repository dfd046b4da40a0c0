//! All types of arguments that `validate(…)` accepts: present values are validated, and missing optional values
//! are no error.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{Either, Error, FromRequest, HttpRequest, get, post, web};
use secure_runtime::validator::Validate;
use secure_runtime::{Validatable, Violations, secure};
use secure_tests::TestServer;
use serde::Deserialize;

#[derive(Deserialize, Validate)]
struct Order {
    #[validate(range(min = 1))]
    quantity: u32,
}

/// An extractor of the application.
struct Mine<T>(T);

impl<T: serde::de::DeserializeOwned + 'static> FromRequest for Mine<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        let json = web::Json::<T>::from_request(request, body);
        Box::pin(async move { Ok(Self(json.await?.0)) })
    }
}

impl<T: Validate> Validatable for Mine<T> {
    fn check_rules(&self, violations: &mut Violations) {
        violations.check_body(&self.0);
    }
}

#[secure(public, validate(order), rate("1000/s", by = address))]
#[post("/option")]
async fn option(order: Option<web::Json<Order>>) -> String {
    order.map_or(String::from("none"), |it| it.quantity.to_string())
}

#[secure(public, validate(order), rate("1000/s", by = address))]
#[post("/result")]
async fn result(order: Result<web::Json<Order>, Error>) -> String {
    order.map_or(String::from("none"), |it| it.quantity.to_string())
}

#[secure(public, validate(order), rate("1000/s", by = address))]
#[post("/either")]
async fn either(order: Either<web::Json<Order>, web::Form<Order>>) -> String {
    let quantity = match order {
        Either::Left(json) => json.quantity,
        Either::Right(form) => form.quantity,
    };
    quantity.to_string()
}

#[secure(public, validate(order), objects = any, rate("1000/s", by = address))]
#[post("/element/{number}")]
async fn element((_number, order): (web::Path<u32>, web::Json<Order>)) -> String {
    order.quantity.to_string()
}

#[secure(public, validate(order, page), rate("1000/s", by = address))]
#[post("/elements")]
async fn elements((page, order): (web::Query<Order>, web::Json<Order>)) -> String {
    (page.quantity + order.quantity).to_string()
}

#[secure(public, validate(both), rate("1000/s", by = address))]
#[post("/both")]
async fn both(both: (web::Query<Order>, web::Json<Order>)) -> String {
    (both.0.quantity + both.1.quantity).to_string()
}

#[secure(public, validate(page))]
#[get("/query")]
async fn query(page: Option<web::Query<Order>>) -> String {
    page.map_or(String::from("none"), |it| it.quantity.to_string())
}

#[secure(public, validate(order), rate("1000/s", by = address))]
#[post("/mine")]
async fn mine(order: Mine<Order>) -> String {
    order.0.quantity.to_string()
}

fn server() -> TestServer {
    let (builder, _, _) = crate::security(module_path!());
    TestServer::start(&builder.max_validated_values(1).build().unwrap(), || {
        secure_runtime::scope("")
            .service(option)
            .service(result)
            .service(either)
            .service(element)
            .service(elements)
            .service(both)
            .service(query)
            .service(mine)
    })
}

#[actix_web::test]
async fn what_is_there_is_validated() {
    let server = server();
    for path in ["/option", "/result", "/either", "/element/7", "/mine"] {
        let answer = server.post_json(path, &[], r#"{"quantity":2}"#).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "2"), "{path}");
        let problem = server.post_json(path, &[], r#"{"quantity":0}"#).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "#/quantity", "{path}");
        assert_eq!(problem["errors"][0]["in"], "body", "{path}");
        let many = server.post_json(path, &[], r#"{"quantity":2,"b":1}"#).await.problem(422);
        assert_eq!(many["errors"][0]["code"], "values", "{path}");
    }
    let form = ["content-type: application/x-www-form-urlencoded"];
    assert_eq!(server.send("POST", "/either", &form, "quantity=2").await.body, "2");
    server.send("POST", "/either", &form, "quantity=0").await.problem(422);
}

#[actix_web::test]
async fn what_is_not_there_is_no_mistake() {
    let server = server();
    for path in ["/option", "/result"] {
        assert_eq!(server.post_json(path, &[], "no JSON").await.body, "none", "{path}");
    }
    assert_eq!(server.get("/query", &[]).await.body, "none");
    assert_eq!(server.get("/query?quantity=2", &[]).await.body, "2");
    server.get("/query?quantity=0", &[]).await.problem(422);
}

#[actix_web::test]
async fn elements_of_a_tuple_are_validated_by_their_names_or_together() {
    let server = server();
    for path in ["/elements", "/both"] {
        let send = async |page: u32, order: u32| {
            let body = format!(r#"{{"quantity":{order}}}"#);
            server.post_json(&format!("{path}?quantity={page}"), &[], &body).await
        };
        assert_eq!(send(1, 2).await.body, "3", "{path}");
        assert_eq!(send(0, 2).await.problem(422)["errors"][0]["in"], "query", "{path}");
        assert_eq!(send(1, 0).await.problem(422)["errors"][0]["in"], "body", "{path}");
    }
}
