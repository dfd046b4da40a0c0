use actix_web::get;
use secure_runtime::secure;

#[secure(allow = matches!(caller.subject(), root @ _))] //~ ERROR `matches!` always holds: `root` takes any value
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
