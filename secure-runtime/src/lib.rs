//! JWT and API-key authentication, role and object-level authorization, validation and rate limiting for actix-web,
//! in one attribute, checked at compile time.
//!
//! ```standalone_crate
//! use actix_web::{App, get, web};
//! use secure_runtime::{Principal, Security, authentication::Jwt, scope, secure};
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
//! let app = App::new().app_data(security).service(scope("/api").service(list_users));
//! # drop(app);
//! # Ok::<(), secure_runtime::LaunchError>(())
//! ```
//!
#![cfg_attr(
    all(doc, not(doctest)),
    doc = "**New here?** The [guide] begins with a [quickstart](guide::quickstart)."
)]
//!
//! | | |
//! |---|---|
//! | [`secure`] | the attribute, with all its keys |
//! | [`Security`] | the configuration of a program: built once, checked at startup |
//! | [`scope()`] | mounts secured handlers only; a handler without a policy does not compile in it |
//! | [`Principal`], [`Caller`] | extractors of the authenticated caller: as it is, or as a type of the application |
//! | [`Loaded`], [`Granted`] | extractors of an object that the path names, loaded once for the rules and the handler |
//! | [`authentication`] | the schemes (JWT, introspection, API keys), and the trait for others |
//! | [`answer`] | the application's own responses to refused requests |
//! | [`throttling`] | rates, quotas and the headers of rate limits |
//! | [`operations`] | statistics and changes of limits while the program runs |
//! | [`inventory()`] | every secured endpoint of the program, as a table or JSON |
#![cfg_attr(
    feature = "testing",
    doc = "| [`testing`] | a clock that tests set, tokens with any defect, checks of routes |"
)]
//!
//! A refused request is answered with a problem (RFC 9457). Its cause is logged through `tracing`.
//!
//! # Features
//!
//! `jwt` and `validator` are on by default.
//!
//! | feature | adds |
//! |---|---|
//! | `jwt` | `Jwt`: signed tokens, with keys in the program or in files |
//! | `discovery` | `Jwt::discover`, `Jwt::jwks_url` and the presets of identity providers: keys fetched over HTTPS |
//! | `introspection` | `Introspection`: opaque tokens (RFC 7662) |
//! | `api-keys` | `ApiKeys` |
//! | `time-rules` | `quota = "1000/day"` and `time in "Mon-Fri 09:00-17:00 Europe/Berlin"` |
//! | `validator`, `garde` | `validate(…)` runs the rules of these crates |
//! | `redis` | limits and revocations that all instances of a service share |
//! | `compression` | `content_encoding`: compressed request bodies |
//! | `multipart` | `validate(…)` takes `MultipartForm` |
//! | `testing` | a test clock, test tokens, checks of routes; for `[dev-dependencies]` |
//!
//! # Examples
//!
//! The repository has complete programs with tests in `examples/`: `quickstart`, `ownership` (object-level rules),
//! `openid_connect`, `machine_to_machine` (API keys and introspection), `database_users`, `limit_shapes`,
//! `module_policies`, `dynamic_policy` (Casbin, Cedar), `live_connections` (WebSockets), `migration` and more.
//! `cargo run -p NAME` starts one.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "jwt", feature = "api-keys", feature = "validator", feature = "testing")),
    allow(dead_code, reason = "shared helpers without a feature that uses them")
)]

#[doc(hidden)]
#[path = "macro_support.rs"]
pub mod __private;
pub mod answer;
pub mod authentication;
pub mod authorization;
mod denial;
#[cfg(all(doc, not(doctest)))]
pub mod guide;
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
#[cfg(any(test, feature = "testing"))]
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
pub use plan::{FailedAuthentication, LaunchFault, LaunchFaultKind};
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
#[cfg(feature = "validator")]
pub use validator;
