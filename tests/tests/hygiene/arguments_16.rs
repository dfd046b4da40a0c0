//! 16 arguments, the most that actix-web passes.

use actix_web::{post, web};
use secure_runtime::secure;

#[derive(serde::Deserialize, validator::Validate)]
struct Page {}

#[secure(roles = "admin", validate(_15))]
#[post("/")]
#[allow(clippy::too_many_arguments)]
async fn handler(
    _0: web::Query<Page>,
    _1: web::Query<Page>,
    _2: web::Query<Page>,
    _3: web::Query<Page>,
    _4: web::Query<Page>,
    _5: web::Query<Page>,
    _6: web::Query<Page>,
    _7: web::Query<Page>,
    _8: web::Query<Page>,
    _9: web::Query<Page>,
    _10: web::Query<Page>,
    _11: web::Query<Page>,
    _12: web::Query<Page>,
    _13: web::Query<Page>,
    _14: web::Query<Page>,
    _15: web::Json<Page>,
) -> &'static str {
    ""
}

#[test]
fn accepted() {
    let _ = actix_web::App::new().service(handler);
}
