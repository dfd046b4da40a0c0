use actix_web::get;
use secure_runtime::secure;

#[secure(rate("100/h", unless = caller.subject() == "ada"))] //~ ERROR expects no such condition
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
