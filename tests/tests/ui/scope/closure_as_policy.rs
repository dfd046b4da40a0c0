use actix_web::HttpResponse;
use secure_runtime::{Next, route, secure, secured};

#[secure(public)]
async fn policy(next: Next) -> HttpResponse {
    next.run().await
}

fn main() {
    let _ = route::get().to(secured(policy, || async { "behind a policy" }));
    let _ = secured(|| async { "no policy" }, || async { "open" }); //~ ERROR this handler has no security policy
}
