//! Declarative security for actix-web.

#[doc(hidden)]
#[path = "macro_support.rs"]
pub mod __private;
pub mod authentication;
pub mod authorization;
mod denial;
pub mod inventory;
mod pipeline;
pub mod policy;
mod principal;
mod problem;
mod request;
mod scope;
pub mod security;
pub mod testing;
pub mod throttling;
mod time;
mod transport;
mod validation;

pub use denial::{Denial, DenialKind};
pub use inventory::inventory;
pub use principal::{Principal, PrincipalBuilder};
pub use problem::Problem;
pub use request::RequestHead;
pub use scope::{
    RouteBuilder, Scope, SecuredOutput, SecuredResponse, SecuredRoute, SecuredService, route, scope,
};
pub use secure_macros::secure;
pub use security::{LaunchError, Security, SecurityBuilder};
pub use time::{Clock, Moment, SystemClock};
pub use transport::{ForwardingHeader, InvalidNetwork, TrustedProxies};
pub use validation::Validatable;
