use secure_runtime::{policy, secure};

policy! {
    staff = (roles = "staff");
}

#[secure(use = staff, public)] //~ ERROR and the policy demands a caller
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
