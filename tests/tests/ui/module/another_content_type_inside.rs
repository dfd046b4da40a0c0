use secure_runtime::secure;

#[secure(content_type = "text/csv")]
mod office {
    use actix_web::get;
    use secure_runtime::secure;

    #[secure(content_type = "text/plain")] //~ ERROR `content_type` differs from that of the module
    #[get("/")]
    pub async fn handler() -> &'static str {
        ""
    }
}

fn main() {}
