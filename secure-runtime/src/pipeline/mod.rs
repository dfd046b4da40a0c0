//! How a request is served. [`order`] has the order of the stages, in one function.
//!
//! - [`mod@serve`]: the futures that actix-web polls; the only code that has the handler's types
//! - [`exchange`]: one request and its response; calls [`order::advance`] and answers
//! - [`order`]: **the order of the stages**
//! - [`stages`]: the stages, one file each
//! - [`limits`]: rate limits, counted in memory or in Redis
//! - [`response`]: turns a denial into a response: status, header fields of 401 and 429, log line
//! - [`scope_policies`]: the policies of the scopes around an endpoint
//! - [`abandonment`], [`open_streams`], [`lifetime`]: clients that disconnect, and streams that
//!   stay open
//!
//! A stage depends neither on the handler's type nor on the other stages. A stage that refuses a
//! request returns a denial as a value.

mod abandonment;
pub(crate) mod arguments;
mod exchange;
mod gate;
mod incoming;
mod lifetime;
mod limits;
mod open_streams;
mod order;
pub(crate) mod probe;
mod progress;
mod refused;
mod response;
pub(crate) mod scope_policies;
mod secured_response;
mod serve;
mod stages;

pub(crate) use incoming::Incoming;
pub use limits::response_cost::{Costed, ResponseCost};
pub use response::not_found;
pub use secured_response::SecuredResponse;
pub use serve::{Served, arrive, never, serve, serve_ruled};
pub use stages::ban_lookup::{Ban, Banned, Bans};
pub(crate) use stages::caller::claim_grant;
pub use stages::claimed_account::claim_account;
#[cfg(feature = "compression")]
pub(crate) use stages::content_coding::remove_header as remove_content_encoding;
pub(crate) use stages::errors::unfit_path;
pub(crate) use stages::size_warning::Lifted;
pub use stages::typed_caller::Caller;
