use secure_runtime::secure;

#[secure(rate = "9/h")]
mod office {
    use actix_web::get;
    use secure_runtime::secure;

    #[secure(auth = lenient(jwt))] //~ ERROR `auth` is wider than the module allows: any authenticated caller
    #[get("/")]
    pub async fn handler() -> &'static str {
        ""
    }
}

fn main() {}
