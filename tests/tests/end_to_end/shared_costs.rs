//! Shared limits with costs from the response, where some limits are checked before authentication and some
//! after it.

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, get, web};
use secure_runtime::secure;
use secure_tests::{RedisServer, eventually};

use crate::Runs;
use crate::shared_instances::{costing, refused, two};

#[secure(rate("1000/d", by = endpoint, cost = response), rate("10/d", cost = response))]
#[get("/answered")]
async fn answered(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    costing(10)
}

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    secure_runtime::scope("").app_data(runs).service(answered)
}

#[actix_web::test]
async fn what_a_response_says_it_costs_reaches_the_limits_of_both_stages() {
    let redis = RedisServer::shared();
    let [one, other] = two(&redis, module_path!(), services);
    assert_eq!(one.ask("/answered", "alice").await.status, 200);
    // One round trip for each stage, and one for the rest of each stage, for which no request waits.
    eventually("the rest is charged", || {
        one.security.shared_limit_statistics().unwrap().decided >= 4
    });
    refused(&other.ask("/answered", "alice").await);
    refused(&one.ask("/answered", "alice").await);
    // The limit on all callers has enough left.
    assert_eq!(other.ask("/answered", "bob").await.status, 200);
}
