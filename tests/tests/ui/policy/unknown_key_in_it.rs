use secure_runtime::{policy, secure};

policy! {
    staff = (role = "staff"); //~ ERROR unknown key `role`
}

#[secure(use = staff)]
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
