//! Parses the exceptions, each with its reason: `public`, `unvalidated`, `objects`.

use proc_macro2::TokenTree;

use super::entry::{Entry, Form};
use super::tokens::{comma_separated, is_punct, shown, stream, string, word_of};
use crate::diagnostics::{Diagnostics, nearest};
use crate::model::raw::{Declaration, Exemption, Grounds, Name, Objects};

pub(crate) fn public(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    into.public = Some(entry.key.clone());
    match &entry.form {
        Form::Bare => {}
        Form::Call(list) if !list.stream().is_empty() => {
            let parts = comma_separated(list.stream(), diagnostics);
            into.public_grounds = grounds(entry, "public(", &parts, diagnostics);
        }
        Form::Call(_) => {
            entry.unexpected("a reason", diagnostics);
        }
        Form::Equals(_) => {
            entry.unexpected("no value", diagnostics);
        }
    }
}

pub(crate) fn unvalidated(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let Form::Call(list) = &entry.form else {
        entry.unexpected("a parameter and a reason", diagnostics);
        return;
    };
    let parts = comma_separated(list.stream(), diagnostics);
    let Some(([TokenTree::Ident(parameter)], rest)) =
        parts.split_first().map(|(first, rest)| (first.as_slice(), rest))
    else {
        entry.unexpected("a parameter and a reason", diagnostics);
        return;
    };
    let form = format!("unvalidated({parameter}, ");
    if let Some(grounds) = grounds(entry, &form, rest, diagnostics) {
        let parameter = word_of(parameter);
        into.unvalidated.push(Exemption { parameter, is_shared: false, grounds });
    }
}

pub(crate) fn objects(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let mut objects = Objects { key: entry.key.clone(), grounds: None };
    match &entry.form {
        Form::Equals(value) if is_any(value) => {}
        Form::Call(list) => {
            let parts = comma_separated(list.stream(), diagnostics);
            match parts.split_first() {
                Some((first, rest)) if is_any(first) => {
                    objects.grounds = grounds(entry, "objects(any, ", rest, diagnostics);
                }
                _ => {
                    entry.unexpected("`any` and a reason", diagnostics);
                }
            }
        }
        Form::Bare | Form::Equals(_) => {
            entry.unexpected("`any`", diagnostics);
        }
    }
    into.objects = Some(objects);
}

fn is_any(value: &[TokenTree]) -> bool {
    matches!(value, [TokenTree::Ident(word)] if word == "any")
}

/// `reason = "…"`, and `until = "2026-12-31"` if present; `form` is the text before them in the
/// help.
fn grounds(
    entry: &Entry,
    form: &str,
    parts: &[Vec<TokenTree>],
    diagnostics: &mut Diagnostics,
) -> Option<Grounds> {
    let help = format!("`{form}reason = \"…\")`");
    let (mut reason, mut until): (Option<Name>, Option<Name>) = (None, None);
    for part in parts {
        let (option, name, text) = match part.as_slice() {
            [TokenTree::Ident(name), equals, value] if is_punct(equals, '=') => {
                let option = match name.to_string().as_str() {
                    "reason" => &mut reason,
                    "until" => &mut until,
                    unknown => {
                        let message = format!("unknown option `{unknown}` of `{}`", entry.row.name);
                        let diagnostic = diagnostics.error(name, message);
                        match nearest(unknown, ["reason", "until"]) {
                            Some(option) => diagnostic.help(format!("did you mean `{option}`?")),
                            None => diagnostic.help("expected `reason` or `until`"),
                        };
                        return None;
                    }
                };
                (option, name, string(value))
            }
            other => {
                let key = entry.row.name;
                let message = format!("`{key}` expects `reason = \"…\"`, found `{}`", shown(other));
                diagnostics.error(&stream(other), message).help(help);
                return None;
            }
        };
        if option.is_some() {
            diagnostics.error(name, format!("`{name}` is given twice, expected it once"));
            return None;
        }
        if text.is_none() {
            let value = part.get(2..).unwrap_or_default();
            let message = format!("`{name}` expects a string literal, found `{}`", shown(value));
            let example = if name == "until" { "2026-12-31" } else { "…" };
            diagnostics.error(&stream(value), message).help(format!("`{name} = \"{example}\"`"));
            return None;
        }
        *option = text;
    }
    if reason.is_none() {
        let shown = format!("{})", form.trim_end_matches([' ', ',', '(']));
        let shown = if shown.contains('(') { shown } else { entry.row.name.to_owned() };
        let message = format!("`{shown}` expects a reason, found none");
        diagnostics.error(&entry.key, message).help(help);
    }
    Some(Grounds { reason: reason?, until })
}
