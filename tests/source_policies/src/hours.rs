//! The function that the policy of a folder calls.

use actix_web::HttpRequest;

/// Whether the office is open.
pub fn are_open(request: &HttpRequest) -> bool {
    !request.headers().contains_key("x-closed")
}
