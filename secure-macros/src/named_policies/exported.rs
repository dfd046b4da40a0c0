//! `pub` policies, which other crates can use.
//!
//! 1. A macro for other crates is at the root of its crate, whatever module it is written in, so
//!    its name must differ from those of all other policies.
//! 2. `crate` in a macro means the crate that uses the macro. A policy means its own crate:
//!    `$crate`.
//! 3. The `secure.toml` is that of the crate that uses the policy. The names of roles, scopes and
//!    permissions are checked there. A rate by its name could be another rate there.

use std::hash::{DefaultHasher, Hash, Hasher};

use proc_macro2::{Group, Ident, Punct, Spacing, TokenStream, TokenTree};
use quote::format_ident;

use crate::diagnostics::Diagnostics;
use crate::model::layers::Layer;

/// A rate by its name is a mistake in a `pub` policy.
pub(super) fn means_the_same_everywhere(layer: &Layer, diagnostics: &mut Diagnostics) {
    let rates = layer.declaration.rates.iter().flat_map(|rate| rate.quotas());
    let rates = rates.flat_map(|quotas| &quotas.named);
    let failures = layer.declaration.failures.iter().filter_map(|budget| budget.named.as_ref());
    for name in rates.chain(failures) {
        let message = format!(
            "a `pub` policy expects a rate as a string literal, found the name `{}`",
            name.text
        );
        diagnostics
            .error(name, message)
            .help("`\"100/h\"`, or `pub(crate)`")
            .note("another crate may define another rate of that name");
    }
}

/// The name of the macro.
pub(super) fn hidden(name: &Ident, is_exported: bool) -> Ident {
    if !is_exported {
        return format_ident!("__policy_{name}");
    }
    let mut place = DefaultHasher::new();
    // Outside of a compiler, spans have no file.
    if proc_macro::is_available() {
        let span = name.span().unwrap();
        (span.file(), span.line(), span.column()).hash(&mut place);
    }
    format_ident!("__policy_{name}_{:016x}", place.finish())
}

/// The keys with `$crate` in place of `crate`, for a macro.
pub(super) fn from_anywhere(keys: TokenStream) -> TokenStream {
    let mut tokens = TokenStream::new();
    let mut keys = keys.into_iter().peekable();
    while let Some(token) = keys.next() {
        let mut is_in_a_path =
            || matches!(keys.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        match token {
            TokenTree::Ident(word) if word == "crate" && is_in_a_path() => {
                let mut dollar = Punct::new('$', Spacing::Alone);
                dollar.set_span(word.span());
                tokens.extend([TokenTree::Punct(dollar), TokenTree::Ident(word)]);
            }
            TokenTree::Group(group) => {
                let mut copy = Group::new(group.delimiter(), from_anywhere(group.stream()));
                copy.set_span(group.span());
                tokens.extend([TokenTree::Group(copy)]);
            }
            token => tokens.extend([token]),
        }
    }
    tokens
}
