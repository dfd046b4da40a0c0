//! Validation by the rules of the `validator` crate.

use actix_web::web;
use serde::de::DeserializeOwned;
use serde_json::Value;
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use super::pointers::push_segment;
use super::sent_names::{self, ReadFrom};
use super::{MOST_ERRORS, Part, Validatable, Violations};
use crate::denial::FieldError;

macro_rules! validatable {
    ($($extractor:ident),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Validate + DeserializeOwned> Validatable for web::$extractor<T> {
            fn check_rules(&self, violations: &mut Violations) {
                let names: ReadFrom = sent_names::read::<T>;
                violations.check_content::<T>(Part::$extractor, self, Some(names));
            }
        }
    )*};
}

validatable!(Json, Form, Query, Path);

impl Violations {
    /// Validates content that an extractor has read from the body.
    ///
    /// [`max_validated_values`](crate::SecurityBuilder::max_validated_values) limits the number of
    /// values if the body's media type is JSON or a form. For other media types, the extractor must
    /// limit it.
    pub fn check_body(&mut self, content: &impl Validate) {
        self.check_content(Part::Body, content, None);
    }

    /// Validates content that an extractor has read from the query.
    pub fn check_query(&mut self, content: &impl Validate) {
        self.check_content(Part::Query, content, None);
    }

    /// Validates content that an extractor has read from the path.
    pub fn check_path(&mut self, content: &impl Validate) {
        self.check_content(Part::Path, content, None);
    }

    /// Validates a part of the request, unless it has too many values.
    pub(super) fn check_content<T: Validate>(
        &mut self,
        part: Part,
        content: &T,
        names: Option<ReadFrom>,
    ) {
        if self.may_run_rules(part)
            && let Err(errors) = content.validate()
        {
            self.add(part.location(), &errors, names);
        }
    }

    fn add(&mut self, location: &'static str, errors: &ValidationErrors, names: Option<ReadFrom>) {
        let earlier = std::mem::take(&mut self.found);
        self.collect(location, &mut String::from("#"), errors);
        self.join(earlier, names);
    }

    /// Visits the fields in the order of their names, because the map in `ValidationErrors` has no
    /// order. Stops at the maximum, because a client controls the number of errors and the length
    /// of their pointers.
    fn collect(&mut self, location: &'static str, pointer: &mut String, errors: &ValidationErrors) {
        let mut fields: Vec<_> = errors.0.iter().collect();
        fields.sort_by_key(|(name, _)| *name);
        for (name, kind) in fields {
            if self.found.len() >= MOST_ERRORS {
                return;
            }
            let length = pointer.len();
            // `__all__` is the validator crate's name for rules about the whole struct.
            if name != "__all__" {
                push_segment(pointer, name);
            }
            match kind {
                ValidationErrorsKind::Field(errors) => {
                    let violation = |error| violation(location, pointer, error);
                    self.found.extend(errors.iter().map(violation));
                }
                ValidationErrorsKind::Struct(errors) => {
                    self.collect(location, pointer, errors);
                }
                ValidationErrorsKind::List(elements) => {
                    for (index, errors) in elements {
                        if self.found.len() >= MOST_ERRORS {
                            break;
                        }
                        let length = pointer.len();
                        push_segment(pointer, &index.to_string());
                        self.collect(location, pointer, errors);
                        pointer.truncate(length);
                    }
                }
            }
            pointer.truncate(length);
        }
    }
}

/// The violation of one rule, for the problem.
fn violation(location: &'static str, pointer: &str, error: &ValidationError) -> FieldError {
    FieldError {
        location,
        pointer: pointer.to_owned(),
        code: error.code.to_string(),
        detail: error.message.as_ref().map_or_else(|| sentence(error), ToString::to_string),
    }
}

