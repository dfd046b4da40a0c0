use actix_web::web;
use secure_runtime::secure;

#[secure(public, unvalidated(event, reason = "it is signed, and checked below"))] //~ ERROR open to anonymous callers
async fn webhook(event: web::Bytes) -> String {
    event.len().to_string()
}

fn main() {
    let _ = secure_runtime::scope("").route("/", secure_runtime::route::post().to(webhook));
}
