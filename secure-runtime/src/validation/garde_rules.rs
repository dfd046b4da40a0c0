//! Validation by the rules of the `garde` crate.

use actix_web::web;
use garde::{Report, Validate};
use serde::de::DeserializeOwned;

use super::pointers::push_segment;
use super::sent_names::{self, ReadFrom};
use super::{MOST_ERRORS, Part, Validatable, Violations};
use crate::denial::FieldError;

/// Marks content with rules of the `garde` crate.
#[derive(Debug)]
pub struct GardeRules(());

macro_rules! validatable {
    ($($extractor:ident),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T> Validatable<GardeRules> for web::$extractor<T>
        where
            T: Validate + DeserializeOwned,
            T::Context: Default,
        {
            fn check_rules(&self, violations: &mut Violations) {
                let names: ReadFrom = sent_names::read::<T>;
                violations.check_garde_content::<T>(Part::$extractor, self, Some(names));
            }
        }
    )*};
}

validatable!(Json, Form, Query, Path);

impl Violations {
    /// Validates content that an extractor has read from the body, by its `garde` rules; see
    /// [`check_body`](Self::check_body) for `validator` rules.
    pub fn check_garde_body<T>(&mut self, content: &T)
    where
        T: Validate,
        T::Context: Default,
    {
        self.check_garde_content(Part::Body, content, None);
    }

    fn check_garde_content<T>(&mut self, part: Part, content: &T, names: Option<ReadFrom>)
    where
        T: Validate,
        T::Context: Default,
    {
        if self.may_run_rules(part)
            && let Err(report) = content.validate()
        {
            self.add_report(part.location(), &report, names);
        }
    }

    /// The report has the order of the fields, and of the elements of lists.
    fn add_report(&mut self, location: &'static str, report: &Report, names: Option<ReadFrom>) {
        let earlier = std::mem::take(&mut self.found);
        let violation = |(path, error): &(garde::Path, garde::Error)| FieldError {
            location,
            pointer: pointer(&path.to_string()),
            code: String::from("garde"),
            detail: error.message().to_owned(),
        };
        self.found.extend(report.iter().take(MOST_ERRORS).map(violation));
        self.join(earlier, names);
    }
}

/// The JSON Pointer for a path in `garde`'s format: `lines[1].article`.
fn pointer(path: &str) -> String {
    let mut pointer = String::from("#");
    let names = path.split(['.', '[']).map(|name| name.strip_suffix(']').unwrap_or(name));
    names.filter(|name| !name.is_empty()).for_each(|name| push_segment(&mut pointer, name));
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_pointers() {
        assert_eq!(pointer(""), "#");
        assert_eq!(pointer("lines[12].article"), "#/lines/12/article");
        assert_eq!(pointer("[0][1]"), "#/0/1");
        assert_eq!(pointer("a/b~c"), "#/a~1b~0c");
    }
}
