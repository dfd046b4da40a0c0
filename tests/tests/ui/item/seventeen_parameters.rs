use actix_web::{get, web};
use secure_runtime::secure;

#[secure]
#[get("/")]
#[rustfmt::skip]
async fn handler(_0: web::Query<u32>, _1: web::Query<u32>, _2: web::Query<u32>, _3: web::Query<u32>, _4: web::Query<u32>, _5: web::Query<u32>, _6: web::Query<u32>, _7: web::Query<u32>, _8: web::Query<u32>, _9: web::Query<u32>, _10: web::Query<u32>, _11: web::Query<u32>, _12: web::Query<u32>, _13: web::Query<u32>, _14: web::Query<u32>, _15: web::Query<u32>, _16: web::Query<u32>) -> &'static str { //~ ERROR found 17
    loop {}
}

fn main() {}
