//! The function in the rule of a folder's policy.

use actix_web::HttpRequest;

/// Whether the office is open.
pub fn are_open(request: &HttpRequest) -> bool {
    !request.headers().contains_key("x-closed")
}
