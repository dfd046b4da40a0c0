//! The compared endpoints: they differ only in their limit.

use actix_web::dev::HttpServiceFactory;
use actix_web::{Responder, get};
use secure_runtime::{ResponseCost, scope, secure};

#[secure(rate = "60/min")]
#[get("/whole")]
async fn whole() -> &'static str {
    "served"
}

#[secure(rate("60/min", burst = 10))]
#[get("/smooth")]
async fn smooth() -> &'static str {
    "served"
}

#[secure(rate("60/min", burst = 1))]
#[get("/strict")]
async fn strict() -> &'static str {
    "served"
}

#[secure(rate = ["2/s", "60/min"])]
#[get("/windows")]
async fn windows() -> &'static str {
    "served"
}

#[secure(rate = "30/min")]
#[get("/each")]
async fn each() -> &'static str {
    "served"
}

#[secure(rate("30/min", by = address))]
#[get("/address")]
async fn address() -> &'static str {
    "served"
}

#[secure(rate(tier(free = "12/min", pro = "60/min")))]
#[get("/tiers")]
async fn tiers() -> &'static str {
    "served"
}

#[secure(rate("60/min", cost = 5))]
#[get("/costly")]
async fn costly() -> &'static str {
    "served"
}

#[secure(rate("60/min", cost = 25))]
#[get("/heavy")]
async fn heavy() -> &'static str {
    "served"
}

#[secure(rate("60/min", cost = response))]
#[get("/charged")]
async fn charged() -> impl Responder {
    ResponseCost(25).of("served")
}

#[secure(quota = "60/hour")]
#[get("/quota")]
async fn quota() -> &'static str {
    "served"
}

#[secure(rate = "60/h")]
#[get("/hourly")]
async fn hourly() -> &'static str {
    "served"
}

pub(crate) fn api() -> impl HttpServiceFactory {
    scope("")
        .service(whole)
        .service(smooth)
        .service(strict)
        .service(windows)
        .service(each)
        .service(address)
        .service(tiers)
        .service(costly)
        .service(heavy)
        .service(charged)
        .service(quota)
        .service(hourly)
}
