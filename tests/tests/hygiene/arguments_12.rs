//! 12 arguments.

use actix_web::{post, web};
use secure_runtime::secure;

#[derive(serde::Deserialize, validator::Validate)]
struct Page {}

#[secure(roles = "admin", validate(_p11))]
#[post("/")]
#[expect(clippy::too_many_arguments, reason = "that is what is tested")]
async fn handler(
    _p0: web::Query<Page>,
    _p1: web::Query<Page>,
    _p2: web::Query<Page>,
    _p3: web::Query<Page>,
    _p4: web::Query<Page>,
    _p5: web::Query<Page>,
    _p6: web::Query<Page>,
    _p7: web::Query<Page>,
    _p8: web::Query<Page>,
    _p9: web::Query<Page>,
    _p10: web::Query<Page>,
    _p11: web::Json<Page>,
) -> &'static str {
    ""
}

#[test]
fn accepted() {
    let _ = actix_web::App::new().service(handler);
}
