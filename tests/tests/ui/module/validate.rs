use secure_runtime::secure;

#[secure(validate(order))] //~ ERROR `validate` names a parameter of one handler
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
