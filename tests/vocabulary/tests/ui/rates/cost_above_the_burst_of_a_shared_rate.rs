use actix_web::{Responder, get};
use secure_runtime::secure;

/// Accepted: a burst above the permits, and a cost equal to the burst.
#[secure(rate(exports, burst = 9, cost = 9))]
#[get("/archive")]
async fn archive() -> impl Responder {
    "archive"
}

#[secure(rate(exports, burst = 9, cost = 10))] //~ ERROR `cost` expects at most 9, the permits available at once
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
