use actix_web::web;
use secure_runtime::secure;

#[secure(public)]
async fn health() -> &'static str {
    ""
}

fn main() {
    let resource = web::resource("/health").route(web::get().to(health));
    let _ = secure_runtime::scope("").service(resource); //~ ERROR has no security policy
}
