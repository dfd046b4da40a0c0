use actix_web::{HttpResponse, web};

async fn handler() -> HttpResponse {
    HttpResponse::NotFound().finish()
}

fn main() {
    let _ = secure_runtime::scope("").default_service(web::to(handler)); //~ ERROR does not lead to a secured handler
}
