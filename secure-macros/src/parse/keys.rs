//! The table of keys: it drives parsing, duplicates, suggestions and the reference in the docs.

use super::{action, allow, concurrency, exceptions, failures, layers, names, rate_key, scalars};
use crate::diagnostics::Diagnostics;
use crate::model::raw::Declaration;
use crate::parse::entry::Entry;

/// One key of the attribute.
#[derive(Debug)]
pub(crate) struct Key {
    /// The key as written.
    pub(crate) name: &'static str,
    /// What to write, for errors and docs.
    pub(crate) example: &'static str,
    /// What it means, for the docs.
    #[cfg_attr(not(test), expect(dead_code, reason = "the docs are compared with it in a test"))]
    pub(crate) meaning: &'static str,
    /// Whether it may be written again.
    pub(crate) repeats: bool,
    /// Puts the written value into the declaration.
    pub(crate) parse: fn(&Entry, &mut Declaration, &mut Diagnostics),
}

/// Every key there is.
pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "public",
        example: "public",
        meaning: "nobody needs to authenticate",
        repeats: false,
        parse: exceptions::public,
    },
    Key {
        name: "auth",
        example: "auth = jwt",
        meaning: "which configured authenticators may, or must, accept the caller",
        repeats: false,
        parse: names::auth,
    },
    Key {
        name: "roles",
        example: "roles = \"admin\"",
        meaning: "the caller has the role, any or all of several",
        repeats: false,
        parse: names::roles,
    },
    Key {
        name: "scopes",
        example: "scopes = \"orders:read\"",
        meaning: "the caller's token has the scope, any or all of several",
        repeats: false,
        parse: names::scopes,
    },
    Key {
        name: "permissions",
        example: "permissions = \"orders.refund\"",
        meaning: "the caller has the permission, any or all of several",
        repeats: false,
        parse: names::permissions,
    },
    Key {
        name: "fresh",
        example: "fresh = \"5m\"",
        meaning: "the caller signed in at most so long ago",
        repeats: false,
        parse: scalars::fresh,
    },
    Key {
        name: "acr",
        example: "acr = \"mfa\"",
        meaning: "the caller signed in at this level of assurance, or at any of several",
        repeats: false,
        parse: names::acr,
    },
    Key {
        name: "amr",
        example: "amr = \"otp\"",
        meaning: "the caller signed in by this method, by any or all of several",
        repeats: false,
        parse: names::amr,
    },
    Key {
        name: "allow",
        example: "allow = order.customer == caller.subject()",
        meaning: "a Boolean rule about the caller, the request and the handler's arguments",
        repeats: false,
        parse: allow::allow,
    },
    Key {
        name: "check",
        example: "check = owns_order",
        meaning: "an asynchronous function that checks the caller and arguments of the handler",
        repeats: true,
        parse: allow::check,
    },
    Key {
        name: "action",
        example: "action = \"secrets:list\"",
        meaning: "the application's own policy permits this action; without a name, the handler's",
        repeats: false,
        parse: action::action,
    },
    Key {
        name: "hide",
        example: "hide",
        meaning: "what the rule forbids is answered as if it were not there",
        repeats: false,
        parse: allow::hide,
    },
    Key {
        name: "callable",
        example: "callable",
        meaning: "other code may call the function without the policy, as `handler::without_policy(…)`",
        repeats: false,
        parse: scalars::callable,
    },
    Key {
        name: "rate",
        example: "rate = \"100/h\"",
        meaning: "how many requests are admitted, counted by caller unless `by` says otherwise",
        repeats: true,
        parse: rate_key::rate,
    },
    Key {
        name: "quota",
        example: "quota = \"10000/month\"",
        meaning: "how many requests are admitted in an hour, day, week or month of the calendar",
        repeats: true,
        parse: rate_key::quota,
    },
    Key {
        name: "concurrency",
        example: "concurrency = 8",
        meaning: "how many requests of one caller are served at once",
        repeats: false,
        parse: concurrency::concurrency,
    },
    Key {
        name: "priority",
        example: "priority = bulk",
        meaning: "what is given up first, or last, when more requests come than may be served",
        repeats: false,
        parse: concurrency::priority,
    },
    Key {
        name: "failures",
        example: "failures = \"10/min\"",
        meaning: "how many failed requests are borne, before whoever makes them is banned for a while",
        repeats: true,
        parse: failures::failures,
    },
    Key {
        name: "use",
        example: "use = staff",
        meaning: "the keys that `policy!` named so hold as well",
        repeats: true,
        parse: layers::use_policy,
    },
    Key {
        name: "validate",
        example: "validate(order)",
        meaning: "the parameters pass validation before the handler runs",
        repeats: false,
        parse: scalars::validate,
    },
    Key {
        name: "unvalidated",
        example: "unvalidated(order, reason = \"the schema is the customer's\")",
        meaning: "a body parameter that is not validated, and why",
        repeats: true,
        parse: exceptions::unvalidated,
    },
    Key {
        name: "objects",
        example: "objects = any",
        meaning: "whoever may call may ask for any object that the path names",
        repeats: false,
        parse: exceptions::objects,
    },
    Key {
        name: "max_body",
        example: "max_body = \"64KiB\"",
        meaning: "the largest request body",
        repeats: false,
        parse: scalars::max_body,
    },
    Key {
        name: "body_timeout",
        example: "body_timeout = \"30s\"",
        meaning: "how long a request body may take to arrive",
        repeats: false,
        parse: scalars::body_timeout,
    },
    Key {
        name: "websocket",
        example: "websocket",
        meaning: "a WebSocket handshake: its stream ends with the credentials of its caller",
        repeats: false,
        parse: scalars::websocket,
    },
    Key {
        name: "content_type",
        example: "content_type = \"application/json\"",
        meaning: "the one media type a request body may have",
        repeats: false,
        parse: scalars::content_type,
    },
    Key {
        name: "content_encoding",
        example: "content_encoding = \"gzip\"",
        meaning: "how a request body may be compressed",
        repeats: false,
        parse: names::content_encoding,
    },
    Key {
        name: "crate",
        example: "crate = my_reexports::secure_runtime",
        meaning: "where the crate `secure_runtime` is, if not at `::secure_runtime`",
        repeats: false,
        parse: scalars::root,
    },
];
