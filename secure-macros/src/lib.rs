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

/// Puts a security policy on an actix-web handler; what it says is enforced, or does not compile.
///
/// All keys of one attribute must hold. Without a key it demands any authenticated caller.
///
/// | write | means |
/// |---|---|
/// | `public` | nobody needs to authenticate |
/// | `auth = jwt` | which configured authenticators may, or must, accept the caller |
/// | `roles = "admin"` | the caller has the role, any or all of several |
/// | `scopes = "orders:read"` | the caller's token has the scope, any or all of several |
/// | `permissions = "orders.refund"` | the caller has the permission, any or all of several |
/// | `fresh = "5m"` | the caller signed in at most so long ago |
/// | `acr = "mfa"` | the caller signed in at this level of assurance, or at any of several |
/// | `amr = "otp"` | the caller signed in by this method, by any or all of several |
/// | `allow = order.customer == caller.subject()` | a Boolean rule about the caller, the request and the handler's arguments |
/// | `check = owns_order` | an asynchronous function that checks the caller and arguments of the handler |
/// | `action = "secrets:list"` | the application's own policy permits this action; without a name, the handler's |
/// | `hide` | what the rule forbids is answered as if it were not there |
/// | `callable` | other code may call the function without the policy, as `handler::without_policy(…)` |
/// | `rate = "100/h"` | how many requests are admitted, counted by caller unless `by` says otherwise |
/// | `quota = "10000/month"` | how many requests are admitted in an hour, day, week or month of the calendar |
/// | `concurrency = 8` | how many requests of one caller are served at once |
/// | `priority = bulk` | what is given up first, or last, when more requests come than may be served |
/// | `failures = "10/min"` | how many failed requests are borne, before whoever makes them is banned for a while |
/// | `use = staff` | the keys that `policy!` named so hold as well |
/// | `validate(order)` | the parameters pass validation before the handler runs |
/// | `unvalidated(order, reason = "the schema is the customer's")` | a body parameter that is not validated, and why |
/// | `objects = any` | whoever may call may ask for any object that the path names |
/// | `max_body = "64KiB"` | the largest request body |
/// | `body_timeout = "30s"` | how long a request body may take to arrive |
/// | `websocket` | a WebSocket handshake: its stream ends with the credentials of its caller |
/// | `content_type = "application/json"` | the one media type a request body may have |
/// | `content_encoding = "gzip"` | how a request body may be compressed |
/// | `crate = my_reexports::secure_runtime` | where the crate `secure_runtime` is, if not at `::secure_runtime` |
///
/// # Names
///
/// A list of several names says how they combine: `roles = any("admin", "auditor")`,
/// `scopes = all("orders:read", "orders:write")`. `auth` takes bare words, and literals for names
/// that are no words: `auth = any(jwt, "partner-api")`. `auth = optional` admits anonymous callers;
/// credentials that are sent must be valid. With `auth = lenient(session)` (any of several:
/// `lenient(session, jwt)`) bad credentials count as none, as if they had not been sent: the caller is
/// anonymous then. They count for budgets of failures, and credentials that cannot be judged are
/// answered with 503 all the same. Neither goes with keys that demand something of the caller.
///
/// With a `secure.toml` beside `Cargo.toml` or at the workspace's root, roles, scopes and
/// permissions must be listed there, and a role stands for what it includes and grants. A name may then
/// be the variant of an enum that [`vocabulary!`] makes: `permissions = Permission::OrdersRead`.
///
/// # Step-up
///
/// `fresh`, `acr` and `amr` demand something of how the caller signed in: the claims `auth_time`,
/// `acr` and `amr` of the token (RFC 9068 section 2.2.1). Whoever falls short is asked to sign in
/// again, with 401 and `insufficient_user_authentication` (RFC 9470); a token without the claim
/// falls short. An age has one of the units `s`, `m` (or `min`), `h` and `d`.
///
/// # Rules
///
/// `allow` combines conditions with `&&`, `||`, `!` and parentheses:
///
/// - `role("admin")`, `scope("orders:read")`, `permission("orders.refund")`;
/// - `authenticator("jwt")`: this one accepted the caller's credentials;
/// - `address in "10.0.0.0/8"`, or a list of networks: the client's address;
/// - `time in "Mon-Fri 09:00-17:00 Europe/Berlin"`: the hours of a week in a time zone; days may be
///   listed or left out, and `22:00-06:00` ends on the day after;
/// - any other Rust expression of the type `bool`. It has `caller` (`&Principal`, with
///   `auth = optional` and `lenient(…)` `Option<&Principal>`), `request` (`&HttpRequest`) and the handler's
///   parameters in scope, as references and by the names of their patterns. `.await` is allowed, and
///   `?` with every error that actix-web can answer with.
///
/// What mentions no parameter is decided before the limits by caller; what mentions parameters made of
/// the request's head (path, query, headers, resources), before the body is read; the rest after
/// validation. An expression is evaluated only if the rule hangs on it, in the order
/// written, and at most once. An error or a panic refuses the request.
///
/// `check = path::to::function` calls `async fn(&Principal, &…) -> Result<(), Denial>` as soon as what
/// it takes is there, with the arguments of its parameters' types; `check = function(order, request)` with
/// these. `check` may be written several times.
///
/// `action = "secrets:list"` asks the function that `SecurityBuilder::decide` was given: rules that change
/// while the program runs. It is asked after the rules about the caller, before limits by caller and before the
/// body, with the caller and what the path says. `action` alone has the name of the handler, with its module.
/// Where a module or a policy and the handler name an action each, all of them are asked about.
///
/// With `hide`, a request that the rule or that function forbids is answered with 404, as if there were nothing. A
/// caller who has not signed in is asked to as long as no argument was looked at.
///
/// A rule that always or never holds, or that has a part without an effect, is an error.
///
/// # Rates
///
/// A rate is `permits/window`; units are `s`, `min`, `h` and `d`, as in `"100/h"` or `"10/15min"`.
/// Several quotas (`rate = ["10/s", "1000/h"]`) must all admit a request.
///
/// - `rate = login` is what `[rates]` of the `secure.toml` says.
/// - `by = address`, `principal`, `tenant`, `api_key`, `endpoint`, `header("x-client")`, `claim("org.id")`
///   or `key(EXPR)` says whose requests are counted together, and `by = (tenant, address)` a combination;
///   without it the principal if there is one, else the client's address.
/// - `rate(anonymous = "100/h", authenticated = "1000/h")` limits callers by whether they are known.
/// - `rate(tier(free = "100/h", pro = "10000/h"))` has a rate for each tier of service; callers of
///   none of them have the smallest.
/// - `burst = 10`: how many at one instant (default: all permits of the window), for each quota; fewer
///   than its permits, or more.
/// - `cost = 2`: how many permits one request takes; `cost = page.size`, an expression of type `u32` about the
///   handler's parameters; `cost = response`, what the handler says in its response.
///
/// - `mode = observe`: requests beyond the limit go on, are counted and logged; `mode = "20%"`: they are refused
///   for so many of a hundred keys. Without it, or with `mode = enforce`, they are refused, unless the builder's
///   `limit_mode` says otherwise; where both say something, the stricter holds.
///
/// - `refund = 5xx`: what a request took is given back where the answer is 500 or above.
/// - `unless = role("internal")`: requests of such callers are not counted; conditions are `role(…)`, `scope(…)`,
///   `permission(…)` and `address in "…"`, with `&&`, `||` and `!`. Anonymous callers have nothing granted, and no
///   condition about grants spares them.
/// - `shared = "office"`: one count for all endpoints that use the name, all handlers of a module say.
///
/// `quota` has the same options but `burst` and `shared`, and `zone = "Europe/Berlin"`, by whose clocks the periods begin.
///
/// `rate` and `quota` may be written several times, each with another `by`.
///
/// Quotas that contradict each other do not compile: one that never refuses what another one of
/// its list admits, `authenticated` below `anonymous`.
///
/// # Objects
///
/// A segment of the path names an object, and whoever may ask for one can put another's identifier
/// there. Where nothing is demanded of the caller, `objects = any` says that this is meant;
/// elsewhere the profile of the `secure.toml` decides.
///
/// # Exceptions
///
/// `public(reason = "…")`, `unvalidated(order, reason = "…")` and `objects(any, reason = "…")` may
/// end: `until = "2026-12-31"` is the last day on which they compile, in UTC or by
/// `SOURCE_DATE_EPOCH`. A crate that is compiled already does not notice that a day has passed.
///
/// # Bodies
///
/// A parameter that holds the request's body (`Json`, `Form`, `Bytes`, `String`, `Payload`,
/// `Multipart`, `MultipartForm`, `Either`, also in `Option`, `Result` and tuples) is named in
/// `validate(…)`, or in `unvalidated(…)` with a reason. A body of actix-web's own extractors behind a type alias
/// is one too; one inside of an extractor of another crate or of your own is not seen behind a name of its own, and
/// may be named in `unvalidated(…)`. `unvalidated(any, reason = "…")` exempts every body that nothing else decides.
/// Extractors that `validated_by` of the `secure.toml` lists are decided. The rule is the lint
/// `unvalidated-body`. Types are known by the last word of their paths: a type of your own called
/// `Principal`, `Granted`, `Loaded`, `Form` or `Payload` is taken for ours, unless it is imported under another name.
/// Sizes have the units of IEC 80000-13: `kB` is 1000 bytes, `KiB` 1024.
///
/// # Placement
///
/// The attribute stands above the route attribute, so that it sees method and path, and
/// `secure_runtime::scope` accepts the endpoint. Below it, the policy is enforced all the same, but
/// the scope cannot know. Without a route attribute the handler is used as
/// `web::get().to(handler)`, and may be generic. Route attributes are recognised by their names
/// (`get`, `actix_web::post`, `routes`…), not if they were imported under another one.
///
/// Attributes below `#[secure]` that wrap the function, such as `#[tracing::instrument]`, wrap it
/// inside of every check. Those that need the item itself, such as `#[utoipa::path]`, stand above `#[secure]`; in a
/// module with a policy, above the route attribute. A function in an `impl` block may be a handler, if it says neither
/// `self` nor `Self`.
///
/// # Modules and named policies
///
/// The table `[policies]` of the `secure.toml` gives source files their policies, by patterns.
///
/// On an inline module the attribute is the policy of every handler in it: functions with a route
/// attribute or a `#[secure]` of their own, in modules inside too. [`policy!`] names sets of keys,
/// and `use = staff` asks for one. What a handler says itself narrows what stands around it, and
/// never widens it: all demands, rules and limits hold together, `auth` and `max_body` may be
/// narrower, and `public` inside of what demands a caller does not compile.
///
/// # A renamed crate
///
/// If `secure_runtime` goes by another name, say where it is:
/// `#[secure(crate = my_reexports::secure_runtime, roles = "admin")]`.
///
/// # What it expands to
///
/// `SECURE_MACROS_DEBUG=1 cargo build` prints the expansion of every attribute that is compiled.
#[proc_macro_attribute]
pub fn secure(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::secure(arguments.into(), item.into()).into()
}

/// Names sets of keys, for `#[secure(use = …)]`.
///
/// ```ignore
/// secure_runtime::policy! {
///     /// Everybody who works here.
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
/// A policy is an item: it has a path (`use = policies::staff`), a visibility, and can be imported. Other
/// crates use one that is `pub` (`use = base::policies::staff`); its paths mean its own crate, and its rates
/// are literals. Its keys and those of the attribute must all hold.
#[proc_macro]
pub fn policy(input: TokenStream) -> TokenStream {
    named_policies::policies(input.into()).into()
}

/// Enums whose variants are the names of the `secure.toml`, for policies that the compiler completes.
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
/// A variant is the name in camel case: `orders:read` and `orders_read` are `OrdersRead`, and a file with
/// both does not compile here. Attributes on the enum are kept. It is `Clone`, `Copy`, `Debug`,
/// `PartialEq`, `Eq` and `Hash`, is printed as its name, converts into a `&'static str`, and has the
/// constant `ALL` and the functions `name(self)` and `from_name(&str)`. `crate = path;` in front of the
/// enums says where `secure_runtime` is, if it goes by another name.
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
