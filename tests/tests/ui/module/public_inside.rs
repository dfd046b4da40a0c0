use secure_runtime::secure;

#[secure(roles = "staff")]
mod office {
    use actix_web::get;
    use secure_runtime::secure;

    #[secure(public)] //~ ERROR `public` admits everybody
    #[get("/")]
    pub async fn handler() -> &'static str {
        ""
    }
}

fn main() {}
