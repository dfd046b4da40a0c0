#![deny(unused_variables)]

use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = matches!(caller.tenant(), Some(tennant)) && **tenant == "acme")] //~ ERROR unused variable: `tennant`
#[get("/{tenant}")]
async fn handler(tenant: web::Path<String>) -> String {
    tenant.into_inner()
}

fn main() {}
