use actix_web::{get, web};
use secure_runtime::secure;

#[secure]
#[get("/")]
#[rustfmt::skip]
async fn handler(_0: web::Path<u32>, _1: web::Path<u32>, _2: web::Path<u32>, _3: web::Path<u32>, _4: web::Path<u32>, _5: web::Path<u32>, _6: web::Path<u32>, _7: web::Path<u32>, _8: web::Path<u32>, _9: web::Path<u32>, _10: web::Path<u32>, _11: web::Path<u32>, _12: web::Path<u32>, _13: web::Path<u32>, _14: web::Path<u32>, _15: web::Path<u32>, _16: web::Path<u32>) -> &'static str { //~ ERROR found 17
    loop {}
}

fn main() {}
