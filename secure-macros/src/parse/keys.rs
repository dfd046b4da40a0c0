//! The table of keys of `#[secure(…)]`, for parsing, duplicates, suggestions and the reference in the docs.

use super::{action, allow, concurrency, exceptions, failures, layers, names, rate_key, scalars};
use crate::diagnostics::Diagnostics;
use crate::model::raw::Declaration;
use crate::parse::entry::Entry;

/// One key of the attribute.
#[derive(Debug)]
pub(crate) struct Key {
    /// The key as written.
    pub(crate) name: &'static str,
    /// An example, for errors and docs.
    pub(crate) example: &'static str,
    /// Its meaning, for the docs.
    #[cfg_attr(not(test), expect(dead_code, reason = "the docs are compared with it in a test"))]
    pub(crate) meaning: &'static str,
    /// The form and unit of its value, for the docs.
    #[cfg_attr(not(test), expect(dead_code, reason = "the docs are compared with it in a test"))]
    pub(crate) value: &'static str,
    /// Whether it may be written again.
    pub(crate) repeats: bool,
    /// Parses the value into the declaration.
    pub(crate) parse: fn(&Entry, &mut Declaration, &mut Diagnostics),
}

/// Every key.
pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "public",
        example: "public",
        meaning: "anyone may call, without authentication",
        value: "none; `public(reason = \"…\")`",
        repeats: false,
        parse: exceptions::public,
    },
    Key {
        name: "auth",
        example: "auth = jwt",
        meaning: "the authenticators that accept the caller",
        value: "names; `any(…)`, `all(…)`, `optional`, `lenient(…)`",
        repeats: false,
        parse: names::auth,
    },
    Key {
        name: "roles",
        example: "roles = \"admin\"",
        meaning: "the caller must have this role",
        value: "names; `any(…)`, `all(…)`",
        repeats: false,
        parse: names::roles,
    },
    Key {
        name: "scopes",
        example: "scopes = \"orders:read\"",
        meaning: "the caller's token must have this scope",
        value: "names; `any(…)`, `all(…)`",
        repeats: false,
        parse: names::scopes,
    },
    Key {
        name: "permissions",
        example: "permissions = \"orders.refund\"",
        meaning: "the caller must have this permission",
        value: "names; `any(…)`, `all(…)`",
        repeats: false,
        parse: names::permissions,
    },
    Key {
        name: "fresh",
        example: "fresh = \"5m\"",
        meaning: "the caller must have signed in at most this long ago",
        value: "an age in `s`, `m`, `h` or `d`",
        repeats: false,
        parse: scalars::fresh,
    },
    Key {
        name: "acr",
        example: "acr = \"mfa\"",
        meaning: "the caller must have signed in at this level of assurance",
        value: "names; `any(…)`",
        repeats: false,
        parse: names::acr,
    },
    Key {
        name: "amr",
        example: "amr = \"otp\"",
        meaning: "the caller must have signed in by this method",
        value: "names; `any(…)`, `all(…)`",
        repeats: false,
        parse: names::amr,
    },
    Key {
        name: "allow",
        example: "allow = order.customer == caller.subject()",
        meaning: "a Boolean rule about the caller, the request and the handler's arguments",
        value: "a Rust expression",
        repeats: false,
        parse: allow::allow,
    },
    Key {
        name: "check",
        example: "check = owns_order",
        meaning: "an asynchronous function that checks the caller and the handler's arguments",
        value: "the path of a function",
        repeats: true,
        parse: allow::check,
    },
    Key {
        name: "action",
        example: "action = \"secrets:list\"",
        meaning: "the function given to `SecurityBuilder::decide` must permit this action",
        value: "a name; none: the handler's path",
        repeats: false,
        parse: action::action,
    },
    Key {
        name: "hide",
        example: "hide",
        meaning: "a request that a rule forbids gets 404 instead of 403",
        value: "none",
        repeats: false,
        parse: allow::hide,
    },
    Key {
        name: "callable",
        example: "callable",
        meaning: "other code may call the function without the policy, as `handler::without_policy(…)`",
        value: "none",
        repeats: false,
        parse: scalars::callable,
    },
    Key {
        name: "rate",
        example: "rate = \"100/h\"",
        meaning: "rate limit: the most requests in a window, by caller unless `by` is given",
        value: "requests per `s`, `min`, `h` or `d`",
        repeats: true,
        parse: rate_key::rate,
    },
    Key {
        name: "quota",
        example: "quota = \"10000/month\"",
        meaning: "the most requests in a period of the calendar",
        value: "requests per `hour`, `day`, `week` or `month`",
        repeats: true,
        parse: rate_key::quota,
    },
    Key {
        name: "concurrency",
        example: "concurrency = 8",
        meaning: "the most requests in flight at once, by caller unless `by` is given",
        value: "a number of requests",
        repeats: false,
        parse: concurrency::concurrency,
    },
    Key {
        name: "priority",
        example: "priority = bulk",
        meaning: "which requests are rejected first, or last, under overload",
        value: "`critical`, `normal` or `bulk`",
        repeats: false,
        parse: concurrency::priority,
    },
    Key {
        name: "failures",
        example: "failures = \"10/min\"",
        meaning: "the most failed requests of a client before it is banned for a time",
        value: "requests per `s`, `min`, `h` or `d`",
        repeats: true,
        parse: failures::failures,
    },
    Key {
        name: "use",
        example: "use = staff",
        meaning: "adds the keys of a policy that `policy!` defines",
        value: "the path of a policy",
        repeats: true,
        parse: layers::use_policy,
    },
    Key {
        name: "validate",
        example: "validate(order)",
        meaning: "these parameters are validated before the handler runs",
        value: "names of parameters",
        repeats: false,
        parse: scalars::validate,
    },
    Key {
        name: "unvalidated",
        example: "unvalidated(order, reason = \"the schema is the customer's\")",
        meaning: "this body parameter is not validated, for the given reason",
        value: "a parameter or `any`, and a reason",
        repeats: true,
        parse: exceptions::unvalidated,
    },
    Key {
        name: "objects",
        example: "objects = any",
        meaning: "every caller may have every object that the path names",
        value: "`any`",
        repeats: false,
        parse: exceptions::objects,
    },
    Key {
        name: "max_body",
        example: "max_body = \"64KiB\"",
        meaning: "the largest request body",
        value: "a size in `B`, `kB`, `KiB`, `MB`, `MiB`, `GB` or `GiB`",
        repeats: false,
        parse: scalars::max_body,
    },
    Key {
        name: "body_timeout",
        example: "body_timeout = \"30s\"",
        meaning: "the longest time for a request body to arrive",
        value: "a time in `ms`, `s`, `m` or `h`",
        repeats: false,
        parse: scalars::body_timeout,
    },
    Key {
        name: "websocket",
        example: "websocket",
        meaning: "a WebSocket handshake: the stream ends when the caller's credentials end",
        value: "none",
        repeats: false,
        parse: scalars::websocket,
    },
    Key {
        name: "content_type",
        example: "content_type = \"application/json\"",
        meaning: "the only media type that a request body may have",
        value: "`type/subtype`",
        repeats: false,
        parse: scalars::content_type,
    },
    Key {
        name: "content_encoding",
        example: "content_encoding = \"gzip\"",
        meaning: "the only compression that a request body may have",
        value: "`gzip`",
        repeats: false,
        parse: names::content_encoding,
    },
    Key {
        name: "crate",
        example: "crate = my_reexports::secure_runtime",
        meaning: "the path of the crate `secure_runtime`, if it is not `::secure_runtime`",
        value: "a path",
        repeats: false,
        parse: scalars::root,
    },
];
