use secure_runtime::{policy, secure};

policy! {
    pub staff = (roles = "staff"); //~ ERROR expects to stay in its crate
}

#[secure(roles = "a")]
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
