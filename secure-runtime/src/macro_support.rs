//! The items that the expansion of `#[secure(...)]` uses. Not a public interface: they may change
//! in any version.

use std::hash::Hash;
pub use std::hash::Hasher;

pub use actix_web::Error;
pub use linkme;

pub use crate::handler::Routed;
pub use crate::handler::argument_checks::{
    Argument, Checker, Element, Looks, Place, check_arguments, check_objects, checked,
};
pub use crate::handler::body_type::{Body, NoBody};
pub use crate::handler::typed_names::{NameKind, TypedNames, is_typed_name};
pub use crate::inventory::{ENDPOINTS, MODULES, PUBLIC_SERVICES, PublicServiceRow, ROLES};
pub use crate::pipeline::arguments::*;
pub use crate::pipeline::{SecuredResponse, Served, arrive, never, serve, serve_ruled};
pub use crate::policy::expression_context::Asked;
pub use crate::policy::{CLAIMS, Claims, Known, Written};
pub use crate::resource::before_grant;
pub use crate::scope::{Policed, RouteOf, SecuredService};
use crate::validation::Validatable;
pub use crate::validation::Violations;
use actix_web::FromRequest;

/// Rules, and the policies of endpoints as data, for the tests and benchmarks of this repository.
pub mod policies {
    pub use crate::authorization::{CompiledRule, RuleSet};
    pub use crate::policy::{
        Access, Audience, Authenticators, Cost, Endpoint, Hours, Partition, Policy, Rule, StepUp,
    };

    /// The policy of an endpoint.
    pub fn policy(endpoint: &Endpoint) -> &Policy {
        &endpoint.policy
    }
}

/// The body of a handler, unchanged.
///
/// Route attributes parse the whole function below them. They do not parse the tokens in this
/// macro, which saves compile time.
///
/// A rule comes before the body. If the handler's attribute has mistakes, only editors see the
/// rule; the compiler would report the same mistakes twice.
#[cfg(not(rust_analyzer))]
#[doc(hidden)]
#[macro_export]
macro_rules! __body {
    ({ $($rule:tt)* } ! $($tokens:tt)*) => {{ $($tokens)* }};
    ({ $($rule:tt)* } $($tokens:tt)*) => {{ $($rule)* $($tokens)* }};
    ($($tokens:tt)*) => {{ $($tokens)* }};
}
#[cfg(rust_analyzer)]
#[doc(hidden)]
#[macro_export]
macro_rules! __body {
    ({ $($rule:tt)* } ! $($tokens:tt)*) => {{ $($rule)* $($tokens)* }};
    ({ $($rule:tt)* } $($tokens:tt)*) => {{ $($rule)* $($tokens)* }};
    ($($tokens:tt)*) => {{ $($tokens)* }};
}
pub use crate::{
    __body as body, __claims as claims, __endpoint as endpoint, __in_compilers as in_compilers,
    __in_editors as in_editors, __policed as policed, __roles as roles, __written_in as written_in,
};

/// Tokens for rust-analyzer only.
#[cfg(not(rust_analyzer))]
#[doc(hidden)]
#[macro_export]
macro_rules! __in_editors {
    ($($tokens:tt)*) => {};
}
#[cfg(rust_analyzer)]
#[doc(hidden)]
#[macro_export]
macro_rules! __in_editors {
    ($($tokens:tt)*) => { $($tokens)* };
}

/// Tokens for the compiler only.
#[cfg(not(rust_analyzer))]
#[doc(hidden)]
#[macro_export]
macro_rules! __in_compilers {
    ($($tokens:tt)*) => { $($tokens)* };
}
#[cfg(rust_analyzer)]
#[doc(hidden)]
#[macro_export]
macro_rules! __in_compilers {
    ($($tokens:tt)*) => {};
}

/// Asserts that a handler is in the file whose policies it has: the file from which the outermost
/// macro was called.
#[doc(hidden)]
#[macro_export]
macro_rules! __written_in {
    ($file:literal) => {
        $crate::__in_compilers! {
            const _: () = ::core::assert!(
                $crate::__private::is_same(::core::file!(), $file),
                "a macro in another file writes this handler, so that it is not known which policies \
                of the `secure.toml` hold for it: write the handler's `#[secure]` in its own file",
            );
        }
    };
}

/// Compares two texts at compile time.
pub const fn is_same(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let ([first, rest @ ..], [second, behind @ ..]) = (one, other) {
        if *first != *second {
            return false;
        }
        (one, other) = (rest, behind);
    }
    one.is_empty() && other.is_empty()
}

/// Asserts at compile time. The error is reported at the call. The error of `assert!` in an
/// expansion would be reported at the whole attribute.
#[track_caller]
#[expect(clippy::panic, reason = "the compiler shows it, and no program runs it")]
pub const fn must(holds: bool, message: &str) {
    if !holds {
        panic!("{}", message);
    }
}

/// Called so that an item imported under this name can also be the name of a variable.
pub const fn free() {}

/// Registers an endpoint at link time, and evaluates to a reference to it.
///
/// linkme's own attribute also checks the type, which costs one more function per endpoint. Here
/// the type is always right.
#[doc(hidden)]
#[macro_export]
macro_rules! __endpoint {
    ($name:literal, $text:literal) => {
        $crate::__endpoint!($name, $text, ::core::option::Option::None)
    };
    ($name:literal, $text:literal, $known:expr) => {{
        $crate::__private::ENDPOINTS! {
            #![linkme_macro = $crate::__private::ENDPOINTS]
            static ENDPOINT: $crate::__private::Written = $crate::__private::Written {
                name: $name,
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: ::core::line!(),
                text: $text,
                known: $known,
            };
        }
        &ENDPOINT
    }};
}

/// Adds the roles of a crate's vocabulary to the inventory.
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

/// Registers for the startup checks that a module has a policy.
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

/// Passes the claims of the tenant and the tier, as the vocabulary names them, to the
/// authenticators.
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

/// A type that actix-web can extract from a request, as every parameter of a handler must be.
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

/// Whether the path names the resource.
pub const fn in_path<T: crate::Resource>() -> bool {
    T::IN_PATH
}

/// Validates the argument at one place.
pub fn check<T, const INDEX: usize, All, Rules>(arguments: &All, violations: &mut Violations)
where
    T: Validatable<Rules>,
    All: Argument<T, Place<INDEX>>,
{
    violations.check(arguments.argument());
}

/// Validates one element of a tuple among the arguments.
pub fn check_element<T, const ELEMENT: usize, Tuple, const INDEX: usize, All, Rules>(
    arguments: &All,
    violations: &mut Violations,
) where
    T: Validatable<Rules>,
    Tuple: Element<T, Place<ELEMENT>>,
    All: Argument<Tuple, Place<INDEX>>,
{
    violations.check(arguments.argument().map(Element::element));
}

/// Validates nothing.
pub const fn unchecked<All>(_: &All, _: &mut Violations) {}

/// A value by which a limit can count requests.
#[diagnostic::on_unimplemented(
    message = "limits cannot count by `{Self}`",
    label = "`key(...)` needs a value that can be hashed",
    note = "`#[derive(Hash)]` on its type, or a part of it that is `Hash`"
)]
pub trait Countable: Hash {}

#[diagnostic::do_not_recommend]
impl<T: Hash + ?Sized> Countable for T {}

/// Hashes a value by which a limit counts requests.
pub fn count_by<K: Countable + ?Sized>(value: &K, mut state: &mut dyn Hasher) {
    value.hash(&mut state);
}
