#[allow(non_upper_case_globals)]
static open: bool = true;

secure_runtime::policy! {
    hours = (allow = open); //~ ERROR `allow` expects a parameter of the handler, found `open`
}

#[secure_runtime::secure(use = hours)]
#[actix_web::get("/")]
async fn handler() -> &'static str {
    let _ = open;
    ""
}

fn main() {}
