#[secure_runtime::secure(allow = is_open(request))] //~ ERROR `is_open` is looked up in each handler's module
mod office {
    fn is_open(_: &actix_web::HttpRequest) -> bool {
        true
    }

    #[actix_web::get("/")]
    pub async fn handler() -> &'static str {
        ""
    }
}

fn main() {}
