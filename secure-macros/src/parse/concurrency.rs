//! Parses `concurrency` and `priority`: requests in flight, their key, the queue, and the order
//! under overload.

use proc_macro2::{Group, Ident, TokenTree};

use super::entry::{Entry, Form};
use super::rate_key::{flat, is_first, value_place};
use super::tokens::{comma_separated, is_punct, shown, stream, string, word};
use super::{partition, rate_key};
use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::grammar::quantity::{QuantityError, Wait};
use crate::model::raw::{By, Concurrency, Declaration, Name, Number};

const EXPECTED: &str = "a number of requests";
const EXAMPLE: &str =
    "`concurrency(8, by = tenant)`, `concurrency(8, queue = 16, wait = \"500ms\")`";

pub(crate) fn concurrency(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let number = |value: &[TokenTree], diagnostics: &mut Diagnostics| {
        rate_key::number(&entry.key, value, diagnostics)
    };
    match &entry.form {
        Form::Equals(value) => {
            if let Some(most) = number(value, diagnostics) {
                into.concurrency.push(Concurrency {
                    most,
                    by: None,
                    queue: None,
                    wait: None,
                    mode: None,
                });
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
    let (key, mistakes) = (&entry.key, diagnostics.count());
    let mut found = Options::default();
    for part in comma_separated(group.stream(), diagnostics) {
        let part = flat(part);
        match part.as_slice() {
            [TokenTree::Ident(name), equals, value @ ..] if is_punct(equals, '=') => {
                if is_first(name, &mut found.seen, diagnostics) {
                    found.option(name, value, diagnostics);
                }
            }
            value @ [TokenTree::Literal(_)] if !found.has_number => {
                found.has_number = true;
                found.most = rate_key::number(key, value, diagnostics);
            }
            other => {
                let message = format!("`concurrency` expects {EXPECTED}, found `{}`", shown(other));
                diagnostics.error(&stream(other), message).help(EXAMPLE);
            }
        }
    }
    let Options { most, by, queue, wait, mode, .. } = found;
    match most {
        Some(most) if diagnostics.count() == mistakes => {
            into.concurrency.push(Concurrency { most, by, queue, wait, mode });
        }
        None if diagnostics.count() == mistakes => {
            let message = format!("`concurrency` expects {EXPECTED}, found options only");
            diagnostics.error(key, message).help(EXAMPLE);
        }
        _ => {}
    }
}

/// The options parsed so far.
#[derive(Default)]
struct Options {
    seen: Vec<String>,
    has_number: bool,
    most: Option<Number>,
    by: Option<By>,
    queue: Option<Number>,
    wait: Option<(Wait, Name)>,
    mode: Option<Name>,
}

impl Options {
    fn option(&mut self, name: &Ident, value: &[TokenTree], diagnostics: &mut Diagnostics) {
        const OPTIONS: [&str; 4] = ["by", "queue", "wait", "mode"];
        match name.to_string().as_str() {
            "by" => self.by = partition::by(name, value, diagnostics),
            "queue" => self.queue = rate_key::number(name, value, diagnostics),
            "mode" => self.mode = rate_key::mode(name, value, diagnostics),
            "wait" => self.wait = wait(name, value, diagnostics),
            unknown => {
                let message = format!("unknown option `{unknown}` of `concurrency`");
                let diagnostic = diagnostics.error(name, message);
                match nearest(unknown, OPTIONS) {
                    Some(option) => diagnostic.help(format!("did you mean `{option}`?")),
                    None => diagnostic.help(format!("expected {}", choices(&OPTIONS))),
                };
            }
        }
    }
}

fn wait(name: &Ident, value: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<(Wait, Name)> {
    let text = match value {
        [token] => string(token),
        _ => None,
    };
    let Some(text) = text else {
        let (place, found) = value_place(name, value);
        let message = format!("`wait` expects a time such as `\"500ms\"`, found {found}");
        diagnostics.error(&place, message).help("`wait = \"500ms\"`");
        return None;
    };
    let read: Result<Wait, QuantityError> = text.text.parse();
    match read {
        Ok(wait) => Some((wait, text)),
        Err(error) => {
            diagnostics.error_at(text.span, error.to_string());
            None
        }
    }
}
