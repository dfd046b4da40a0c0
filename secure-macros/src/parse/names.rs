//! Parses the keys whose value is a list of names: `auth`, `roles`, `scopes`, `permissions`, `acr`,
//! `amr`, `content_encoding`.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::entry::{Entry, Form};
use super::enum_variants::enum_variant;
use super::tokens::{comma_separated, shown, stream, string, word};
use crate::diagnostics::Diagnostics;
use crate::model::legal::Fact;
use crate::model::raw::{Combine, Declaration, Name, Names};

/// The form of a single name.
#[derive(Clone, Copy)]
enum Style {
    /// Bare words, or literals for names that are not identifiers.
    Words,
    /// Literals only.
    Literals,
    /// Literals, or variants of an enum.
    LiteralsOrVariants,
}

pub(crate) fn auth(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    into.auth = names(entry, Style::Words, diagnostics);
}

pub(crate) fn roles(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    demand(Fact::Role, entry, into, diagnostics);
}

pub(crate) fn scopes(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    demand(Fact::Scope, entry, into, diagnostics);
}

pub(crate) fn permissions(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    demand(Fact::Permission, entry, into, diagnostics);
}

pub(crate) fn acr(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    into.acr = names(entry, Style::Literals, diagnostics);
}

pub(crate) fn amr(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    into.amr.extend(names(entry, Style::Literals, diagnostics));
}

pub(crate) fn content_encoding(
    entry: &Entry,
    into: &mut Declaration,
    diagnostics: &mut Diagnostics,
) {
    into.content_encoding = names(entry, Style::Literals, diagnostics);
}

fn demand(fact: Fact, entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let names = names(entry, Style::LiteralsOrVariants, diagnostics);
    into.demands.extend(names.map(|names| (fact, names)));
}

fn names(entry: &Entry, style: Style, diagnostics: &mut Diagnostics) -> Option<Names> {
    let value = match &entry.form {
        Form::Equals(value) => value.as_slice(),
        Form::Call(group) => {
            several(entry, &group.clone().into(), group.stream(), diagnostics);
            return None;
        }
        Form::Bare => {
            entry.unexpected(expected(style), diagnostics);
            return None;
        }
    };
    let takes_lenient = entry.row.name == "auth";
    let mut is_lenient = false;
    let (combine, names) = match value {
        [TokenTree::Ident(word), TokenTree::Group(list)]
            if takes_lenient && list.delimiter() == Delimiter::Parenthesis && word == "lenient" =>
        {
            is_lenient = true;
            (Combine::Any, list_of(entry, style, list.stream(), diagnostics)?)
        }
        [TokenTree::Ident(word), TokenTree::Group(list)]
            if list.delimiter() == Delimiter::Parenthesis && (word == "any" || word == "all") =>
        {
            let combine = if word == "any" { Combine::Any } else { Combine::All };
            (combine, list_of(entry, style, list.stream(), diagnostics)?)
        }
        [TokenTree::Group(list)] => {
            several(entry, &list.clone().into(), list.stream(), diagnostics);
            return None;
        }
        [TokenTree::Ident(word)]
            if word == "any" || word == "all" || (takes_lenient && word == "lenient") =>
        {
            let message = format!("`{word}` expects a list of names, found nothing");
            let example = match word == "lenient" {
                true => String::from("auth = lenient(session)"),
                false => list_example(entry, style),
            };
            diagnostics.error(word, message).help(format!("`{example}`"));
            return None;
        }
        [token] => match name(token, style) {
            Some(name) => (Combine::One, vec![name]),
            None => {
                no_name(entry, token, style, diagnostics);
                return None;
            }
        },
        path => match variant(path, style) {
            Some(name) => (Combine::One, vec![name]),
            None => {
                entry.unexpected(expected(style), diagnostics);
                return None;
            }
        },
    };
    Some(Names { key: entry.key.clone(), combine, names, is_lenient, value: stream(value) })
}

fn list_of(
    entry: &Entry,
    style: Style,
    list: TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Name>> {
    let mut names = Some(Vec::new());
    for part in comma_separated(list, diagnostics) {
        let found = match part.as_slice() {
            [token] => name(token, style).or_else(|| {
                no_name(entry, token, style, diagnostics);
                None
            }),
            tokens => variant(tokens, style).or_else(|| {
                let message = format!("expected a name, found `{}`", shown(tokens));
                diagnostics
                    .error(&stream(tokens), message)
                    .help(format!("`{}`", list_example(entry, style)));
                None
            }),
        };
        match (found, &mut names) {
            (Some(name), Some(names)) => names.push(name),
            _ => names = None,
        }
    }
    names
}

fn name(token: &TokenTree, style: Style) -> Option<Name> {
    match style {
        Style::Words => word(token).or_else(|| string(token)),
        Style::Literals | Style::LiteralsOrVariants => string(token),
    }
}

fn variant(tokens: &[TokenTree], style: Style) -> Option<Name> {
    match style {
        Style::LiteralsOrVariants => enum_variant(tokens),
        Style::Words | Style::Literals => None,
    }
}

/// Reports `["a", "b"]`, or the key written like a function: `any` or `all` is missing.
fn several(entry: &Entry, place: &TokenTree, list: TokenStream, diagnostics: &mut Diagnostics) {
    let name = entry.row.name;
    let list = shown(&list.into_iter().collect::<Vec<_>>());
    let place = stream(std::slice::from_ref(place));
    if name == "acr" {
        diagnostics
            .error(&place, "a list of names in `acr` expects `any`, found a list alone")
            .help(format!("`acr = any({list})`"));
        return;
    }
    let is_single = !list.contains(',');
    let help = if is_single {
        format!("`{name} = {list}`")
    } else {
        format!("`{name} = any({list})` or `{name} = all({list})`")
    };
    diagnostics
        .error(&place, format!("a list of names in `{name}` expects `any` or `all`, found neither"))
        .help(help)
        .note("a list alone does not say whether one name suffices or all are needed");
}

fn no_name(entry: &Entry, token: &TokenTree, style: Style, diagnostics: &mut Diagnostics) {
    let key = entry.row.name;
    let found = shown(std::slice::from_ref(token));
    let message = format!("`{key}` expects {}, found `{found}`", expected(style));
    let diagnostic = diagnostics.error(&stream(std::slice::from_ref(token)), message);
    match token {
        // The name of a constant is not a role.
        TokenTree::Ident(_) if !found.contains(char::is_lowercase) => diagnostic
            .help(format!("write the value of `{found}`: `{key} = \"…\"`"))
            .note("an attribute cannot read the value of a constant"),
        TokenTree::Ident(_) if found.starts_with(char::is_uppercase) => {
            diagnostic.help(format!("write the enum before its variant: `{key} = …::{found}`"))
        }
        TokenTree::Ident(_) => diagnostic.help(format!("`\"{found}\"`")),
        _ => diagnostic.help(format!("`{}`", entry.row.example)),
    };
}

fn expected(style: Style) -> &'static str {
    match style {
        Style::Words => "a name",
        Style::Literals | Style::LiteralsOrVariants => "a string literal",
    }
}

fn list_example(entry: &Entry, style: Style) -> String {
    match style {
        Style::Words => format!("{} = any(jwt, api_key)", entry.row.name),
        Style::Literals | Style::LiteralsOrVariants => {
            format!("{} = any(\"a\", \"b\")", entry.row.name)
        }
    }
}
