//! Rules about `reason` and `until` of an exception.

use crate::diagnostics::Diagnostics;
use crate::grammar::dates::{Date, SOURCE_DATE_EPOCH, today};
use crate::model::legal;
use crate::model::raw::{Declaration, Grounds};

/// An exception, and the help for an empty reason.
struct Exception<'a> {
    grounds: &'a Grounds,
    help: &'static str,
}

/// A reason is for reviewers of the endpoint, so it must not be empty.
pub(super) fn reasons_are_not_empty(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    for Exception { grounds, help } in all(declaration) {
        if grounds.reason.text.trim().is_empty() {
            diagnostics
                .error(&grounds.reason, "`reason` expects a sentence, found nothing")
                .help(help);
        }
    }
}

/// `until` is a date that exists.
pub(super) fn ends_are_dates(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    for until in all(declaration).filter_map(|exception| exception.grounds.until.as_ref()) {
        if Date::parse(&until.text).is_none() {
            let message = format!("`until` expects a date that exists, found `{:?}`", until.text);
            diagnostics.error(until, message).help("year, month and day: `until = \"2026-12-31\"`");
        }
    }
}

/// An exception is valid up to and including the day of its `until`.
pub(super) fn none_has_ended(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    for until in all(declaration).filter_map(|exception| exception.grounds.until.as_ref()) {
        let Some(last) = Date::parse(&until.text) else { continue };
        match today() {
            Ok(today) if !last.is_over(today) => {}
            Ok(_) => {
                diagnostics
                    .error(until, format!("this exception was granted until {last}, which is over"))
                    .help("satisfy the rule, or review the exception and write a later date");
            }
            Err(found) => {
                let message =
                    format!("`{SOURCE_DATE_EPOCH}` expects seconds since 1970, found `{found:?}`");
                diagnostics.error(until, message).note("without it, today is the system's date");
            }
        }
    }
}

/// Whether some exception has an end, so that the result depends on the date.
pub(super) fn some_end(declaration: &Declaration) -> bool {
    all(declaration).any(|exception| exception.grounds.until.is_some())
}

/// The exceptions with their reasons, except those for bodies.
pub(super) fn reasoned(declaration: &Declaration) -> Vec<legal::Exception> {
    let objects = declaration.objects.as_ref().and_then(|objects| objects.grounds.as_ref());
    let all = [("public", declaration.public_grounds.as_ref()), ("objects", objects)];
    let reasoned = all.into_iter().filter_map(|(key, grounds)| {
        let Grounds { reason, until } = grounds?;
        let until = until.as_ref().map(|until| until.text.clone());
        Some(legal::Exception { key, reason: reason.text.clone(), until })
    });
    reasoned.collect()
}

fn all(declaration: &Declaration) -> impl Iterator<Item = Exception<'_>> {
    let public = declaration.public_grounds.iter();
    let objects = declaration.objects.iter().filter_map(|objects| objects.grounds.as_ref());
    let bodies = declaration.unvalidated.iter().map(|exemption| &exemption.grounds);
    let exception = |help| move |grounds| Exception { grounds, help };
    public
        .map(exception("explain why nobody needs to authenticate"))
        .chain(bodies.map(exception("explain why this body needs no validation")))
        .chain(objects.map(exception("explain why every caller may have every object")))
}
