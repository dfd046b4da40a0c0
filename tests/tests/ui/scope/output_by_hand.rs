use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, Responder};
use secure_runtime::route;

struct Open;

impl Responder for Open {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
}

impl<F> secure_runtime::SecuredOutput<F> for Open {} //~ ERROR the trait bound `Open:

async fn open() -> Open {
    Open
}

fn main() {
    let _ = secure_runtime::scope("").route("/", route::get().to(open));
}
