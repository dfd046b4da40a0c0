pub const ROOT: &str = "root";

#[secure_runtime::secure(allow = matches!(caller.subject(), ROOT))] //~ ERROR `ROOT` is looked up in each handler's module
mod office {
    #[actix_web::get("/")]
    pub async fn handler() -> &'static str {
        ""
    }
}

fn main() {}
