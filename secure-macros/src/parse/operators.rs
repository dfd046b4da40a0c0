//! Replaces `address in …` and `time in …`, operators that Rust does not have, before syn parses an
//! expression.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

use super::tokens::is_punct;
use crate::diagnostics::Diagnostics;

/// Their names while syn parses the expression.
pub(crate) const ADDRESS: &str = "__address_in";
pub(crate) const TIME: &str = "__time_in";

/// Replaces `address in …` and `time in …` by calls.
pub(super) fn without_in(
    tokens: impl IntoIterator<Item = TokenTree>,
    diagnostics: &mut Diagnostics,
) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut replaced = TokenStream::new();
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        let earlier = tokens.get(..tokens.len() - rest.len()).unwrap_or_default();
        rest = after;
        match (first, after) {
            (TokenTree::Ident(word), [TokenTree::Ident(operator), value, beyond @ ..])
                if operator == "in" && !is_loop(earlier) =>
            {
                let call = called(word, earlier, value, diagnostics);
                replaced.extend(call);
                rest = beyond;
            }
            // A macro has its own syntax, and a block is plain Rust.
            (TokenTree::Group(group), _) if is_foreign(group, earlier) => {
                for word in inner(group) {
                    report_inside_expression(&word, diagnostics);
                }
                replaced.extend([first.clone()]);
            }
            (TokenTree::Group(group), _) => {
                let inner = without_in(group.stream(), diagnostics);
                let mut copy = Group::new(group.delimiter(), inner);
                copy.set_span(group.span());
                replaced.extend([TokenTree::from(copy)]);
            }
            (token, _) => replaced.extend([token.clone()]),
        }
    }
    replaced
}

/// Our operators are conditions, not values of Rust expressions.
pub(crate) fn report_inside_expression(word: &Ident, diagnostics: &mut Diagnostics) {
    let word_of_ours =
        if word == TIME || word == "time" { "time in …" } else { "address in …" };
    diagnostics
        .error(word, format!("`{word_of_ours}` cannot be part of another expression"))
        .help("combine conditions with `&&`, `||`, `!` and parentheses");
}

/// The call that replaces `word in value`.
fn called(
    word: &Ident,
    earlier: &[TokenTree],
    value: &TokenTree,
    diagnostics: &mut Diagnostics,
) -> [TokenTree; 2] {
    let marker = match word.to_string().as_str() {
        "address" => ADDRESS,
        "time" => TIME,
        "not" if earlier.last().is_some_and(is_ours) => {
            let subject = earlier.last().map(ToString::to_string).unwrap_or_default();
            diagnostics
                .error(word, "`in` expects `address` or `time` before it, found `not`")
                .help(format!("`!({subject} in …)`"));
            ADDRESS
        }
        other => {
            diagnostics
                .error(word, format!("`in` expects `address` or `time`, found `{other}`"))
                .help("`address in \"10.0.0.0/8\"`");
            ADDRESS
        }
    };
    let is_value = match value {
        TokenTree::Literal(_) => true,
        TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
        _ => false,
    };
    if !is_value && (word == "address" || word == "time") {
        let example = if word == "time" { "Mon-Fri 09:00-17:00 UTC" } else { "10.0.0.0/8" };
        diagnostics
            .error(value, format!("`{word} in` expects a string literal, found `{value}`"))
            .help(format!("`{word} in {example:?}`"))
            .note("the value is checked at compile time");
    }
    let mut list = Group::new(Delimiter::Parenthesis, value.clone().into());
    list.set_span(value.span());
    [Ident::new(marker, word.span()).into(), list.into()]
}

fn is_ours(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(word) if word == "address" || word == "time")
}

fn is_loop(earlier: &[TokenTree]) -> bool {
    matches!(earlier.last(), Some(TokenTree::Ident(word)) if word == "for")
}

fn is_foreign(group: &Group, earlier: &[TokenTree]) -> bool {
    let is_macro = matches!(earlier, [.., TokenTree::Ident(_), bang] if is_punct(bang, '!'));
    is_macro || group.delimiter() == Delimiter::Brace
}

/// The operators of ours before an `in` with a literal, anywhere in a group.
fn inner(group: &Group) -> Vec<Ident> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let mut found = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let earlier = tokens.get(..place).unwrap_or_default();
        match (token, tokens.get(place + 1), tokens.get(place + 2)) {
            (TokenTree::Ident(word), Some(TokenTree::Ident(operator)), Some(value))
                if is_ours(token)
                    && operator == "in"
                    && !is_loop(earlier)
                    && matches!(value, TokenTree::Literal(_) | TokenTree::Group(_)) =>
            {
                found.push(word.clone());
            }
            (TokenTree::Group(group), ..) => found.extend(inner(group)),
            _ => {}
        }
    }
    found
}
