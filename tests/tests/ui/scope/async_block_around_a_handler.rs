use actix_web::HttpResponse;
use secure_runtime::{route, secure};

#[secure(public)]
async fn health() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn main() {
    let _ = secure_runtime::scope("").route("/", route::get().to(|incoming| async move { //~ ERROR this handler has no security policy
        println!("unsecured work");
        health(incoming).await
    }));
}
