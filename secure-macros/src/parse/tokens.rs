//! Helpers for token streams: split at commas, literals, words, punctuation.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::LitStr;

use crate::diagnostics::Diagnostics;
use crate::model::raw::Name;

/// Removes the invisible groups that `macro_rules!` puts around fragments.
///
/// Nothing in the attribute has operators whose precedence they would guard.
pub(crate) fn without_invisible_groups(tokens: TokenStream) -> TokenStream {
    let mut flat = TokenStream::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let inner = without_invisible_groups(group.stream());
                if group.delimiter() == Delimiter::None {
                    flat.extend(inner);
                } else {
                    let mut copy = Group::new(group.delimiter(), inner);
                    copy.set_span(group.span());
                    flat.extend([TokenTree::Group(copy)]);
                }
            }
            other => flat.extend([other]),
        }
    }
    flat
}

/// The parts between top-level commas; a trailing comma ends the last part, and an empty part is an
/// error.
pub(crate) fn comma_separated(
    tokens: TokenStream,
    diagnostics: &mut Diagnostics,
) -> Vec<Vec<TokenTree>> {
    let mut parts = Vec::new();
    let mut part: Vec<TokenTree> = Vec::new();
    let mut depth = 0_usize;
    for token in tokens {
        depth = angles(depth, &part, &token);
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' && depth == 0 => {
                if part.is_empty() {
                    diagnostics.error_at(token.span(), "expected a value before `,`");
                } else {
                    parts.push(std::mem::take(&mut part));
                }
            }
            _ => part.push(token),
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// The number of open angle brackets of `::<A, B>` after this token: commas in them separate types.
fn angles(depth: usize, before: &[TokenTree], token: &TokenTree) -> usize {
    let is_last = |letter| before.last().is_some_and(|last| is_punct(last, letter));
    if is_punct(token, '<') && (depth > 0 || is_last(':')) {
        depth + 1
    } else if is_punct(token, '>') && !is_last('-') && !is_last('=') {
        depth.saturating_sub(1)
    } else {
        depth
    }
}

/// A token as a string literal.
pub(crate) fn string(token: &TokenTree) -> Option<Name> {
    let literal: LitStr = syn::parse2(token.clone().into()).ok()?;
    if !literal.suffix().is_empty() {
        return None;
    }
    Some(Name { text: literal.value(), span: literal.span(), bare: false, enum_variant: None })
}

/// A token as a bare word; `r#type` is the word `type`.
pub(crate) fn word(token: &TokenTree) -> Option<Name> {
    match token {
        TokenTree::Ident(ident) => Some(word_of(ident)),
        _ => None,
    }
}

/// An identifier as a name.
pub(crate) fn word_of(ident: &Ident) -> Name {
    let text = ident.to_string();
    let text = text.strip_prefix("r#").map(str::to_owned).unwrap_or(text);
    Name { text, span: ident.span(), bare: true, enum_variant: None }
}

/// Whether an identifier is this word, written raw or not.
pub(crate) fn is_word(ident: &Ident, word: &str) -> bool {
    ident == word || ident.to_string().strip_prefix("r#") == Some(word)
}

/// Whether a token is this punctuation.
pub(crate) fn is_punct(token: &TokenTree, expected: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == expected)
}

/// The tokens as one stream.
pub(crate) fn stream(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().cloned().collect()
}

/// Tokens for a message, shortened.
pub(crate) fn shown(tokens: &[TokenTree]) -> String {
    let text = stream(tokens).to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > 24 {
        format!("{}…", text.chars().take(23).collect::<String>())
    } else {
        text
    }
}
