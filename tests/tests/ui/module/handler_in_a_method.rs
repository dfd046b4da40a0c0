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
        pub fn mount(services: &mut actix_web::web::ServiceConfig) {
            #[cfg_attr(all(), cfg_attr(all(), r#get("/open")))] //~ ERROR a module's `#[secure]` expects handlers directly among its items
            async fn open() -> &'static str {
                ""
            }
            services.service(open);
        }
    }
}

fn main() {
    drop(secure_runtime::scope("").service(office::orders));
}
