use secure_runtime::{policy, secure};

policy! {
    staff = (roles = "a", roles = "b"); //~ ERROR given twice
}

#[secure(use = staff)]
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
