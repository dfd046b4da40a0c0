use actix_web::{Handler, HttpResponse};
use secure_runtime::{route, secure};

#[secure(public)]
async fn health() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[derive(Clone)]
struct Around<H>(H);

impl<H: Handler<Request>, Request> Handler<Request> for Around<H> {
    type Output = H::Output;
    type Future = H::Future;

    fn call(&self, request: Request) -> H::Future {
        println!("unsecured work");
        self.0.call(request)
    }
}

fn main() {
    let _ = secure_runtime::scope("").route("/", route::get().to(Around(health))); //~ ERROR this handler has no security policy
}
