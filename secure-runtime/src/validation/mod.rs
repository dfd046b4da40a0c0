//! Validation of extracted arguments, by the rules of the `validator` or the `garde` crate.
//!
//! 1. It runs after extraction and before the handler. A violation is answered with 422.
//! 2. The response lists the field and the rule of each violation, and the requirement of the rule.
//!    Fields have the names that `serde` reads, as far as its derived code reveals them.
//! 3. The response never repeats the value that was sent, or the name of a Rust type.
//! 4. At most 32 violations are listed.
//! 5. A part with more values than `max_validated_values` is refused with 422 without validation.

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

/// The maximal number of violations in one response.
const MOST_ERRORS: usize = 32;

/// An extracted argument whose content can be validated.
///
/// Implemented for `Json`, `Query`, `Form` and `Path` of actix-web, if the content can be
/// deserialized and implements `Validate` of [`validator`]; and for `Option`, `Result`, `Either`
/// and tuples of them, which validate the values that are present. With the feature `garde`, the
/// content may implement `Validate` of `garde` instead, with a context that has a default. With the
/// feature `multipart`, `MultipartForm` of actix-multipart is validated as well.
///
/// `Rules` is the crate whose rules the content has. The compiler infers it; an application never
/// writes it.
///
/// Implement it for an extractor of your own, to use it in `validate(…)`:
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
    /// Runs the content's own rules, and adds their violations.
    fn check_rules(&self, violations: &mut Violations);
}

/// Marks content with rules of the `validator` crate, and extractors of the application.
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

/// The violations in the arguments of one request.
#[derive(Debug, Default)]
pub struct Violations {
    found: Vec<FieldError>,
    costs: Costs,
    values: Values,
    too_many: Option<TooMany>,
    /// A rule panicked.
    fault: Option<Box<Denial>>,
}

/// The costs of valid arguments, by the number of their expression.
#[derive(Debug, Default)]
pub(crate) struct Costs(Vec<(u8, Option<u32>)>);

impl Costs {
    /// Whether no expression was evaluated.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of an expression, at least 1, because no request is free. `None` if the expression
    /// panicked or was not evaluated.
    pub(crate) fn of(&self, index: u8) -> Option<NonZeroU32> {
        let (_, cost) = self.0.iter().find(|(asked, _)| *asked == index)?;
        cost.map(|cost| NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN))
    }
}

impl Violations {
    /// For a request with these numbers of values.
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

    /// Whether a part of the request has few enough values to run the rules.
    fn may_run_rules(&mut self, part: Part) -> bool {
        let Some(too_many) = self.values.in_part(part) else { return true };
        self.found.push(too_many.violation());
        self.order();
        self.too_many.get_or_insert(too_many);
        false
    }

    /// Evaluates the cost of the arguments, if no violation was found.
    #[doc(hidden)]
    pub fn cost(&mut self, index: u8, expression: impl FnOnce() -> u32) {
        if self.found.is_empty() && self.too_many.is_none() && self.fault.is_none() {
            let cost = catch_unwind(AssertUnwindSafe(expression)).ok();
            self.costs.0.push((index, cost));
        }
    }

    /// The costs of the arguments, or a denial with the violations.
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

    /// Sorts the violations of all arguments into one list, and limits its length.
    fn order(&mut self) {
        self.found.sort_by(|a, b| {
            (a.location, &a.pointer, &a.code).cmp(&(b.location, &b.pointer, &b.code))
        });
        self.found.truncate(MOST_ERRORS);
    }
}
