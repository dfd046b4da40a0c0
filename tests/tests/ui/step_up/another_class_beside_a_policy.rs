use secure_runtime::{policy, secure};

policy! {
    careful = (acr = any("mfa", "phr"));
}

#[secure(use = careful, acr = any("phr", "sms"))] //~ ERROR `acr` is wider than the policy allows: `acr = any("mfa", "phr")`
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
