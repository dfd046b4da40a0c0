use secure_runtime::Principal;

pub trait Good {
    fn is_good(&self) -> bool;
}

impl Good for Principal {
    fn is_good(&self) -> bool {
        true
    }
}

secure_runtime::policy! {
    good = (allow = caller.is_good()); //~ ERROR no method named `is_good` found for reference
}

#[secure_runtime::secure(use = good)]
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
