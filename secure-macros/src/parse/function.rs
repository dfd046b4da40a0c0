//! Parses the item below the attribute: a function, without its body.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Signature, Visibility};

use crate::diagnostics::Diagnostics;
use crate::model::raw::Function;

/// Parses the function; `None` if the item is not a function, which is one mistake.
pub(crate) fn function(item: TokenStream, diagnostics: &mut Diagnostics) -> Option<Function> {
    match parse.parse2(item.clone()) {
        Ok(function) => Some(function),
        Err(error) => {
            match syn::parse2::<syn::Item>(item) {
                Ok(item) if !matches!(item, syn::Item::Verbatim(_)) => {
                    let (kind, place) = kind(&item);
                    diagnostics
                        .error(&place, format!("`#[secure]` expects an `async fn`, found {kind}"))
                        .help("put `#[secure]` above the handler");
                }
                _ => {
                    diagnostics.syntax(&error);
                }
            }
            None
        }
    }
}

fn parse(input: ParseStream<'_>) -> syn::Result<Function> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility: Visibility = input.parse()?;
    let signature: Signature = input.parse()?;
    let token: TokenTree = input.parse()?;
    let span = token.span();
    match block(token) {
        Some(body) if input.is_empty() => Ok(Function { attributes, visibility, signature, body }),
        _ => Err(syn::Error::new(
            span,
            "`#[secure]` expects a function with a body, found a declaration",
        )),
    }
}

/// The body in braces; a macro's `$body:block` is in a group without delimiters.
fn block(token: TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = token else { return None };
    match group.delimiter() {
        Delimiter::Brace => Some(group),
        Delimiter::None => group.stream().into_iter().next().and_then(block),
        _ => None,
    }
}

/// The kind of an item for messages, and its keyword.
pub(crate) fn kind(item: &syn::Item) -> (&'static str, TokenStream) {
    use quote::ToTokens;
    match item {
        syn::Item::Fn(item) => ("a function", item.sig.fn_token.to_token_stream()),
        syn::Item::Macro(item) => ("a macro", item.mac.path.to_token_stream()),
        syn::Item::Struct(item) => ("a struct", item.struct_token.to_token_stream()),
        syn::Item::Enum(item) => ("an enum", item.enum_token.to_token_stream()),
        syn::Item::Impl(item) => ("an impl block", item.impl_token.to_token_stream()),
        syn::Item::Mod(item) => ("a module", item.mod_token.to_token_stream()),
        syn::Item::Trait(item) => ("a trait", item.trait_token.to_token_stream()),
        syn::Item::Const(item) => ("a constant", item.const_token.to_token_stream()),
        syn::Item::Static(item) => ("a static", item.static_token.to_token_stream()),
        syn::Item::Use(item) => ("an import", item.use_token.to_token_stream()),
        syn::Item::Type(item) => ("a type alias", item.type_token.to_token_stream()),
        other => ("another item", other.to_token_stream()),
    }
}
