use secure_runtime::secure;

#[secure(fresh = "5m")]
mod payments {
    use super::secure;

    #[secure(fresh = "6m")] //~ ERROR `fresh` is longer than the module allows
    #[actix_web::get("/")]
    async fn handler() -> &'static str {
        ""
    }
}

fn main() {}
