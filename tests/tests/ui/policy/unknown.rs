use secure_runtime::{policy, secure};

policy! {
    staff = (roles = "staff");
}

#[secure(use = staf)] //~ ERROR cannot find macro `staf`
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
