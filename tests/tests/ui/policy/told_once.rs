secure_runtime::policy! {
    odd = (allow = role("a") || !role("a")); //~ ERROR `allow` is always true: every request satisfies it
}

#[secure_runtime::secure(use = odd)]
#[actix_web::get("/one")]
async fn one() -> &'static str {
    ""
}

#[secure_runtime::secure(use = odd)]
#[actix_web::get("/two/{id}")]
async fn two() -> &'static str {
    ""
}

fn main() {}
