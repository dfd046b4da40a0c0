use actix_web::HttpResponse;
use secure_runtime::Next;

async fn for_staff(next: Next) -> HttpResponse {
    next.run().await
}

fn main() {
    let _ = secure_runtime::scope("/office").policy(for_staff); //~ ERROR this handler has no security policy
}
