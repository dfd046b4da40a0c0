use secure_runtime::secure;

#[secure(roles = "staff")]
mod office {
    use actix_web::get;

    #[get("/orders")]
    pub async fn orders() -> &'static str {
        ""
    }

    macro_rules! open {
        ($path:literal) => {
            #[get($path)] //~ ERROR a module's `#[secure]` expects handlers directly among its items
            pub async fn open() -> &'static str {
                ""
            }
        };
    }
    pub fn mount(services: &mut actix_web::web::ServiceConfig) {
        open!("/open");
        services.service(open);
    }
}

fn main() {
    drop(secure_runtime::scope("").service(office::orders));
}