/// The requirement of a `validator` rule, from its parameters. It never contains the value.
fn sentence(error: &ValidationError) -> String {
    let limit = |name: &str| error.params.get(name).filter(|value| value.is_number());
    let bounds = match (limit("min"), limit("max"), limit("equal")) {
        (_, _, Some(equal)) => Some(format!("exactly {equal}")),
        (Some(min), Some(max), _) => Some(format!("between {min} and {max}")),
        (Some(min), None, _) => Some(format!("at least {min}")),
        (None, Some(max), _) => Some(format!("at most {max}")),
        (None, None, None) => None,
    };
    match (error.code.as_ref(), bounds) {
        ("length", Some(bounds)) => format!("must have a length of {bounds}"),
        ("range", Some(bounds)) => format!("must be {bounds}"),
        ("range", None) => exclusive_range(error),
        ("email", _) => String::from("must be an email address"),
        ("url", _) => String::from("must be a URL"),
        ("ip" | "ip_v4" | "ip_v6", _) => String::from("must be an IP address"),
        ("credit_card", _) => String::from("must be a card number"),
        ("required" | "required_nested", _) => String::from("must be present"),
        ("must_match", _) => String::from("must match the other field"),
        (code, _) => format!("breaks the rule `{code}`"),
    }
}

fn exclusive_range(error: &ValidationError) -> String {
    let limit = |name: &str| error.params.get(name).filter(|value: &&Value| value.is_number());
    match (limit("exclusive_min"), limit("exclusive_max")) {
        (Some(min), Some(max)) => format!("must be above {min} and below {max}"),
        (Some(min), None) => format!("must be above {min}"),
        (None, Some(max)) => format!("must be below {max}"),
        (None, None) => String::from("must be within its range"),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn errors(entries: Vec<(&'static str, ValidationErrorsKind)>) -> ValidationErrors {
        ValidationErrors(entries.into_iter().map(|(name, kind)| (Cow::from(name), kind)).collect())
    }

    fn field(code: &'static str) -> ValidationErrorsKind {
        ValidationErrorsKind::Field(vec![ValidationError::new(code)])
    }

    fn pointers(found: &ValidationErrors) -> Vec<String> {
        let mut violations = Violations::default();
        violations.add("body", found, None);
        violations.found.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn pointers_follow_structs_lists_and_escapes() {
        let nested = errors(vec![("a/b~c d", field("x")), ("__all__", field("y"))]);
        let list = [(3, Box::new(nested.clone()))].into_iter().collect();
        let found = errors(vec![
            ("lines", ValidationErrorsKind::List(list)),
            ("address", ValidationErrorsKind::Struct(Box::new(nested))),
        ]);
        assert_eq!(
            pointers(&found),
            ["#/address", "#/address/a~1b~0c%20d", "#/lines/3", "#/lines/3/a~1b~0c%20d"]
        );
    }

    #[test]
    fn the_list_of_errors_is_bounded() {
        let many =
            (0..1000).map(|index| (index, Box::new(errors(vec![("x", field("y"))])))).collect();
        assert_eq!(
            pointers(&errors(vec![("lines", ValidationErrorsKind::List(many))])).len(),
            MOST_ERRORS
        );
    }

    #[test]
    fn collecting_stops_when_there_are_enough() {
        let mut tree = errors(vec![("x", field("y"))]);
        for _ in 0..4 {
            let level = (0..16).map(|index| (index, Box::new(tree.clone()))).collect();
            tree = errors(vec![("lines", ValidationErrorsKind::List(level)), ("x", field("y"))]);
        }
        let mut violations = Violations::default();
        let pointer = &mut String::from("#");
        violations.collect("body", pointer, &tree);
        // One field more than was asked for has been looked at, not 70,000.
        assert_eq!(violations.found.len(), MOST_ERRORS);
        let first = pointers(&tree);
        assert!((0..20).all(|_| pointers(&tree.clone()) == first));
    }

    #[test]
    fn the_value_is_never_repeated() {
        let mut error = ValidationError::new("length");
        error.add_param(Cow::from("value"), &"s3cr3t");
        error.add_param(Cow::from("min"), &8);
        assert_eq!(sentence(&error), "must have a length of at least 8");
    }
}
