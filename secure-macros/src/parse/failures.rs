//! Parses `failures`: a rate, and the statuses that count as failures.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::LitInt;

use super::entry::{Entry, Form};
use super::rate_key::{is_first, mode, value_place};
use super::tokens::{comma_separated, is_punct, shown, stream, string, word};
use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::grammar::rate::RateError;
use crate::model::raw::{Declaration, FailuresKey, Number, Window};

const EXPECTED: &str = "a rate such as `\"10/min\"`";
const ON: &str = "`on = [401, 403, 422]`";

pub(crate) fn failures(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let mistakes = diagnostics.count();
    let mut failures = FailuresKey {
        key: entry.key.clone(),
        rates: Vec::new(),
        named: None,
        on: None,
        mode: None,
        complete: true,
    };
    match &entry.form {
        Form::Equals(value) => match value.as_slice() {
            [token] if is_rate(token) => rate(token, &mut failures, diagnostics),
            _ => drop(entry.unexpected(EXPECTED, diagnostics)),
        },
        Form::Call(group) if !group.stream().is_empty() => {
            options(group.stream(), &mut failures, diagnostics);
        }
        Form::Call(_) | Form::Bare => drop(entry.unexpected(EXPECTED, diagnostics)),
    }
    failures.complete = diagnostics.count() == mistakes;
    into.failures.push(failures);
}

fn options(list: TokenStream, failures: &mut FailuresKey, diagnostics: &mut Diagnostics) {
    let (mut has_rate, mut seen) = (false, Vec::new());
    for part in comma_separated(list, diagnostics) {
        match part.as_slice() {
            [token] if is_rate(token) && has_rate => {
                diagnostics
                    .error(&stream(&part), "`failures` expects one rate, found a second one")
                    .help("write a second `failures`");
            }
            [token] if is_rate(token) => {
                has_rate = true;
                rate(token, failures, diagnostics);
            }
            [TokenTree::Ident(name), equals, value @ ..] if is_punct(equals, '=') => {
                if is_first(name, &mut seen, diagnostics) {
                    match name.to_string().as_str() {
                        "on" => failures.on = statuses(name, value, diagnostics),
                        "mode" => failures.mode = mode(name, value, diagnostics),
                        _ => unknown(name, diagnostics),
                    }
                }
            }
            other => {
                let message = format!("`failures` expects {EXPECTED}, found `{}`", shown(other));
                diagnostics
                    .error(&stream(other), message)
                    .help("`failures(\"10/min\", on = [401, 403])`");
            }
        }
    }
}

/// Whether it is a rate as a string, or the name of one.
fn is_rate(token: &TokenTree) -> bool {
    string(token).or_else(|| word(token)).is_some()
}

fn rate(token: &TokenTree, failures: &mut FailuresKey, diagnostics: &mut Diagnostics) {
    let Some(text) = string(token) else {
        failures.named = word(token);
        return;
    };
    let rate: Result<_, RateError> = text.text.parse();
    match rate {
        Ok(rate) => failures.rates.push(Window { rate, span: text.span, shared: None }),
        Err(error) => drop(diagnostics.error_at(text.span, error.to_string())),
    }
}

fn unknown(name: &Ident, diagnostics: &mut Diagnostics) {
    const OPTIONS: [&str; 2] = ["on", "mode"];
    let unknown = name.to_string();
    let diagnostic = diagnostics.error(name, format!("unknown option `{unknown}` of `failures`"));
    match nearest(&unknown, OPTIONS) {
        Some(option) => diagnostic.help(format!("did you mean `{option}`?")),
        None => diagnostic.help(format!("expected {}", choices(&OPTIONS))),
    };
}

fn statuses(
    name: &Ident,
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Number>> {
    let [TokenTree::Group(list)] = value else { return no_list(name, value, diagnostics) };
    if list.delimiter() != Delimiter::Bracket {
        return no_list(name, value, diagnostics);
    }
    if list.stream().is_empty() {
        diagnostics
            .error(list, "`on` expects statuses, found an empty list")
            .help(ON)
            .note("without a status nothing counts as a failure");
        return None;
    }
    let parts = comma_separated(list.stream(), diagnostics);
    let read = |part: &Vec<TokenTree>, diagnostics: &mut Diagnostics| {
        let literal: Option<LitInt> = syn::parse2(stream(part)).ok();
        let literal = literal.filter(|literal| literal.suffix().is_empty());
        let number = literal.and_then(|literal| {
            Some(Number { value: literal.base10_parse().ok()?, span: literal.span() })
        });
        if number.is_none() {
            let message = format!("`on` expects a status as a number, found `{}`", shown(part));
            diagnostics.error(&stream(part), message).help(ON);
        }
        number
    };
    let numbers: Vec<_> = parts.iter().map(|part| read(part, diagnostics)).collect();
    numbers.into_iter().collect()
}

fn no_list(
    name: &Ident,
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Number>> {
    let (place, found) = value_place(name, value);
    let message = format!("`on` expects a list of statuses, found {found}");
    diagnostics.error(&place, message).help(ON);
    None
}
