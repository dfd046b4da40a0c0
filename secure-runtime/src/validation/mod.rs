//! Validation of extracted arguments, by the rules of the `validator` or the `garde` crate.
//!
//! 1. It runs after extraction and before the handler; what fails is 422.
//! 2. The client reads which rule of which field failed, and what the rule demands. Fields have the names that
//!    `serde` reads, as far as its derived code tells them.
//! 3. The value that was sent is never repeated, nor is the name of a Rust type.
//! 4. At most 32 violations are listed.
//! 5. What has more values than `max_validated_values` allows is not looked at: 422.

#[cfg(feature = "garde")]
mod garde_rules;
#[cfg(all(feature = "multipart", any(feature = "validator", feature = "garde")))]
mod multipart;
#[cfg(any(feature = "validator", feature = "garde"))]
mod pointers;
#[cfg(any(feature = "validator", feature = "garde"))]
mod sent_names;
#[cfg(feature = "validator")]
mod validator_rules;
mod values;

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::Either;

use crate::denial::{Denial, FieldError, caught};
#[cfg(feature = "garde")]
pub use garde_rules::GardeRules;
pub(crate) use values::{BodyValues, Part, TooMany, ValueCount, Values};

/// How many violations one response lists at most.
const MOST_ERRORS: usize = 32;

/// An extracted argument whose content can be validated.
///
/// Implemented for `Json`, `Query`, `Form` and `Path` of actix-web where the content can be read and
/// implements `Validate` of [`validator`], and for `Option`, `Result`, `Either` and tuples of them: what is
/// there is validated. With the feature `garde`, the content may implement `Validate` of `garde`
/// instead, with a context that has a default; with the feature `multipart`, `MultipartForm` of
/// actix-multipart is validated as well.
///
/// `Rules` says whose rules the content has. It is found by the compiler, and an application does not
/// write it.
///
/// An application implements it for its own extractors, and `validate(…)` takes them:
///
/// ```
/// use secure_runtime::validator::Validate;
/// use secure_runtime::{Validatable, Violations};
///
/// struct MessagePack<T>(T);
///
/// impl<T: Validate> Validatable for MessagePack<T> {
///     fn check_rules(&self, violations: &mut Violations) {
///         violations.check_body(&self.0);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be validated",
    label = "`validate(...)` needs `Json`, `Query`, `Form` or `Path` of a type with rules that implements `Deserialize`",
    note = "give its content rules: `#[derive(Validate)]` of `validator` 0.21, as `secure_runtime::validator`, or of `garde` with the feature `garde`",
    note = "`Validate` of another version of `validator` is another trait: a type that implements it has no rules here",
    note = "an extractor of your own implements `secure_runtime::Validatable`"
)]
pub trait Validatable<Rules = ValidatorRules> {
    /// Runs the content's own rules, and adds what breaks them.
    fn check_rules(&self, violations: &mut Violations);
}

/// The rules of the `validator` crate, or those of an extractor of the application.
#[derive(Debug)]
pub struct ValidatorRules(());

#[diagnostic::do_not_recommend]
impl<Rules, T: Validatable<Rules>> Validatable<Rules> for Option<T> {
    fn check_rules(&self, violations: &mut Violations) {
        self.iter().for_each(|argument| argument.check_rules(violations));
    }
}

#[diagnostic::do_not_recommend]
impl<Rules, T: Validatable<Rules>, E> Validatable<Rules> for Result<T, E> {
    fn check_rules(&self, violations: &mut Violations) {
        self.iter().for_each(|argument| argument.check_rules(violations));
    }
}

#[diagnostic::do_not_recommend]
impl<Rules, L: Validatable<Rules>, R: Validatable<Rules>> Validatable<Rules> for Either<L, R> {
    fn check_rules(&self, violations: &mut Violations) {
        match self {
            Self::Left(argument) => argument.check_rules(violations),
            Self::Right(argument) => argument.check_rules(violations),
        }
    }
}

macro_rules! validatable_tuples {
    ($($first:ident $($other:ident)*)?) => {$(
        #[diagnostic::do_not_recommend]
        impl<Rules, $first: Validatable<Rules>, $($other: Validatable<Rules>),*> Validatable<Rules> for ($first, $($other,)*) {
            fn check_rules(&self, violations: &mut Violations) {
                #[expect(non_snake_case, reason = "variables are called like their types")]
                let ($first, $($other,)*) = self;
                $first.check_rules(violations);
                $($other.check_rules(violations);)*
            }
        }
        validatable_tuples!($($other)*);
    )?};
}

validatable_tuples!(A B C D E F G H);

/// Collects what validation finds wrong in the arguments of one request.
#[derive(Debug, Default)]
pub struct Violations {
    found: Vec<FieldError>,
    costs: Costs,
    values: Values,
    too_many: Option<TooMany>,
    /// A rule panicked.
    fault: Option<Box<Denial>>,
}

/// What valid arguments cost, by the number of the expression that says so.
#[derive(Debug, Default)]
pub(crate) struct Costs(Vec<(u8, Option<u32>)>);

impl Costs {
    /// Whether no expression was asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What an expression came to, at least 1: no request is free. `None`: it panicked, or was not
    /// asked.
    pub(crate) fn of(&self, index: u8) -> Option<NonZeroU32> {
        let (_, cost) = self.0.iter().find(|(asked, _)| *asked == index)?;
        cost.map(|cost| NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN))
    }
}

impl Violations {
    /// Of a request whose parts have so many values.
    pub(crate) fn within(values: Values) -> Self {
        Self { values, ..Self::default() }
    }

    /// Validates one argument.
    #[doc(hidden)]
    pub fn check<T: Validatable<Rules>, Rules>(&mut self, argument: Option<&T>) {
        let Some(argument) = argument else { return };
        let checked = caught("a rule of `validate`", || argument.check_rules(self));
        if let Err(fault) = checked {
            self.fault.get_or_insert(Box::new(fault));
        }
    }

    /// Whether a part of the request has few enough values for rules to run.
    fn may_run_rules(&mut self, part: Part) -> bool {
        let Some(too_many) = self.values.in_part(part) else { return true };
        self.found.push(too_many.violation());
        self.order();
        self.too_many.get_or_insert(too_many);
        false
    }

    /// Asks what the arguments cost, if nothing is wrong with them.
    #[doc(hidden)]
    pub fn cost(&mut self, index: u8, expression: impl FnOnce() -> u32) {
        if self.found.is_empty() && self.too_many.is_none() && self.fault.is_none() {
            let cost = catch_unwind(AssertUnwindSafe(expression)).ok();
            self.costs.0.push((index, cost));
        }
    }

    /// What the arguments cost, or a denial that lists what is wrong with them.
    pub(crate) fn into_costs(self) -> Result<Costs, Box<Denial>> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if let Some(too_many) = self.too_many {
            return Err(Box::new(too_many.denial(self.found)));
        }
        if self.found.is_empty() {
            return Ok(self.costs);
        }
        Err(Box::new(Denial::invalid("the arguments break validation rules", self.found)))
    }

    /// Those of several arguments are one list.
    fn order(&mut self) {
        self.found.sort_by(|a, b| {
            (a.location, &a.pointer, &a.code).cmp(&(b.location, &b.pointer, &b.code))
        });
        self.found.truncate(MOST_ERRORS);
    }
}
