use secure_runtime::secure;

#[secure(roles = "staff")]
mod office {
    use actix_web::get;

    #[get("/orders")]
    pub async fn orders() -> &'static str {
        ""
    }

    use actix_web::get as fetch;

    #[fetch("/open")] //~ ERROR looks like a route under a name that `#[secure]` does not know
    pub async fn open() -> &'static str {
        ""
    }
}

fn main() {
    drop(secure_runtime::scope("").service(office::orders));
}
