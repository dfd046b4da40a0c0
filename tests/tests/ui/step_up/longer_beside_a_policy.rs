use secure_runtime::{policy, secure};

policy! {
    careful = (fresh = "5m");
}

#[secure(use = careful, fresh = "1h")] //~ ERROR `fresh` is longer than the policy allows
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
