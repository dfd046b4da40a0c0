//! Parses the keys with one value, or none: `callable`, `fresh`, `validate`, `max_body`,
//! `body_timeout`, `websocket`, `content_type`, `crate`.

use proc_macro2::TokenTree;
use syn::parse::Parser;

use super::entry::{Entry, Form};
use super::tokens::{comma_separated, shown, stream, string, word_of};
use crate::diagnostics::Diagnostics;
use crate::grammar::quantity::{Age, QuantityError, Size, Timeout};
use crate::model::raw::{Declaration, Fresh, Name};

pub(crate) fn callable(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    into.callable = Some(entry.key.clone());
    if !matches!(entry.form, Form::Bare) {
        entry.unexpected("no value", diagnostics);
    }
}

pub(crate) fn fresh(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let Some(text) = literal(entry, "an age as a string literal", diagnostics) else { return };
    let age: Result<Age, QuantityError> = text.text.parse();
    match age {
        Ok(age) => into.fresh = Some(Fresh { key: entry.key.clone(), age, text }),
        Err(error) => {
            diagnostics.error_at(text.span, error.to_string());
        }
    }
}

pub(crate) fn validate(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let Form::Call(list) = &entry.form else {
        entry.unexpected("parameters in parentheses", diagnostics);
        return;
    };
    let mut parameters = Vec::new();
    for part in comma_separated(list.stream(), diagnostics) {
        match part.as_slice() {
            [TokenTree::Ident(name)] => parameters.push(word_of(name)),
            other => {
                let message = format!("`validate` expects a parameter, found `{}`", shown(other));
                diagnostics.error(&stream(other), message).help("`validate(order)`");
            }
        }
    }
    if list.stream().is_empty() {
        diagnostics
            .error(list, "`validate` expects at least one parameter, found none")
            .help("`validate(order)`");
    }
    into.validate = Some(parameters);
}

pub(crate) fn max_body(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let Some(text) = literal(entry, "a size as a string literal", diagnostics) else { return };
    let size: Result<Size, QuantityError> = text.text.parse();
    match size {
        Ok(size) => into.max_body = Some((size, text)),
        Err(error) => {
            diagnostics.error_at(text.span, error.to_string());
        }
    }
}

pub(crate) fn body_timeout(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let Some(text) = literal(entry, "a time as a string literal", diagnostics) else { return };
    let time: Result<Timeout, QuantityError> = text.text.parse();
    match time {
        Ok(time) => into.body_timeout = Some((time, text)),
        Err(error) => {
            diagnostics.error_at(text.span, error.to_string());
        }
    }
}

pub(crate) fn websocket(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    into.websocket = Some(entry.key.clone());
    if !matches!(entry.form, Form::Bare) {
        entry.unexpected("no value", diagnostics);
    }
}

pub(crate) fn content_type(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    into.content_type = literal(entry, "a media type as a string literal", diagnostics);
}

pub(crate) fn root(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let Form::Equals(value) = &entry.form else {
        entry.unexpected("a path", diagnostics);
        return;
    };
    match syn::Path::parse_mod_style.parse2(stream(value)) {
        Ok(path) => into.root = Some(path),
        Err(_) => {
            entry.unexpected("a path", diagnostics);
        }
    }
}

fn literal(entry: &Entry, expected: &str, diagnostics: &mut Diagnostics) -> Option<Name> {
    let text = match &entry.form {
        Form::Equals(value) => match value.as_slice() {
            [token] => string(token),
            _ => None,
        },
        Form::Bare | Form::Call(_) => None,
    };
    if text.is_none() {
        entry.unexpected(expected, diagnostics);
    }
    text
}
