use secure_runtime::secure;

macro_rules! open {
    () => {
        #[actix_web::get("/open")]
        pub async fn open() -> &'static str {
            ""
        }
    };
}

#[secure(roles = "staff")]
mod office {
    use actix_web::get;

    #[get("/orders")]
    pub async fn orders() -> &'static str {
        ""
    }

    open!(); //~ ERROR does not see the handlers that `open!` may write
}

fn main() {
    drop(secure_runtime::scope("").service(office::orders));
}
