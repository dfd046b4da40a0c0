use secure_runtime::secure;

#[secure(roles = "staff")]
mod office {
    use actix_web::get;

    #[get("/orders")]
    pub async fn orders() -> &'static str {
        ""
    }

    pub struct Open;

    impl Open {
        #[secure_runtime::secure(public)] //~ ERROR a module's `#[secure]` expects handlers directly among its items
        pub async fn open() -> &'static str {
            ""
        }
    }
}

fn main() {
    drop(secure_runtime::scope("").service(office::orders));
}
