use secure_runtime::secure;

#[secure(roles = "staff")]
mod office {
    use actix_web::get;

    #[get("/orders")]
    pub async fn orders() -> &'static str {
        ""
    }

    const _: () = {
        #[get("/open")] //~ ERROR a module's `#[secure]` expects handlers directly among its items
        async fn open() -> &'static str {
            ""
        }
    };
}

fn main() {
    drop(secure_runtime::scope("").service(office::orders));
}
