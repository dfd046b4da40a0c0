#[secure_runtime::secure(roles = "staff")]
mod office {
    #[secure_runtime::secure(allow = !role("staff"))] //~ ERROR `allow` contradicts the policies around it
    #[actix_web::get("/")]
    pub async fn handler() -> &'static str {
        ""
    }
}

fn main() {}
