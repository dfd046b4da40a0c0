use secure_runtime::{route, secure};

struct Api;

impl Api {
    #[secure(roles = "admin")]
    async fn handler(_api: actix_web::web::Data<Self>) -> &'static str { //~ ERROR a secured handler expects the name of the type, found `Self`
        ""
    }
}

fn main() {
    drop(secure_runtime::scope("").route("/", route::get().to(Api::handler)));
}
