use secure_runtime::secure;

#[secure(roles = "staff")]
mod office {
    use secure_runtime::secure;

    #[secure(public)] //~ ERROR admits everybody
    mod lobby {
        use actix_web::get;

        #[get("/")]
        pub async fn handler() -> &'static str {
            ""
        }
    }
}

fn main() {}
