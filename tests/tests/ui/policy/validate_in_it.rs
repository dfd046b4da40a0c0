use secure_runtime::{policy, secure};

policy! {
    staff = (validate(order)); //~ ERROR found it on the policy
}

#[secure(use = staff)]
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
