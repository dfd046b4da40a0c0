//! What the caller may do.
/// x
pub struct Authorities;
