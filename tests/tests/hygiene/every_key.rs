//! Every key of the attribute, in each of its forms.
#![deny(warnings)]

use actix_web::{HttpRequest, HttpResponse, Responder, get, post, web};
use secure_runtime::secure;

#[derive(serde::Deserialize, validator::Validate)]
struct NewOrder {
    #[validate(length(min = 1))]
    item: String,
}

#[secure]
#[get("/bare")]
async fn bare() -> &'static str {
    ""
}

#[secure()]
#[get("/empty")]
async fn empty() -> &'static str {
    ""
}

#[secure(roles = "admin", websocket)]
#[get("/socket")]
async fn socket(_request: HttpRequest, _stream: web::Payload) -> HttpResponse {
    HttpResponse::SwitchingProtocols().finish()
}

#[secure(roles = "admin", body_timeout = "500ms", unvalidated(any, reason = "bytes"))]
#[post("/bytes")]
async fn bytes(body: web::Bytes) -> web::Bytes {
    body
}

#[secure(roles = "admin", rate = "100/h")]
#[get("/users")]
async fn list_users(_request: HttpRequest) -> web::Json<Vec<String>> {
    web::Json(vec![])
}

#[secure(
    auth = any(jwt, "partner-api"),
    roles = any("a", "b"),
    scopes = all("orders:read", "orders:write"),
    permissions = "orders.refund",
    fresh = "12h",
    acr = any("mfa", "phr"),
    amr = all("pwd", "otp"),
    rate(["10/s", "1000/h"], by = address, cost = 2),
    rate(anonymous = "100/h", authenticated = "1000/h", burst = 10),
    rate("50/s", by = endpoint),
    failures = "10/min",
    failures("100/h", on = [401, 403, 422]),
    validate(order),
    objects(any, reason = "every customer sees all orders", until = "9999-12-31"),
    max_body = "64KiB",
    content_type = "application/vnd.api+json",
)]
#[post("/customers/{customer}/orders")]
async fn place_order(
    path: web::Path<u32>,
    web::Json(order): web::Json<NewOrder>,
) -> Result<impl Responder, actix_web::Error> {
    let _ = path;
    Ok(HttpResponse::Ok().body(order.item))
}

#[secure(
    action = "orders:list",
    hide,
    rate("10/s", refund = 5xx, unless = role("internal") || !(scope("a") && address in "10.0.0.0/8")),
    rate("1000/h", shared = "orders"),
    quota("1000/day", refund = 5xx, unless = permission("unbounded"))
)]
#[get("/orders")]
async fn list_orders() -> &'static str {
    ""
}

#[secure(action, auth = optional)]
#[get("/articles")]
async fn articles() -> &'static str {
    ""
}

#[secure(
    rate("10/s", by = (tenant, address, header("x-client")), cost = page.0.max(1)),
    rate("10/s", by = key((caller.subject().len(), request.method())), cost = response),
    rate("10/s", by = claim("org.id")),
    quota(["10/day", "100/month"], by = api_key, zone = "Europe/Berlin"),
    quota(tier(free = "1/week", pro = "2/hour"), anonymous = "1/week"),
    concurrency(8, by = tenant, queue = 16, wait = "500ms"),
    priority = critical,
    objects = any,
)]
#[get("/pages/{page}")]
async fn limited(page: web::Path<(u32,)>) -> String {
    page.0.to_string()
}

#[secure(public(reason = "for a test"), rate("10/15min", by = endpoint), unvalidated(body, reason = "opaque"))]
#[post("/raw")]
async fn raw(body: web::Bytes) -> String {
    body.len().to_string()
}

#[secure(
    auth = all(mtls, jwt),
    unvalidated(first, reason = "checked below"),
    unvalidated(second, reason = "checked below"),
)]
#[post("/two")]
async fn two(first: Option<web::Json<u32>>, second: Option<web::Form<u32>>) -> String {
    format!("{}{}", first.is_some(), second.is_some())
}

#[secure(auth = optional, rate(anonymous = "1/s"), rate(authenticated = "2/s", by = principal))]
async fn optional() -> impl Responder {
    "ok"
}

#[test]
fn accepted() {
    let _ = actix_web::App::new()
        .service(bare)
        .service(empty)
        .service(list_users)
        .service(place_order)
        .service(raw)
        .service(limited)
        .service(list_orders)
        .service(articles)
        .service(two)
        .route("/", web::get().to(optional));
}
