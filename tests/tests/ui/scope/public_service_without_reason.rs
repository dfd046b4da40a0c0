use actix_web::web;
use secure_runtime::public_service;

fn main() {
    let docs = || web::resource("/docs");
    let _ = secure_runtime::scope("/api").service(public_service!(docs())); //~ ERROR expected a reason and the service
}
