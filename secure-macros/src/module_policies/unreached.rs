//! Reports handlers in a module that its policy does not reach.
//!
//! The attribute adds its policy to the functions among the module's items. It cannot add it to
//! functions inside of other items, because their meaning there is unknown, nor to functions that a
//! macro may generate.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Item, ItemFn, ItemMacro, LitStr, Meta, Path};

use crate::diagnostics::Diagnostics;
use crate::known_attributes::{conditional, is_named, is_route, is_secure};
use crate::parse::function::kind;

/// Macros that generate no handlers.
const HARMLESS: [&str; 6] =
    ["bitflags", "compile_error", "lazy_static", "macro_rules", "policy", "thread_local"];

/// No handler is inside an item that is not a handler.
pub(super) fn inside(item: &Item, tokens: TokenStream, diagnostics: &mut Diagnostics) {
    let mut found = Vec::new();
    find(tokens, &mut found);
    for attribute in found {
        let (kind, _) = kind(item);
        diagnostics
            .error(
                &attribute,
                format!(
                    "a module's `#[secure]` expects handlers directly among its items, found one in {kind}"
                ),
            )
            .help("move the handler out of it, or out of the module")
            .note("the module's policy would not apply to it");
    }
}

/// No function has a route attribute under another name.
pub(super) fn by_another_name(function: &ItemFn, diagnostics: &mut Diagnostics) {
    let takes_a_path = |meta: &Meta| {
        let Meta::List(list) = meta else { return false };
        let path: Option<LitStr> = first(&list.tokens).and_then(|it| syn::parse2(it.into()).ok());
        path.is_some_and(|path| path.value().is_empty() || path.value().starts_with('/'))
    };
    let metas = function.attrs.iter().map(|attribute| &attribute.meta);
    let Some(meta) = metas.into_iter().find(|meta| takes_a_path(meta)) else { return };
    if function.sig.asyncness.is_some() {
        let name = meta.path().to_token_stream().to_string().replace(' ', "");
        diagnostics
            .error(
                meta.path(),
                format!(
                    "`#[{name}(\"/…\")]` looks like a route under a name that `#[secure]` does not \
                     know"
                ),
            )
            .help("import it under its own name, or move the function out of the module")
            .note("the module's policy would not apply to it");
    }
}

/// No macro is called that may generate handlers.
pub(super) fn by_a_macro(item: &ItemMacro, diagnostics: &mut Diagnostics) {
    let path = &item.mac.path;
    if !is_named(path, |name| HARMLESS.contains(&name)) {
        let name = path.to_token_stream().to_string().replace(' ', "");
        diagnostics
            .error(
                path,
                format!(
                    "a module's `#[secure]` does not see the handlers that `{name}!` may write"
                ),
            )
            .help("call it outside of the module")
            .note("the module's policy would not apply to them");
    }
}

/// Finds the first attribute that makes a function a handler, for each function in these tokens and
/// their groups.
fn find(tokens: TokenStream, found: &mut Vec<Path>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        let (mut attributes, mut item) = (Vec::new(), rest);
        while let Some((attribute, behind)) = leading_attribute(item) {
            attributes.push(attribute);
            item = behind;
        }
        if !attributes.is_empty() {
            rest = item;
            if is_function(item) {
                found.extend(attributes.iter().find_map(handler));
            }
            continue;
        }
        rest = after;
        if let TokenTree::Group(group) = token {
            find(group.stream(), found);
        }
    }
}

/// The content of the attribute at the start of these tokens, and the tokens after it.
fn leading_attribute(tokens: &[TokenTree]) -> Option<(TokenStream, &[TokenTree])> {
    match tokens {
        [TokenTree::Punct(pound), TokenTree::Group(group), behind @ ..]
            if pound.as_char() == '#' && group.delimiter() == Delimiter::Bracket =>
        {
            Some((group.stream(), behind))
        }
        _ => None,
    }
}

/// Whether the tokens begin with a function, or with tokens that may become one in a macro.
fn is_function(tokens: &[TokenTree]) -> bool {
    const QUALIFIERS: [&str; 6] = ["pub", "default", "const", "async", "unsafe", "extern"];
    let mut is_variable = false;
    for token in tokens {
        let is_ours = match token {
            TokenTree::Ident(word) if word == "fn" => return true,
            TokenTree::Ident(word) => is_variable || QUALIFIERS.iter().any(|it| word == it),
            TokenTree::Punct(punct) => punct.as_char() == '$',
            TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
            TokenTree::Literal(_) => true,
        };
        if !is_ours {
            return false;
        }
        is_variable = matches!(token, TokenTree::Punct(_));
    }
    false
}

/// The path of an attribute that makes a function a handler.
fn handler(attribute: &TokenStream) -> Option<Path> {
    makes_a_handler(&syn::parse2(attribute.clone()).ok()?)
}

fn makes_a_handler(meta: &Meta) -> Option<Path> {
    if let Some((_, inner)) = conditional(meta) {
        return inner.iter().find_map(makes_a_handler);
    }
    let path = meta.path();
    let takes_a_path = || match meta {
        Meta::List(list) => first(&list.tokens).is_some_and(|it| match it {
            TokenTree::Literal(_) => true,
            TokenTree::Punct(punct) => punct.as_char() == '$',
            _ => false,
        }),
        _ => is_named(path, |name| name == "routes"),
    };
    (is_secure(path) || (is_route(path) && takes_a_path())).then(|| path.clone())
}

fn first(tokens: &TokenStream) -> Option<TokenTree> {
    tokens.clone().into_iter().next()
}
