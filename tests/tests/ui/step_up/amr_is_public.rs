use actix_web::get;
use secure_runtime::secure;

#[secure(public, amr = "otp")] //~ ERROR `public` cannot be combined with `amr`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
