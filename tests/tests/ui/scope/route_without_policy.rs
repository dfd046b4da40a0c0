use actix_web::get;

#[get("/")]
async fn open() -> &'static str {
    ""
}

fn main() {
    secured(open); //~ ERROR no security policy
}

fn secured(_: impl secure_runtime::SecuredService) {}
