//! What the expansion of `#[secure(...)]` calls. Not for people: no stability promise.

use std::num::NonZeroU32;

pub use actix_web::Error;
pub use linkme;

pub use crate::checker::{
    Argument, Checker, Looks, Place, check_arguments, check_objects, checked,
};
pub use crate::inventory::{ENDPOINTS, MODULES, ROLES};
pub use crate::pipeline::{Asked, Incoming, arrive, serve, serve_ruled};
use crate::policy::Expression;
pub use crate::policy::{
    Access, Audience, Authenticators, CLAIMS, Claims, Endpoint, Exception, Hours, Limit, Partition,
    Policy, Route, Rule, StepUp, Unvalidated,
};
pub use crate::resource::before_grant;
pub use crate::riddle::{Body, NoBody};
pub use crate::scope::{SecuredResponse, SecuredService};
use crate::throttling::Quota;
use crate::validation::Validatable;
pub use crate::validation::Violations;
use actix_web::FromRequest;

/// What stands in a handler: itself.
///
/// Route attributes read the whole function below them. What is in here is for the compiler alone,
/// which spares them, and the user, the time.
#[doc(hidden)]
#[macro_export]
macro_rules! __body {
    ($($tokens:tt)*) => { $($tokens)* };
}
pub use crate::__body as body;

/// Registers an endpoint at link time, and is a reference to it.
///
/// linkme's own attribute does the same, and a type check besides that costs a function an
/// endpoint: the type is always right here.
#[doc(hidden)]
#[macro_export]
macro_rules! __endpoint {
    ($name:literal, $routes:tt, $($policy:tt)*) => {{
        use $crate::__private as secure;
        secure::ENDPOINTS! {
            #![linkme_macro = secure::ENDPOINTS]
            static ENDPOINT: secure::Endpoint = secure::Endpoint::new(
                ($name, ::core::module_path!(), ::core::file!(), ::core::line!()),
                &$routes,
                $($policy)*
            );
        }
        &ENDPOINT
    }};
}
pub use crate::__endpoint as endpoint;

/// Tells the inventory the roles of a crate's vocabulary.
#[doc(hidden)]
#[macro_export]
macro_rules! __roles {
    ($roles:tt) => {
        const _: () = {
            use $crate::__private as secure;
            secure::ROLES! {
                #![linkme_macro = secure::ROLES]
                static NAMES: &'static [&'static str] = &$roles;
            }
        };
    };
}
pub use crate::__roles as roles;

/// Tells the launch checks that a module has a policy.
#[doc(hidden)]
#[macro_export]
macro_rules! __policed {
    () => {
        const _: () = {
            use $crate::__private as secure;
            secure::MODULES! {
                #![linkme_macro = secure::MODULES]
                static MODULE: &'static str = ::core::module_path!();
            }
        };
    };
}
pub use crate::__policed as policed;

/// Tells the authenticators where the vocabulary says that tokens name the tenant and the tier.
#[doc(hidden)]
#[macro_export]
macro_rules! __claims {
    ($tenant:tt, $tier:tt) => {
        const _: () = {
            use $crate::__private as secure;
            secure::CLAIMS! {
                #![linkme_macro = secure::CLAIMS]
                static NAMES: secure::Claims =
                    secure::Claims { tenant: &$tenant, tier: &$tier };
            }
        };
    };
}
pub use crate::__claims as claims;

/// What an expansion says of a service: that requests reach it through the pipeline alone.
#[derive(Debug)]
pub struct Policed(());

impl Policed {
    /// Said by `#[secure(...)]`, and by the scope about what it holds.
    pub const BY_THE_ATTRIBUTE: Self = Self(());
}

/// A rule that an expression of the application decides.
#[must_use]
pub const fn expression(index: u8, needs_arguments: bool, text: &'static str) -> Rule {
    Rule::Expression(Expression { index, needs_arguments, text })
}

/// What is demanded of the caller's authentication; an age of zero is none.
#[must_use]
pub const fn step_up(
    max_age_seconds: u32,
    acr: &'static [&'static str],
    amr: &'static [&'static [&'static str]],
) -> StepUp {
    StepUp { max_age_seconds: NonZeroU32::new(max_age_seconds), acr, amr }
}

/// A limit from numbers the macro has checked; a zero becomes a one, the strictest there is.
#[must_use]
pub const fn limit(
    (permits, window_seconds, burst, cost): (u32, u32, u32, u32),
    by: Partition,
    audience: Audience,
) -> Limit {
    let quota = Quota::new(at_least_one(permits), at_least_one(window_seconds))
        .with_burst(at_least_one(burst));
    Limit { quota, by, audience, cost: at_least_one(cost) }
}

/// A type that actix-web can make from a request: what a handler's parameter has to be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler",
    label = "not an extractor: actix-web does not know how to make it from a request",
    note = "use `web::Json`, `web::Query`, `web::Path`, `web::Data`…, or implement `actix_web::FromRequest`"
)]
pub trait Extractor: FromRequest {}

#[diagnostic::do_not_recommend]
impl<T: FromRequest> Extractor for T {}

/// Asserts that a parameter's type is an extractor; never called.
pub const fn extractor<T: Extractor>() {}

/// Asserts that a type can be loaded; never called.
pub const fn resource<T: crate::Resource>() {}

/// Validates the argument at one place.
pub fn check<T: Validatable, const INDEX: usize, Arguments>(
    arguments: &Arguments,
    violations: &mut Violations,
) where
    Arguments: Argument<T, Place<INDEX>>,
{
    violations.check(arguments.argument());
}

/// Validates nothing.
pub const fn unchecked<Arguments>(_: &Arguments, _: &mut Violations) {}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}
