use actix_web::{get, web};
use secure_runtime::secure;

#[secure(callable = true)] //~ ERROR `callable` expects no value, found `true`
#[get("/")]
async fn handler(query: web::Query<u32>) -> impl actix_web::Responder {
    query.to_string()
}


// A call of either is not a further error.
async fn call() {
    let _ = handler::without_policy(web::Query(7)).await;
}

fn main() {
    drop(call());
}
