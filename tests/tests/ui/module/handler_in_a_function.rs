use secure_runtime::secure;

#[secure(roles = "staff")]
mod office {
    use actix_web::get;

    #[get("/orders")]
    pub async fn orders() -> &'static str {
        ""
    }

    pub fn open(services: &mut actix_web::web::ServiceConfig) {
        #[get("/open")] //~ ERROR a module's `#[secure]` expects handlers directly among its items
        async fn open() -> &'static str {
            ""
        }
        services.service(open);
    }
}

fn main() {
    drop(secure_runtime::scope("").service(office::orders));
}
