//! The same handlers with the attribute.
pub use crate::before::*;
use actix_web::web;
use secure_runtime::{LaunchError, Security};
/// x
pub fn security() -> Result<Security, LaunchError> { Security::builder().build() }
/// x
pub fn shelf() -> actix_web::Scope { web::scope("").configure(crate::application(crate::Moved::default())) }
