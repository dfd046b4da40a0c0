//! A file with policies from two patterns, one of which uses a named policy.

use actix_web::{get, post, web};
use secure_runtime::secure;

#[secure(unvalidated(body, reason = "a test"), callable)]
#[post("/admin/payments")]
pub async fn pay(body: String) -> String {
    body
}

/// Uses the same policy as the file, which is applied once.
#[secure(use = crate::policies::careful, objects = any)]
#[get("/admin/payments/{id}")]
pub async fn payment(id: web::Path<u32>) -> String {
    id.to_string()
}
