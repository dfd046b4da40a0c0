//! Named policies that tests in other crates use.

use actix_web::HttpRequest;

secure_runtime::policy! {
    /// The staff, in the hours of work.
    pub staff = (
        roles = "staff",
        allow = crate::policies::are_open(request) && matches!(caller.subject(), "ann" | crate::policies::BOB),
        rate("2/min", by = principal),
    );
    pub tenants = (check = crate::policies::has_a_tenant);
}

/// The same name in another module.
pub mod strict {
    secure_runtime::policy! {
        pub staff = (roles = all("staff", "strict"), max_body = "1KiB");
    }
}

/// A name that a policy compares with.
pub const BOB: &str = "bob";

/// Whether the office is open.
pub fn are_open(request: &HttpRequest) -> bool {
    !request.headers().contains_key("x-closed")
}

/// Whether the caller is somebody's.
///
/// # Errors
///
/// If not.
pub async fn has_a_tenant(
    caller: &secure_runtime::Principal,
) -> Result<(), secure_runtime::Denial> {
    use secure_runtime::{Denial, DenialKind};
    caller.tenant().map(|_| ()).ok_or_else(|| Denial::new(DenialKind::Forbidden, "no tenant"))
}
