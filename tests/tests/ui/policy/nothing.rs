use secure_runtime::{policy, secure};

policy! {
    staff = (roles = "staff");
}

#[secure(use, use = staff)] //~ ERROR found nothing
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
