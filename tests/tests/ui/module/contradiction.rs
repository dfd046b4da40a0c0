use secure_runtime::secure;

#[secure(roles = "a", allow = !role("a"))] //~ ERROR contradicts the other keys
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
