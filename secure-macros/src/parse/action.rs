//! Parses `action`: the name that the application's own policy decides on.

use super::entry::{Entry, Form};
use super::tokens::string;
use crate::diagnostics::Diagnostics;
use crate::model::raw::{Action, Declaration};

pub(crate) fn action(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let name = match &entry.form {
        Form::Bare => None,
        Form::Equals(value) => match value.as_slice() {
            [token] if string(token).is_some() => string(token),
            _ => return unread(entry, into, diagnostics),
        },
        Form::Call(_) => return unread(entry, into, diagnostics),
    };
    into.actions.push(Action { key: entry.key.clone(), name });
}

/// The key was meant to restrict the endpoint.
fn unread(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    into.rule_unclear = true;
    entry.unexpected("the name of an action as a string literal", diagnostics);
}
