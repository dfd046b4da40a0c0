//! Parameters bound by patterns are validated under the names that the patterns bind.
#![deny(warnings)]

use actix_web::{Responder, get, post, web};
use secure_runtime::secure;

#[derive(serde::Deserialize, validator::Validate)]
struct NewOrder {
    #[validate(range(min = 1))]
    amount: u32,
}

#[secure(scopes = "orders:write", validate(order))]
#[post("/{customer}/{year}")]
async fn place(
    web::Json(mut order): web::Json<NewOrder>,
    path: web::Path<(u32, u16)>,
    mut page: web::Query<NewOrder>,
    _: actix_web::HttpRequest,
) -> impl Responder {
    let (customer, year) = path.into_inner();
    order.amount += 1;
    page.amount += order.amount;
    format!("{customer} {year} {}", page.amount)
}

/// An extractor of another crate that reads the body, with a name that does not show this.
struct Upload;

impl actix_web::FromRequest for Upload {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(_: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(Ok(Self))
    }
}

#[secure(roles = "admin", unvalidated(upload, reason = "files"))]
#[post("/upload")]
async fn uploaded(upload: Upload) -> &'static str {
    let Upload = upload;
    ""
}

#[secure(public, unvalidated(order, reason = "one number"), rate("1000/s", by = address))]
#[post("/whole")]
async fn whole(order @ web::Json(_): web::Json<u32>) -> impl Responder {
    web::Json(*order)
}

#[secure(validate(amount))]
#[post("/field")]
async fn field(web::Json(NewOrder { amount }): web::Json<NewOrder>) -> impl Responder {
    web::Json(amount)
}

#[secure(validate(r#type))]
#[post("/raw")]
async fn r#match(r#type: web::Json<NewOrder>) -> impl Responder {
    web::Json(r#type.amount)
}

#[secure(validate(größe), rate = "5/s")]
#[post("/unicode")]
async fn größer(größe: web::Json<NewOrder>) -> impl Responder {
    web::Json(größe.amount)
}

#[test]
fn accepted() {
    let _ = actix_web::App::new()
        .service(place)
        .service(whole)
        .service(uploaded)
        .service(field)
        .service(r#match)
        .service(größer);
}

/// Any parameter may be named, because the macro cannot see whether a foreign extractor contains a body.
#[secure(roles = "admin", unvalidated(page, reason = "it has no rules"))]
#[get("/named")]
pub async fn named(page: web::Query<u32>) -> String {
    page.to_string()
}

/// The bytes after an upgrade are not a body.
#[secure(roles = "admin", unvalidated(frames, reason = "frames of a WebSocket"))]
#[get("/socket")]
pub async fn socket(frames: web::Payload) -> &'static str {
    drop(frames);
    "upgraded"
}
