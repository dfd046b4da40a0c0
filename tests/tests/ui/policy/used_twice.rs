use secure_runtime::{policy, secure};

policy! {
    staff = (roles = "staff");
}

#[secure(use = staff, scopes = "a", use = staff)] //~ ERROR names the same policy twice
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
