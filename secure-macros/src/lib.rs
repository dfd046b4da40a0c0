//! The `#[secure(...)]` attribute of `secure-runtime`.

mod attribute;
mod check;
mod diagnostics;
mod enums;
mod expand;
mod fallback;
mod file_policies;
mod grammar;
mod known_attributes;
mod lints;
mod model;
mod module_policies;
mod named_policies;
mod parse;
mod paths;
mod policy_members;
#[cfg(test)]
mod tests;
mod vocabulary;

use proc_macro::TokenStream;

/// Enforces a security policy on an actix-web handler.
///
/// The policy covers authentication, authorization, validation and rate limiting. Mistakes in it are
/// compile errors. All keys of one attribute must hold. Without a key, the endpoint needs an
/// authenticated caller.
///
/// | write | meaning | value |
/// |---|---|---|
/// | `public` | anyone may call, without authentication | none; `public(reason = "…")` |
/// | `auth = jwt` | the authenticators that accept the caller | names; `any(…)`, `all(…)`, `optional`, `lenient(…)` |
/// | `roles = "admin"` | the caller must have this role | names; `any(…)`, `all(…)` |
/// | `scopes = "orders:read"` | the caller's token must have this scope | names; `any(…)`, `all(…)` |
/// | `permissions = "orders.refund"` | the caller must have this permission | names; `any(…)`, `all(…)` |
/// | `fresh = "5m"` | the caller must have signed in at most this long ago | an age in `s`, `m`, `h` or `d` |
/// | `acr = "mfa"` | the caller must have signed in at this level of assurance | names; `any(…)` |
/// | `amr = "otp"` | the caller must have signed in by this method | names; `any(…)`, `all(…)` |
/// | `allow = order.customer == caller.subject()` | a Boolean rule about the caller, the request and the handler's arguments | a Rust expression |
/// | `check = owns_order` | an asynchronous function that checks the caller and the handler's arguments | the path of a function |
/// | `action = "secrets:list"` | the function given to `SecurityBuilder::decide` must permit this action | a name; none: the handler's path |
/// | `hide` | a request that a rule forbids gets 404 instead of 403 | none |
/// | `callable` | other code may call the function without the policy, as `handler::without_policy(…)` | none |
/// | `rate = "100/h"` | rate limit: the most requests in a window, by caller unless `by` is given | requests per `s`, `min`, `h` or `d` |
/// | `quota = "10000/month"` | the most requests in a period of the calendar | requests per `hour`, `day`, `week` or `month` |
/// | `concurrency = 8` | the most requests in flight at once, by caller unless `by` is given | a number of requests |
/// | `priority = bulk` | which requests are rejected first, or last, under overload | `critical`, `normal` or `bulk` |
/// | `failures = "10/min"` | the most failed requests of a client before it is banned for a time | requests per `s`, `min`, `h` or `d` |
/// | `use = staff` | adds the keys of a policy that `policy!` defines | the path of a policy |
/// | `validate(order)` | these parameters are validated before the handler runs | names of parameters |
/// | `unvalidated(order, reason = "the schema is the customer's")` | this body parameter is not validated, for the given reason | a parameter or `any`, and a reason |
/// | `objects = any` | every caller may have every object that the path names | `any` |
/// | `max_body = "64KiB"` | the largest request body | a size in `B`, `kB`, `KiB`, `MB`, `MiB`, `GB` or `GiB` |
/// | `body_timeout = "30s"` | the longest time for a request body to arrive | a time in `ms`, `s`, `m` or `h` |
/// | `websocket` | a WebSocket handshake: the stream ends when the caller's credentials end | none |
/// | `content_type = "application/json"` | the only media type that a request body may have | `type/subtype` |
/// | `content_encoding = "gzip"` | the only compression that a request body may have | `gzip` |
/// | `crate = my_reexports::secure_runtime` | the path of the crate `secure_runtime`, if it is not `::secure_runtime` | a path |
///
/// # Names
///
/// `any(…)` and `all(…)` combine several names: `roles = any("admin", "auditor")`,
/// `scopes = all("orders:read", "orders:write")`. `auth` takes bare words, and string literals for
/// names that are not identifiers: `auth = any(jwt, "partner-api")`.
///
/// - `auth = optional` also admits anonymous requests. Credentials that are sent must be valid.
/// - `auth = lenient(session)`, or `lenient(session, jwt)` for any of several, treats rejected
///   credentials as if they had not been sent: the request is anonymous. They still count as
///   failures for `failures`. If the credentials cannot be checked, the response is 503.
///
/// Neither can be combined with keys that demand something of the caller.
///
/// With a `secure.toml` beside `Cargo.toml` or at the root of the workspace, roles, scopes and
/// permissions must be listed there. A role then includes the roles and permissions that the file
/// gives it. A name may also be a variant of an enum that [`vocabulary!`] generates:
/// `permissions = Permission::OrdersRead`.
///
/// # Step-up
///
/// `fresh`, `acr` and `amr` check how the caller signed in: the claims `auth_time`, `acr` and `amr`
/// of the token (RFC 9068 section 2.2.1). A caller who does not satisfy them must sign in again: the
/// response is 401 with `insufficient_user_authentication` (RFC 9470). A token without the claim does
/// not satisfy them. `min` is another spelling of the unit `m`.
///
/// # Rules
///
/// `allow` combines conditions with `&&`, `||`, `!` and parentheses:
///
/// - `role("admin")`, `scope("orders:read")`, `permission("orders.refund")`;
/// - `authenticator("jwt")`: this authenticator accepted the caller's credentials;
/// - `address in "10.0.0.0/8"`, or a list of networks: the client IP is in the network;
/// - `time in "Mon-Fri 09:00-17:00 Europe/Berlin"`: hours of the week in a time zone. Days may be
///   listed, and may be omitted. `22:00-06:00` ends on the next day;
/// - any other Rust expression of the type `bool`. It can use `caller` (`&Principal`; with
///   `auth = optional` and `lenient(…)` `Option<&Principal>`), `request` (`&HttpRequest`), and the
///   handler's parameters, as references and by the names in their patterns. It can use `.await`, and
///   `?` with every error that actix-web can turn into a response.
///
/// A condition is evaluated as early as its inputs exist: without parameters, before the rate limits
/// by caller; with parameters from the request head (path, query, headers, resources), before the
/// body is read; all others after validation. Expressions are evaluated in the order written, at most
/// once, and only if the result depends on them. An error or a panic rejects the request.
///
/// `check = path::to::function` calls `async fn(&Principal, &…) -> Result<(), Denial>` as soon as its
/// arguments exist. The arguments are found by the types of its parameters;
/// `check = function(order, request)` names them. `check` may be given several times.
///
/// `action = "secrets:list"` calls the function that was given to `SecurityBuilder::decide`, for rules
/// that change while the program runs. The function gets the caller and the values of the path. It runs
/// after the rules about the caller, before the rate limits by caller, and before the body is read.
/// `action` alone uses the handler's module path and name. If a module or a policy and the handler each
/// have an action, every one of them must be permitted.
///
/// With `hide`, a request that a rule or that function forbids gets 404, as if the resource did not
/// exist. An anonymous request gets 401 as long as the rule has looked at no argument.
///
/// A rule that is always true or always false, or that has a part without an effect, is an error.
///
/// # Rates
///
/// A rate is `permits/window`; the units are `s`, `min`, `h` and `d`, as in `"100/h"` or `"10/15min"`.
/// With several rates (`rate = ["10/s", "1000/h"]`) each of them must admit the request.
///
/// - `rate = login` is a rate from the table `[rates]` of the `secure.toml`.
/// - `by` sets what requests are counted by: `by = address` (the client IP), `principal`, `tenant`,
///   `api_key`, `endpoint`, `header("x-client")`, `claim("org.id")`, `key(EXPR)`, or a combination:
///   `by = (tenant, address)`. Without `by`, requests are counted by principal, and anonymous ones by
///   client IP.
/// - `rate(anonymous = "100/h", authenticated = "1000/h")` has separate limits for anonymous and
///   for authenticated requests.
/// - `rate(tier(free = "100/h", pro = "10000/h"))` has a rate for each service tier. Callers without
///   one of these tiers get the lowest rate.
/// - `burst = 10` is the number of requests that may come at one instant, for each rate. The default is
///   all permits of the window; it may be smaller or larger.
/// - `cost = 2` is the number of permits that one request takes. `cost = page.size` is an expression of
///   the type `u32` about the handler's parameters. With `cost = response` the handler sets the cost in
///   its response.
/// - `mode = observe` is shadow mode: requests over the limit are counted and logged, not rejected.
///   `mode = "20%"` enforces the limit for 20% of the keys. `mode = enforce` rejects, and is the
///   default unless the builder's `limit_mode` is set; if both are set, the stricter one applies.
/// - `refund = 5xx` returns the permits if the response has a status of 500 or above.
/// - `unless = role("internal")` does not count the requests of these callers. Conditions are
///   `role(…)`, `scope(…)`, `permission(…)` and `address in "…"`, with `&&`, `||` and `!`. An anonymous
///   request has no grants, so no condition about grants exempts it.
/// - `shared = "office"` shares one count among all endpoints that use the name, for example all
///   handlers of a module.
///
/// `quota` has the same options except `burst` and `shared`. `zone = "Europe/Berlin"` sets the time
/// zone in which its periods begin.
///
/// `rate` and `quota` may be given several times, each with another `by`.
///
/// Limits that contradict each other are errors: a rate that has no effect beside another rate of
/// its list, or `authenticated` below `anonymous`.
///
/// # Objects
///
/// A segment of the path identifies an object, and a caller can put any identifier there. If nothing
/// is demanded of the caller, the endpoint needs a rule about the object, or `objects = any` if every
/// caller may have every object. Otherwise the profile of the `secure.toml` decides.
///
/// # Exceptions
///
/// `public(reason = "…")`, `unvalidated(order, reason = "…")` and `objects(any, reason = "…")` may have
/// an end: `until = "2026-12-31"` is the last day on which they compile. The day is that of UTC, or of
/// `SOURCE_DATE_EPOCH`. A crate that is already compiled does not fail when the day has passed.
///
/// # Bodies
///
/// A parameter that holds the request body (`Json`, `Form`, `Bytes`, `String`, `Payload`, `Multipart`,
/// `MultipartForm`, `Either`, also in `Option`, `Result` and tuples) must be named in `validate(…)`, or
/// in `unvalidated(…)` with a reason. `unvalidated(any, reason = "…")` exempts every body that no other
/// key names. Extractors in the list `validated_by` of the `secure.toml` need neither. The level of this
/// rule is that of the lint `unvalidated-body`.
///
/// Types are recognised by the last word of their paths. actix-web's own extractors are also recognised
/// behind a type alias. An extractor of another crate, or of your own, with another name is not
/// recognised as a body, and may be named in `unvalidated(…)`. A type of your own with the name
/// `Principal`, `Granted`, `Loaded`, `Form` or `Payload` is taken for the one of this crate or of
/// actix-web, unless it is imported under another name.
///
/// Sizes have the units of IEC 80000-13: `kB` is 1000 bytes, `KiB` 1024.
///
/// # Placement
///
/// Write the attribute above the route attribute. It then knows the method and the path, and
/// `secure_runtime::scope` accepts the endpoint. Below the route attribute the policy is enforced too,
/// but the scope does not accept the endpoint. A handler without a route attribute is registered with
/// `web::get().to(handler)`, and may be generic. Route attributes are recognised by their names
/// (`get`, `actix_web::post`, `routes`…), not under another name.
///
/// Attributes below `#[secure]` that wrap the function, such as `#[tracing::instrument]`, run after
/// every check. Attributes that need the item itself, such as `#[utoipa::path]`, stand above
/// `#[secure]`; in a module with a policy, above the route attribute. A function in an `impl` block may
/// be a handler if it uses neither `self` nor `Self`.
///
/// # Modules and named policies
///
/// On an inline module the attribute is the policy of every handler in it, also in modules inside of
/// it. Handlers are the functions with a route attribute or with a `#[secure]` of their own. [`policy!`]
/// defines named sets of keys, and `use = staff` adds one. The table `[policies]` of the `secure.toml`
/// gives policies to source files, by patterns.
///
/// A handler's own keys can only narrow the policies around it: all demands, rules and limits hold
/// together; `auth` and `max_body` may be narrower; `public` inside a policy that demands a caller is
/// an error.
///
/// # A renamed crate
///
/// If `secure_runtime` has another name, give its path:
/// `#[secure(crate = my_reexports::secure_runtime, roles = "admin")]`.
///
/// # Expansion
///
/// `SECURE_MACROS_DEBUG=1 cargo build` prints the expansion of every attribute that is compiled.
#[proc_macro_attribute]
pub fn secure(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::secure(arguments.into(), item.into()).into()
}

