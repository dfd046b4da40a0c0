//! Declarative security for actix-web.

#[doc(hidden)]
#[path = "macro_support.rs"]
pub mod __private;
pub mod authentication;
mod authorization;
pub mod inventory;
mod pipeline;
pub mod policy;
mod principal;
mod request;
mod scope;
pub mod security;
pub mod testing;
pub mod throttling;
mod time;
mod validation;

pub use principal::{Principal, PrincipalBuilder};
pub use request::RequestHead;
pub use secure_macros::secure;
pub use scope::{SecuredResponse, SecuredService};
pub use time::{Clock, Moment, SystemClock};
pub use validation::Validatable;
