use secure_runtime::{policy, secure};

policy! {
    staff = roles = "staff"; //~ ERROR expected the policy's keys in parentheses
}

#[secure(roles = "a")]
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
