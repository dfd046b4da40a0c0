use secure_runtime::{policy, secure};

policy! {
    small = (max_body = "4KiB");
}

#[secure(use = small, max_body = "8KiB")] //~ ERROR `max_body` is larger than the policy allows
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
