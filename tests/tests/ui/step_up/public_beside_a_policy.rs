use secure_runtime::{policy, secure};

policy! {
    careful = (fresh = "5m");
}

#[secure(use = careful, public)] //~ ERROR `public` admits everybody
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
