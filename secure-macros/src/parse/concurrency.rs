//! The keys `concurrency` and `priority`: how many requests at once, whose, and which go first.

use proc_macro2::{Group, TokenTree};

use super::entry::{Entry, Form};
use super::partition;
use super::rates::{self, flat};
use super::tokens::{comma_separated, is_punct, shown, stream, word};
use crate::diagnostics::Diagnostics;
use crate::model::raw::{Concurrency, Declaration};

const EXPECTED: &str = "a number of requests";

pub(crate) fn concurrency(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let number = |value: &[TokenTree], diagnostics: &mut Diagnostics| {
        rates::number(&entry.key, value, diagnostics)
    };
    match &entry.form {
        Form::Equals(value) => {
            if let Some(most) = number(value, diagnostics) {
                into.concurrency.push(Concurrency { most, by: None });
            }
        }
        Form::Call(group) if !group.stream().is_empty() => {
            options(entry, group, into, diagnostics);
        }
        Form::Call(_) | Form::Bare => {
            entry.unexpected(EXPECTED, diagnostics);
        }
    }
}

pub(crate) fn priority(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let name = match &entry.form {
        Form::Equals(value) => match value.as_slice() {
            [token] => word(token),
            _ => None,
        },
        Form::Bare | Form::Call(_) => None,
    };
    if name.is_none() {
        entry.unexpected("`critical`, `normal` or `bulk`", diagnostics);
    }
    into.priority = name;
}

fn options(entry: &Entry, group: &Group, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let (mut most, mut by) = (None, None);
    for part in comma_separated(group.stream(), diagnostics) {
        let part = flat(part);
        match part.as_slice() {
            [TokenTree::Ident(name), equals, value @ ..]
                if name == "by" && is_punct(equals, '=') && by.is_none() =>
            {
                by = partition::by(name, value, diagnostics);
                if by.is_none() {
                    return;
                }
            }
            value @ [TokenTree::Literal(_)] if most.is_none() => {
                most = rates::number(&entry.key, value, diagnostics);
                if most.is_none() {
                    return;
                }
            }
            other => {
                let message = format!("`concurrency` expects {EXPECTED}, found `{}`", shown(other));
                diagnostics.error(&stream(other), message).help("`concurrency(8, by = tenant)`");
                return;
            }
        }
    }
    match most {
        Some(most) => into.concurrency.push(Concurrency { most, by }),
        None => {
            let message = format!("`concurrency` expects {EXPECTED}, found options only");
            diagnostics.error(&entry.key, message).help("`concurrency(8, by = tenant)`");
        }
    }
}
