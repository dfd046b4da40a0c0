//! How a request is served: the only module that knows the order of the stages.
//!
//! 1. a place among all requests, the time, bans for failures, limits that need no caller
//! 2. authentication, and limits of anonymous requests
//! 3. rules about the caller, what the application's own policy says of the action, then how and when the
//!    caller signed in
//! 4. the caller's own requests at once, for which a request may have to wait, and limits by caller
//! 5. arguments that are made of the request's head, with an empty payload; resources last
//! 6. rules about those arguments
//! 7. the body, within `content_type`, `max_body` and the time it may take, for the parameters that
//!    `validate(…)` or `unvalidated(…)` names, and for no other
//! 8. requests at once that callers share
//! 9. validation, costs that the arguments say, and what remains of the rules
//! 10. the handler
//! 11. what the response says it cost, and its own fields
//!
//! [`order`] has the list. Stages know neither the handler's type nor each other; [`serve`] does for them
//! what needs the types. A denial at any stage is a value, and [`response`] makes the answer of it in
//! one place.

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
pub use stages::bans::{Ban, Banned, Bans};
pub(crate) use stages::caller::claim_grant;
pub use stages::claimed_account::claim_account;
#[cfg(feature = "compression")]
pub(crate) use stages::content_coding::remove_header as remove_content_encoding;
pub(crate) use stages::errors::unfit_path;
pub(crate) use stages::sizes::Lifted;
pub use stages::typed_caller::Caller;
