use secure_runtime::secure;

#[secure(body_timeout = "10s")]
mod uploads {
    use actix_web::{post, web};
    use secure_runtime::secure;

    #[secure(body_timeout = "11s", unvalidated(body, reason = "a test"))] //~ ERROR `body_timeout` is longer than the module allows
    #[post("/")]
    async fn handler(body: web::Bytes) -> &'static str {
        loop {}
    }
}

fn main() {}
