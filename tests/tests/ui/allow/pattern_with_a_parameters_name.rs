use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = matches!(caller.tenant(), Some(tenant)))] //~ ERROR `tenant` in a pattern matches every value, and is not the parameter
#[get("/{tenant}")]
async fn handler(tenant: web::Path<String>) -> String {
    tenant.into_inner()
}

fn main() {}