/// Defines named policies: sets of keys for `#[secure(use = …)]`.
///
/// ```ignore
/// secure_runtime::policy! {
///     /// For employees.
///     pub(crate) staff = (roles = "staff", rate = "1000/h");
///     careful = (rate("5/min", by = principal), max_body = "4KiB");
/// }
///
/// #[secure(use = staff, use = careful, scopes = "refunds")]
/// #[post("/refunds")]
/// async fn refund() -> &'static str {
///     "refunded"
/// }
/// ```
///
/// A policy is an item: it has a path (`use = policies::staff`) and a visibility, and can be imported. Other
/// crates can use a `pub` policy (`use = base::policies::staff`): its paths resolve in the crate that
/// defines it, and its rates must be literals. The keys of the policy and those of the attribute must all hold.
#[proc_macro]
pub fn policy(input: TokenStream) -> TokenStream {
    named_policies::policies(input.into()).into()
}

/// Generates enums whose variants are the names of the `secure.toml`, so that editors can complete them.
///
/// ```ignore
/// secure_runtime::vocabulary! {
///     /// What a caller may do.
///     pub enum Permission = permissions;
///     pub enum Role = roles;
///     pub(crate) enum Scope = scopes;
/// }
///
/// #[secure(permissions = any(Permission::OrdersRead, Permission::OrdersRefund))]
/// #[get("/orders")]
/// async fn orders() -> &'static str {
///     "the orders"
/// }
/// ```
///
/// A variant is the name in camel case: `orders:read` and `orders_read` are both `OrdersRead`, so a file with
/// both is an error. Attributes on the enum are kept. The enum implements `Clone`, `Copy`, `Debug`,
/// `PartialEq`, `Eq`, `Hash`, `Display` (the name) and `Into<&'static str>`. It has the constant `ALL` and
/// the functions `name(self)` and `from_name(&str)`. `crate = path;` in front of the enums is the path of
/// `secure_runtime`, if the crate has another name.
#[proc_macro]
pub fn vocabulary(input: TokenStream) -> TokenStream {
    enums::expand(input.into()).into()
}

/// The names in the JSON text of a policy as constants, for `secure-runtime` alone.
#[doc(hidden)]
#[proc_macro]
pub fn __policy_members(_: TokenStream) -> TokenStream {
    policy_members::constants().into()
}
