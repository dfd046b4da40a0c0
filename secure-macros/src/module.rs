//! `#[secure(...)]` on a module: the policy of every handler in it.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Item, ItemFn, ItemMod, Meta};

use crate::check::visible;
use crate::diagnostics::{Diagnostics, Report};
use crate::parse;
use crate::parse::layers::{BARE, MODULE};
use crate::paths::Paths;

/// The module whose handlers have their own attributes; `None` if the item is no module.
pub(crate) fn secured(
    arguments: &TokenStream,
    item: &TokenStream,
) -> Option<Result<TokenStream, Report>> {
    // Every handler comes by here.
    if !item.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(it) if it == "mod")) {
        return None;
    }
    let mut module: ItemMod = syn::parse2(item.clone()).ok()?;
    let paths = &root(arguments);
    Some(Diagnostics::gather(|diagnostics| {
        let Some((_, items)) = &mut module.content else {
            diagnostics
                .error(&module.ident, "`#[secure]` expects a module with its items, found none")
                .help("write `#[secure]` on its handlers, or put the module's items here");
            return None;
        };
        if !hand_on(paths, arguments, items) {
            diagnostics
                .error(&module.ident, "`#[secure]` expects a module with handlers, found none")
                .help("handlers have a route attribute, or a `#[secure]` of their own");
            return None;
        }
        let support = paths.support();
        items.push(syn::parse_quote!(#support::policed!();));
        Some(module.to_token_stream())
    }))
}

/// Where the runtime is, as the attribute says.
fn root(arguments: &TokenStream) -> Paths {
    let layers = Diagnostics::gather(|diagnostics| {
        let layers = parse::layers(arguments.clone(), diagnostics);
        Some(layers.into_iter().filter_map(|layer| layer.declaration.root).next_back())
    });
    Paths::new(layers.ok().flatten().as_ref())
}

/// Puts the module's policy around every handler of these items; whether there is one.
fn hand_on(paths: &Paths, arguments: &TokenStream, items: &mut [Item]) -> bool {
    let mut some = false;
    for item in items {
        some |= match item {
            Item::Fn(function) => {
                let is_handler = is_routed(function) || function.attrs.iter().any(is_secure);
                if is_handler {
                    surround(paths, arguments, &mut function.attrs);
                }
                is_handler
            }
            Item::Mod(module) if module.attrs.iter().any(is_secure) => {
                surround(paths, arguments, &mut module.attrs);
                true
            }
            Item::Mod(module) => {
                let inner = module.content.as_mut();
                inner.is_some_and(|(_, items)| hand_on(paths, arguments, items))
            }
            _ => false,
        };
    }
    some
}

fn is_routed(function: &ItemFn) -> bool {
    let function =
        Diagnostics::gather(|diagnostics| parse::function(function.to_token_stream(), diagnostics));
    function.is_ok_and(|function| !visible(&function).is_empty())
}

fn is_secure(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "secure")
}

/// Puts the module's policy into the item's own attribute, widest first, or gives it one.
fn surround(paths: &Paths, arguments: &TokenStream, attributes: &mut Vec<Attribute>) {
    let module = quote::format_ident!("{MODULE}");
    let around = quote!(#module(#arguments));
    let Some(own) = attributes.iter_mut().find(|attribute| is_secure(attribute)) else {
        let secure = paths.secure();
        attributes.insert(0, syn::parse_quote!(#[#secure(#around)]));
        return;
    };
    let bare = quote::format_ident!("{BARE}");
    match &mut own.meta {
        Meta::Path(path) => {
            let path = path.clone();
            *own = syn::parse_quote!(#[#path(#around, #bare)]);
        }
        Meta::List(list) if list.tokens.is_empty() => list.tokens = quote!(#around, #bare),
        Meta::List(list) => {
            let own = &list.tokens;
            list.tokens = quote!(#around, #own);
        }
        // `#[secure = …]` is a mistake of its own.
        Meta::NameValue(_) => {}
    }
}
