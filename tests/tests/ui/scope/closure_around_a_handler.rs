use actix_web::HttpResponse;
use secure_runtime::{route, secure};

#[secure(public)]
async fn health() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = secure_runtime::scope("").route("/", route::get().to(|incoming| { //~ ERROR not general enough
        println!("unsecured work");
        health(incoming)
    }));
}
