use secure_runtime::{policy, secure};

policy! {
    staff = (roles = "staff");
}

#[secure(use = staff, public)] //~ ERROR `public` admits everybody
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
