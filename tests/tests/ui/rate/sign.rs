use actix_web::get;
use secure_runtime::secure;

#[secure(rate = "-5/h")] //~ ERROR whole number of permits
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
