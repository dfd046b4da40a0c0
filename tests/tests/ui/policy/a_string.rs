use secure_runtime::{policy, secure};

policy! {
    staff = (roles = "staff");
}

#[secure(use = "staff")] //~ ERROR expects the path of a policy
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
