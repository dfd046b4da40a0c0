use actix_web::get;
use secure_runtime::secure;

#[secure(rate("100/h", unless = caller.subject() == "ada"))] //~ ERROR `unless` expects roles, scopes, permissions or networks
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
