use actix_web::get;
use secure_runtime::secure;

// Warnings are shown beside errors.
#[secure(rate = "10/s", rate = "5/s")] //~ ERROR `rate` is given twice
#[get("/orders/{id}")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
