//! Declarative security for actix-web: one attribute compiles into authentication, permission
//! checks, request validation and throttling.
//!
//! ```standalone_crate
//! use actix_web::{App, get, web};
//! use secure_runtime::{Principal, Security, authentication::Jwt, secure};
//!
//! #[secure(roles = "admin", rate = "100/h")]
//! #[get("/users")]
//! async fn list_users(caller: Principal) -> web::Json<Vec<String>> {
//!     web::Json(vec![caller.subject().to_owned()])
//! }
//!
//! let secret = b"an HS256 secret of at least 32 bytes, from your configuration";
//! let security = Security::builder()
//!     .authenticator("jwt", Jwt::hs256(secret).issuer("https://issuer.example").audience("shop"))
//!     .build()?;
//!
//! let app = App::new()
//!     .app_data(security)
//!     .service(secure_runtime::scope("/api").service(list_users));
//! # drop(app);
//! # Ok::<(), secure_runtime::LaunchError>(())
//! ```
//!
//! - [`secure`]: the attribute, and every key it takes.
//! - [`Security`]: what a program builds once; its launch checks list everything that is missing.
//! - [`scope()`]: mounts secured endpoints only; anything else is a type error.
//! - [`Principal`]: the caller, as an extractor; [`Caller`]: the caller as the application's own type.
//! - [`Loaded`] and [`Granted`]: what a path names, loaded once, for rules and handler.
//! - [`authentication`]: the schemes, and the trait for those of an application.
//! - [`answer`]: the application's own answers to refused requests.
//! - [`throttling`]: what a rate means, and what a client is told.
//! - [`inventory()`]: every secured endpoint of the program.
//! - [`testing`]: a clock that stands still, and tokens with anything wrong on purpose.
//!
//! A refused request is answered with a problem (RFC 9457); its cause is logged through `tracing`.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
#[path = "macro_support.rs"]
pub mod __private;
pub mod answer;
pub mod authentication;
pub mod authorization;
mod denial;
mod handler;
pub mod inventory;
pub mod operations;
mod pipeline;
mod plan;
mod policy;
mod principal;
mod problem;
mod request;
mod resource;
mod scope;
mod security;
mod services;
mod support;
pub mod testing;
pub mod throttling;
mod transport;
mod validation;

pub use denial::{Denial, DenialKind, FieldError};
pub use handler::{NameKind, SecuredOutput, TypedNames};
pub use inventory::inventory;
pub use pipeline::{
    Ban, Banned, Bans, Caller, Costed, ResponseCost, SecuredResponse, claim_account, not_found,
};
pub use plan::FailedAuthentication;
pub use principal::{Principal, PrincipalBuilder};
pub use problem::Problem;
pub use request::RequestHead;
pub use resource::{Granted, Loaded, Resource};
pub use scope::{
    Next, PublicService, RouteBuilder, Scope, ScopeFactory, SecuredConfig, SecuredResource,
    SecuredRoute, SecuredService, ToSecuredHandler, configure, resource, route, scope, secured,
};
pub use secure_macros::{policy, secure, vocabulary};
pub use security::{Decisions, LaunchError, ProtectedResource, Security, SecurityBuilder};
pub use services::{NotReady, Readiness, ResourceMetadata};
pub use support::time::{Clock, Moment, SystemClock};
pub use transport::{
    ForwardingHeader, InvalidForwardingHeader, InvalidNetwork, SingleHeader, TrustedProxies,
};
#[cfg(feature = "garde")]
pub use validation::GardeRules;
pub use validation::{Validatable, ValidatorRules, Violations};
pub use validator;
