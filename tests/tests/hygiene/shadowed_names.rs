//! Items of the user that have the names that the expansion needs.
#![allow(dead_code, unused_macros, non_camel_case_types)]

use secure_runtime::secure;

mod core {}
mod std {}
mod secure {}
mod secure_runtime_support {}
struct Option;
struct Result;
struct Some;
struct HttpRequest;
struct Payload;
struct Policy;
struct Endpoint;
trait Future {}
enum u32 {}
#[expect(non_snake_case, reason = "the name is what is tested")]
fn Ok() {}
const ENDPOINT: &str = "mine";
static ENDPOINTS: &str = "mine";
macro_rules! module_path {
    () => {
        compile_error!("mine")
    };
}
macro_rules! line {
    () => {
        compile_error!("mine")
    };
}

#[secure(roles = "admin", rate = "100/h", validate(order))]
#[actix_web::post("/")]
async fn handler(order: actix_web::web::Json<Item>) -> String {
    let (endpoint, request, payload) = (ENDPOINT, ENDPOINTS, "");
    format!("{endpoint}{request}{payload}{}", order.item)
}

/// Route attributes turn handlers into unit structs, even handlers named like a keyword of
/// rules.
mod words {
    use secure_runtime::secure;

    #[secure(allow = caller.subject() == name.as_str() && request.path() != "/")]
    #[actix_web::get("/callers/{name}")]
    pub(super) async fn caller(name: actix_web::web::Path<String>) -> String {
        name.into_inner()
    }

    #[secure(
        auth = optional,
        allow = caller.is_none() || request.path() != "/",
        rate("100/h", by = address),
        rate("10/h", by = key((caller.is_none(), request.path())))
    )]
    #[actix_web::get("/requests")]
    pub(super) async fn request() -> String {
        String::new()
    }
}

#[derive(serde::Deserialize, validator::Validate)]
struct Item {
    item: String,
}

#[test]
fn accepted() {
    let _ = actix_web::App::new().service(handler).service(words::caller).service(words::request);
}
