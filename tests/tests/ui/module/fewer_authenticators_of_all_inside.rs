use secure_runtime::secure;

#[secure(auth = all(jwt, device))]
mod office {
    use actix_web::get;
    use secure_runtime::secure;

    #[secure(auth = jwt)] //~ ERROR `auth` is wider than the module allows
    #[get("/")]
    pub async fn handler() -> &'static str {
        ""
    }
}

fn main() {}
