use actix_web::get;
use secure_runtime::secure;

#[secure(max_body = "64KB")] //~ ERROR unknown unit `KB`, expected `B`, `KiB`, `MiB`, `GiB`, `kB`, `MB` or `GB`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
