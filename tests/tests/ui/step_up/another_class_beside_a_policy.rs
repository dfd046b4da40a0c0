use secure_runtime::{policy, secure};

policy! {
    careful = (acr = any("mfa", "phr"));
}

#[secure(use = careful, acr = any("phr", "sms"))] //~ ERROR `acr` admits what the policy does not
#[actix_web::get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
