//! A file that two patterns match, with a module that has its own policy.

use secure_runtime::secure;

#[secure(rate = "5/min")]
pub mod yearly {
    use actix_web::{get, post};

    #[get("/admin/reports")]
    pub async fn list() -> &'static str {
        "reports"
    }

    #[secure_runtime::secure(unvalidated(body, reason = "a test"))]
    #[post("/admin/reports")]
    pub async fn make(body: String) -> String {
        body
    }
}
