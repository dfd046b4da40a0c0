use actix_web::{post, web};
use secure_runtime::secure;

#[secure(roles = "customer", validate(page))]
#[post("/")]
async fn handler((page, order): (web::Query<u32>, web::Json<u32>)) -> &'static str { //~ ERROR `order: Json` holds a request body
    loop {}
}

fn main() {}
