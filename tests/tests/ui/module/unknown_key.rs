use secure_runtime::secure;

#[secure(role = "staff")] //~ ERROR unknown key `role`
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
