use secure_runtime::{policy, secure};

policy! {
    staff = (validate(order)); //~ ERROR `validate` names a parameter of one handler
}

#[secure(use = staff)]
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
