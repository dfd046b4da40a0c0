//! Named policies that tests in other crates use.

use actix_web::HttpRequest;

secure_runtime::policy! {
    /// For staff during office hours.
    pub staff = (
        roles = "staff",
        allow = crate::policies::are_open(request) && matches!(caller.subject(), "ann" | crate::policies::BOB),
        rate("2/min", by = principal),
    );
    pub tenants = (check = crate::policies::has_a_tenant);
}

/// A policy with the same name in another module.
pub mod strict {
    secure_runtime::policy! {
        pub staff = (roles = all("staff", "strict"), max_body = "1KiB");
    }
}

/// A constant that a policy uses.
pub const BOB: &str = "bob";

/// Whether the office is open.
pub fn are_open(request: &HttpRequest) -> bool {
    !request.headers().contains_key("x-closed")
}

/// Checks that the caller has a tenant.
///
/// # Errors
///
/// If the caller has none.
pub async fn has_a_tenant(
    caller: &secure_runtime::Principal,
) -> Result<(), secure_runtime::Denial> {
    use secure_runtime::{Denial, DenialKind};
    caller.tenant().map(|_| ()).ok_or_else(|| Denial::new(DenialKind::Forbidden, "no tenant"))
}
