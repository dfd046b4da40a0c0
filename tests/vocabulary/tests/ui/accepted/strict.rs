#![deny(warnings)]

use actix_web::{Error, HttpRequest, get, post, web};
use secure_runtime::{Granted, Resource, secure};

#[secure(public(reason = "for the load balancer", until = "9999-12-31"))]
#[get("/health")]
async fn health() -> &'static str {
    ""
}

#[secure(rate = "10/s", objects(any, reason = "every customer sees every article"))]
#[get("/articles/{id}")]
async fn article(_: web::Path<u32>) -> &'static str {
    ""
}

#[secure(auth = optional, rate(anonymous = "10/h", authenticated = "100/h"))]
#[post("/questions")]
async fn ask() -> &'static str {
    ""
}

struct Order {
    owner: String,
}

/// No segment names it: its key is in a header.
impl Resource for Order {
    type Key = String;

    const IN_PATH: bool = false;

    fn key(request: &HttpRequest) -> Result<String, Error> {
        Ok(format!("{:?}", request.headers().get("x-order")))
    }

    async fn load(owner: String, _: &HttpRequest) -> Result<Option<Self>, Error> {
        Ok(Some(Self { owner }))
    }
}

#[secure(rate = "10/s", allow = order.owner == caller.subject())]
#[get("/order")]
async fn order(order: Granted<Order>) -> String {
    order.owner.clone()
}

fn main() {
    let _ = actix_web::App::new().service(health).service(article).service(ask).service(order);
}
