use actix_web::get;
use secure_runtime::secure;

#[secure(allow = matches!(caller.subject(), root @ _))] //~ ERROR `matches!` is always true: the pattern `root` matches every value
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
