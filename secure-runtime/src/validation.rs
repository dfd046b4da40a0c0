//! Validation of extracted arguments with the `validator` crate.

use actix_web::web;
use validator::{Validate, ValidationErrors};

/// An extracted argument whose content can be validated.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be validated",
    label = "`validate(...)` needs `Json`, `Query`, `Form` or `Path` of a type that implements `validator::Validate`",
    note = "derive it: `#[derive(validator::Validate)]`"
)]
pub trait Validatable {
    /// Runs the content's own rules.
    #[doc(hidden)]
    fn violations(&self) -> Result<(), ValidationErrors>;
}

impl<T: Validate> Validatable for web::Json<T> {
    fn violations(&self) -> Result<(), ValidationErrors> {
        self.0.validate()
    }
}

/// Collects what validation found wrong in the arguments of one request.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Violations {
    found: Vec<ValidationErrors>,
}

impl Violations {
    /// Validates one argument.
    pub fn check<T: Validatable>(&mut self, argument: &T) {
        self.found.extend(argument.violations().err());
    }
}
