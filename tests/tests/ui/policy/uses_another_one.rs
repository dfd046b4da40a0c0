secure_runtime::policy! {
    staff = (roles = "staff");
    careful = (use = staff, rate = "5/min"); //~ ERROR a policy expects keys of its own, found `use`
}

#[secure_runtime::secure(use = careful)]
#[actix_web::get("/{id}")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
