//! Parses the option `by`: the key that requests are counted by, one part or a combination.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::allow::expression;
use super::rate_key::value_place;
use super::tokens::{comma_separated, shown, stream, string, without_invisible_groups, word};
use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::model::raw::{By, Name, Part, PartKind};

const EXAMPLE: &str = "`by = address`, `by = header(\"x-client\")`, `by = (tenant, address)`";

/// The parts that are written as a call.
const CALLS: [&str; 3] = ["header", "claim", "key"];

pub(super) fn by(name: &Ident, value: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<By> {
    let parts = match value {
        [TokenTree::Group(list)]
            if list.delimiter() == Delimiter::Parenthesis && !list.stream().is_empty() =>
        {
            let parts = comma_separated(list.stream(), diagnostics);
            let parts = parts.iter().map(|value| part(name, value, diagnostics));
            parts.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?
        }
        value => vec![part(name, value, diagnostics)?],
    };
    Some(By { parts })
}

/// Whether the value contains `key(…)`, whose argument is an expression.
pub(super) fn has_a_key(value: &[TokenTree]) -> bool {
    value.iter().any(|token| match token {
        TokenTree::Ident(word) => word == "key",
        TokenTree::Group(group) => {
            has_a_key(&group.stream().into_iter().collect::<Vec<TokenTree>>())
        }
        _ => false,
    })
}

fn part(name: &Ident, value: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<Part> {
    let kind = match value {
        [token] if word(token).is_some() => PartKind::Word(word(token)?),
        [TokenTree::Ident(function), TokenTree::Group(list)]
            if list.delimiter() == Delimiter::Parenthesis =>
        {
            call(function, list.stream(), diagnostics)?
        }
        _ => {
            let (place, found) = value_place(name, value);
            let message = format!("`by` expects a word or a call, found {found}");
            diagnostics.error(&place, message).help(EXAMPLE);
            return None;
        }
    };
    Some(Part { tokens: stream(value), kind })
}

fn call(
    function: &Ident,
    arguments: TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<PartKind> {
    let called = function.to_string();
    let values: Vec<TokenTree> = arguments.clone().into_iter().collect();
    match called.as_str() {
        "key" => {
            if values.is_empty() {
                diagnostics
                    .error(function, "`key` expects an expression, found nothing")
                    .help("`key(caller.subject().len() % 16)`");
                return None;
            }
            expression("key", &values, diagnostics).map(PartKind::Key)
        }
        "header" => match one_literal(&arguments) {
            Some(header) => Some(PartKind::Header(header)),
            None => no_literal(function, &values, "`header(\"x-client\")`", diagnostics),
        },
        "claim" => {
            let claim = match values.as_slice() {
                [TokenTree::Group(list)] if list.delimiter() == Delimiter::Bracket => {
                    let parts = comma_separated(list.stream(), diagnostics);
                    parts.iter().map(|part| one_literal(&stream(part))).collect()
                }
                _ => one_literal(&arguments).map(|dotted| split(&dotted)),
            };
            match claim {
                Some(names) => Some(PartKind::Claim(names)),
                None => no_literal(function, &values, "`claim(\"org.id\")`", diagnostics),
            }
        }
        unknown => {
            let message = format!("`by` expects a call of {}, found `{unknown}`", choices(&CALLS));
            let diagnostic = diagnostics.error(function, message);
            match nearest(unknown, CALLS) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("`key({unknown}(…))` counts by an expression")),
            };
            None
        }
    }
}

fn one_literal(tokens: &TokenStream) -> Option<Name> {
    let tokens: Vec<TokenTree> = without_invisible_groups(tokens.clone()).into_iter().collect();
    match tokens.as_slice() {
        [token] => string(token),
        _ => None,
    }
}

fn no_literal(
    function: &Ident,
    found: &[TokenTree],
    example: &str,
    diagnostics: &mut Diagnostics,
) -> Option<PartKind> {
    let place = if found.is_empty() {
        stream(&[TokenTree::Ident(function.clone())])
    } else {
        stream(found)
    };
    let found = if found.is_empty() { "nothing".to_owned() } else { format!("`{}`", shown(found)) };
    let message = format!("`{function}` expects one name as a string literal, found {found}");
    diagnostics.error(&place, message).help(example);
    None
}

/// The path of a nested claim is written with dots.
fn split(dotted: &Name) -> Vec<Name> {
    let name = |text: &str| Name { text: text.to_owned(), ..dotted.clone() };
    dotted.text.split('.').map(name).collect()
}
