//! Costs that are known late, of limits that several instances count together and that stand in two
//! stages: before anybody is known, and after.

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, get, web};
use secure_runtime::secure;
use secure_tests::{RedisServer, eventually};
use serde::Deserialize;
use validator::Validate;

use crate::Runs;
use crate::shared_instances::{costing, refused, two};

#[derive(Deserialize, Validate)]
struct Page {
    #[validate(range(max = 100))]
    size: u32,
}

#[secure(rate("1000/d", by = endpoint, cost = response), rate("10/d", cost = response))]
#[get("/answered")]
async fn answered(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    costing(10)
}

#[secure(
    rate("1000/d", by = endpoint, cost = page.size),
    rate("10/d", cost = page.size),
    validate(page)
)]
#[get("/pages")]
async fn pages(page: web::Query<Page>, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(page.size.to_string())
}

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    secure_runtime::scope("").app_data(runs).service(answered).service(pages)
}

async fn check(path: &str) {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis, module_path!(), services);
    assert_eq!(one.ask(path, "alice").await.status, 200);
    // A trip for each stage, and one for the rest of each, which nobody waits for.
    eventually("the rest is charged", || {
        one.security.shared_limit_statistics().unwrap().decided >= 4
    });
    refused(&other.ask(path, "alice").await);
    refused(&one.ask(path, "alice").await);
    // The limit about all has much left.
    assert_eq!(other.ask(path, "bob").await.status, 200);
}

#[actix_web::test]
async fn what_a_response_says_it_costs_reaches_the_limits_of_both_stages() {
    check("/answered").await;
}

#[actix_web::test]
async fn what_arguments_cost_reaches_the_limits_of_both_stages() {
    check("/pages?size=10").await;
}
