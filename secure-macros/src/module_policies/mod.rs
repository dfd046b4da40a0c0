//! `#[secure(...)]` on a module: the policy of every handler in it.

mod surround;
mod unreached;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Item, ItemFn, ItemMod};

use crate::check::visible;
use crate::diagnostics::Diagnostics;
use crate::known_attributes::{is_secure, unfolded};
use crate::parse;
use surround::Around;

/// The module with its policy on every handler, and its mistakes; `None` if the item is not a
/// module.
pub(crate) fn secured(arguments: &TokenStream, item: &TokenStream) -> Option<TokenStream> {
    // A quick test, because it runs for every handler.
    if !item.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(it) if it == "mod")) {
        return None;
    }
    let mut module: ItemMod = syn::parse2(item.clone()).ok()?;
    let paths = &parse::layers::root(arguments);
    let outcome = Diagnostics::gather_with_the_rest(|diagnostics| {
        let Some((_, items)) = &mut module.content else {
            diagnostics
                .error(&module.ident, "`#[secure]` expects a module with a body, found none")
                .help(format!(
                    "in the `secure.toml`, under `[policies]`: `\"src/{}/**\" = '…'`",
                    module.ident
                ))
                .note("an attribute cannot see the contents of another file");
            return None;
        };
        let around = Around { paths, arguments, name: &module.ident.to_string() };
        if !hand_on(&around, items, diagnostics) && diagnostics.count() == 0 {
            diagnostics
                .error(&module.ident, "`#[secure]` expects a module with handlers, found none")
                .help("handlers have a route attribute, or a `#[secure]` of their own");
            return None;
        }
        let support = paths.support();
        items.push(syn::parse_quote!(#support::policed!();));
        Some(module.to_token_stream())
    });
    Some(match outcome {
        Ok(module) => module,
        // Its handlers are secured nevertheless, so that the mistakes cause no further errors.
        Err((Some(module), report)) => quote!(#report #module),
        Err((None, report)) => quote!(#report #item),
    })
}

/// Adds the module's policy to every handler among these items; returns whether there is one.
fn hand_on(around: &Around<'_>, items: &mut [Item], diagnostics: &mut Diagnostics) -> bool {
    let mut some = false;
    for item in items {
        match item {
            Item::Fn(function) if is_handler(function) => {
                some = true;
                around.surround(&mut function.attrs);
                let body = function.block.to_token_stream();
                unreached::inside(item, body, diagnostics);
            }
            Item::Fn(function) => {
                unreached::by_another_name(function, diagnostics);
                let body = function.block.to_token_stream();
                unreached::inside(item, body, diagnostics);
            }
            Item::Mod(module) if is_secured(&module.attrs) => {
                some = true;
                around.surround(&mut module.attrs);
            }
            Item::Mod(module) => {
                let inner = module.content.as_mut();
                some |= inner.is_some_and(|(_, items)| hand_on(around, items, diagnostics));
            }
            Item::Macro(called) => {
                unreached::by_a_macro(called, diagnostics);
                let tokens = called.mac.tokens.clone();
                unreached::inside(item, tokens, diagnostics);
            }
            _ => unreached::inside(item, item.to_token_stream(), diagnostics),
        }
    }
    some
}

fn is_handler(function: &ItemFn) -> bool {
    if is_secured(&function.attrs) {
        return true;
    }
    let function =
        Diagnostics::gather(|diagnostics| parse::function(function.to_token_stream(), diagnostics));
    function.is_ok_and(|function| !visible(&function).is_empty())
}

/// Whether the item has a `#[secure]` of its own, always or under a condition.
fn is_secured(attributes: &[Attribute]) -> bool {
    attributes.iter().flat_map(unfolded).any(|(meta, _)| is_secure(meta.path()))
}
