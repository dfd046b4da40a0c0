use secure_runtime::secure;

#[secure(content_encoding = "gzip")]
mod office {
    use actix_web::get;
    use secure_runtime::secure;

    #[secure(content_encoding = any("gzip", "br"))] //~ ERROR `content_encoding` admits what the module does not
    #[get("/")]
    pub async fn handler() -> &'static str {
        ""
    }
}

fn main() {}
