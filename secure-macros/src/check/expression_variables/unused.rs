//! Finds statements without an effect on the result: a value that is named and dropped, or printed.
//!
//! Only certain cases count: a call of an unknown function or macro may do anything.

use proc_macro2::{Delimiter, TokenTree};

use super::scopes::{is_end, listed, until};
use crate::parse::tokens::is_punct;

/// Functions that only drop their argument.
const DROPS: [&str; 2] = ["drop", "forget"];

/// Macros that only print or log their arguments.
const PRINTS: [&str; 10] =
    ["print", "println", "eprint", "eprintln", "dbg", "trace", "debug", "info", "warn", "error"];

/// The tokens of a block without such statements.
pub(in crate::check) fn without_unused_statements(block: &[TokenTree]) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut rest = block;
    while !rest.is_empty() {
        let statement = until(rest, is_end);
        let (whole, behind) = rest.split_at((statement.len() + 1).min(rest.len()));
        let is_ended = whole.len() > statement.len();
        if !(is_ended && is_unused_statement(statement, behind)) {
            kept.extend_from_slice(whole);
        }
        rest = behind;
    }
    kept
}

fn is_unused_statement(statement: &[TokenTree], behind: &[TokenTree]) -> bool {
    match statement {
        [TokenTree::Ident(word), binding @ ..] if word == "let" => {
            is_unused_binding(binding, behind)
        }
        [TokenTree::Ident(word), equals, value @ ..] if word == "_" && is_punct(equals, '=') => {
            is_place(value)
        }
        [path @ .., TokenTree::Ident(name), TokenTree::Group(given)]
            if DROPS.iter().any(|it| name == it) =>
        {
            let is_method = path.last().is_some_and(|last| is_punct(last, '.'));
            !is_method && is_place(path) && is_place(&listed(&given.stream()))
        }
        [path @ .., TokenTree::Ident(name), bang, TokenTree::Group(given)]
            if is_punct(bang, '!') && PRINTS.iter().any(|it| name == it) =>
        {
            is_place(path) && !may_end_early(&listed(&given.stream()))
        }
        _ => is_place(statement),
    }
}

/// `WORD = PLACE` or `WORD: TYPE = PLACE`, if the word does not occur after it.
fn is_unused_binding(binding: &[TokenTree], behind: &[TokenTree]) -> bool {
    let [TokenTree::Ident(word), next, ..] = binding else { return false };
    let pattern = until(binding, |it| is_punct(it, '='));
    let value = binding.get(pattern.len() + 1..).unwrap_or_default();
    let is_alone = is_punct(next, '=') || is_punct(next, ':');
    let is_mentioned = word != "_" && mentions(behind, &word.to_string());
    is_alone && !value.is_empty() && is_place(value) && !is_mentioned
}

fn mentions(tokens: &[TokenTree], word: &str) -> bool {
    tokens.iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(&listed(&group.stream()), word),
        // A format string may use any name.
        TokenTree::Literal(literal) => literal.to_string().contains(word),
        TokenTree::Punct(_) => false,
    })
}

/// Whether the tokens are only a place or a value: names, fields, references, literals and tuples
/// of them, without a call, an index, an assignment or a keyword.
fn is_place(tokens: &[TokenTree]) -> bool {
    tokens.iter().enumerate().all(|(place, token)| match token {
        TokenTree::Ident(word) => syn::parse_str::<syn::Ident>(&word.to_string()).is_ok(),
        TokenTree::Punct(punct) => matches!(punct.as_char(), '.' | '&' | '*' | ':' | ','),
        TokenTree::Literal(_) => true,
        TokenTree::Group(group) => {
            let before = place.checked_sub(1).and_then(|before| tokens.get(before));
            let is_operand = before.is_none_or(|it| matches!(it, TokenTree::Punct(_)));
            is_operand
                && group.delimiter() == Delimiter::Parenthesis
                && is_place(&listed(&group.stream()))
        }
    })
}

/// Whether a `?` follows a value; in front of one it is a format specifier.
fn may_end_early(tokens: &[TokenTree]) -> bool {
    tokens.iter().enumerate().any(|(place, token)| match token {
        TokenTree::Group(group) => may_end_early(&listed(&group.stream())),
        token => {
            let before = place.checked_sub(1).and_then(|before| tokens.get(before));
            is_punct(token, '?') && before.is_some_and(|it| !matches!(it, TokenTree::Punct(_)))
        }
    })
}
