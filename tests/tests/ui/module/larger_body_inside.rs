use secure_runtime::secure;

#[secure(max_body = "4KiB")]
mod office {
    use actix_web::get;
    use secure_runtime::secure;

    #[secure(max_body = "5KiB")] //~ ERROR `max_body` is larger than the module allows
    #[get("/")]
    pub async fn handler() -> &'static str {
        ""
    }
}

fn main() {}
