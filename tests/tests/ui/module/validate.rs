use secure_runtime::secure;

#[secure(validate(order))] //~ ERROR found it on the module
mod office {
    use actix_web::get;

    #[get("/")]
    pub async fn handler() -> &'static str {
        ""
    }

    #[get("/other")]
    pub async fn other() -> &'static str {
        ""
    }
}

fn main() {}
