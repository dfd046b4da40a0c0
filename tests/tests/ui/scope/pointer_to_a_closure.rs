use actix_web::HttpResponse;
use secure_runtime::{route, secure};

#[secure(public)]
async fn health() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let pointer: fn(_) -> _ = |incoming| {
        println!("unsecured work");
        health(incoming)
    };
    let _ = secure_runtime::scope("").route("/", route::get().to(pointer)); //~ ERROR not general enough
}
