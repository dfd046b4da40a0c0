//! Handlers of every accepted shape compile, whatever stands around them.
#![forbid(unsafe_code)]

mod every_key {
    use actix_web::{HttpRequest, HttpResponse, Responder, get, post, web};
    use secure_runtime::secure;

    #[derive(serde::Deserialize, validator::Validate)]
    pub struct NewOrder {
        #[validate(length(min = 1))]
        pub item: String,
    }

    #[secure(roles = "admin", rate = "100/h")]
    #[get("/users")]
    pub async fn list_users(_request: HttpRequest) -> web::Json<Vec<String>> {
        web::Json(vec![])
    }

    #[secure(
        auth = any(jwt, "partner-api"),
        roles = any("a", "b"),
        scopes = all("orders:read", "orders:write"),
        permissions = "orders.refund",
        rate(["10/s", "1000/h"], by = address, cost = 2),
        rate(anonymous = "100/h", authenticated = ["1000/h", "10000/d"], burst = 10),
        validate(order),
        max_body = "64KiB",
        content_type = "application/json",
    )]
    #[post("/customers/{customer}/orders")]
    pub async fn place_order(
        path: web::Path<u32>,
        web::Json(order): web::Json<NewOrder>,
    ) -> Result<impl Responder, actix_web::Error> {
        let _ = path;
        Ok(HttpResponse::Ok().body(order.item))
    }

    #[secure(public, rate("10/min", by = endpoint), unvalidated(body, reason = "opaque"))]
    #[post("/raw")]
    pub async fn raw(body: web::Bytes) -> String {
        body.len().to_string()
    }

    #[secure(auth = optional)]
    pub async fn generic<T: 'static>(data: web::Data<T>) -> impl Responder {
        let _ = data;
        "ok"
    }
}

#[test]
fn accepted() {
    use every_key::{generic, list_users, place_order, raw};
    let _ = actix_web::App::new()
        .service(list_users)
        .service(place_order)
        .service(raw)
        .route("/", actix_web::web::get().to(generic::<u32>));
}
