//! Endpoints whose cost depends on the handler's arguments, for one instance and for several that share limits.

use actix_web::{HttpResponse, get, post, web};
use secure_runtime::{Principal, secure};
use serde::Deserialize;
use validator::Validate;

use crate::Runs;

/// The module of these endpoints.
pub(crate) const MODULE: &str = module_path!();

#[derive(Deserialize, Validate)]
pub(crate) struct Page {
    #[validate(range(max = 1000))]
    pub(crate) size: u32,
}

#[secure(rate("10/h", cost = page.size), validate(page))]
#[get("/pages")]
pub(crate) async fn pages(page: web::Query<Page>, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(page.size.to_string())
}

/// Costs of both stages, two for different ones, and a rule about the arguments.
#[secure(
    allow = caller.subject() != "eve" || page.size < 3,
    rate(["10/h", "12/d"], cost = page.size.max(2)),
    rate("5/h", by = address, cost = u32::from(page.size > 1) + 1),
    unvalidated(page, reason = "the test sends what it likes"),
)]
#[post("/several")]
pub(crate) async fn several(
    page: web::Json<Page>,
    caller: Principal,
    runs: web::Data<Runs>,
) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(format!("{} {}", caller.subject(), page.size))
}
