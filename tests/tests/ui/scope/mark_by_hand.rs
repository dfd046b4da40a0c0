use actix_web::get;

#[get("/open")]
async fn open() -> &'static str {
    ""
}

impl secure_runtime::SecuredService for open {} //~ ERROR not all trait items implemented

fn main() {
    drop(secure_runtime::scope("/").service(open));
}
