//! Adds a module's policy to one item: to its own `#[secure]`, or as a new one.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Meta, parse_quote};

use crate::known_attributes::{both, conditional, is_route, is_secure, unfolded};
use crate::parse::layers::{BARE, MODULE};
use crate::paths::Paths;

/// A module's policy.
pub(super) struct Around<'a> {
    pub(super) paths: &'a Paths,
    pub(super) arguments: &'a TokenStream,
    pub(super) name: &'a str,
}

impl Around<'_> {
    /// Adds the module's keys in front of the item's own keys, which narrow them. An item without
    /// an attribute of its own, or with one under a `cfg` that is not set, gets an attribute with
    /// the module's keys alone.
    pub(super) fn surround(&self, attributes: &mut Vec<Attribute>) {
        if let Some(own) = attributes.iter_mut().find(|own| is_secure(own.path())) {
            self.merge(&mut own.meta);
            return;
        }
        let (secure, layer) = (self.paths.secure(), self.layer());
        let mut conditions = Vec::new();
        let mut first = None;
        for (index, attribute) in attributes.iter_mut().enumerate() {
            let before = conditions.len();
            self.merge_conditional(&mut attribute.meta, None, &mut conditions);
            if conditions.len() > before {
                first = first.or(Some(index));
            }
        }
        match first {
            Some(first) => attributes.insert(
                first,
                parse_quote!(#[cfg_attr(not(any(#(#conditions),*)), #secure(#layer))]),
            ),
            None => {
                attributes.insert(place(attributes), parse_quote!(#[#secure(#layer)]));
            }
        }
    }

    fn layer(&self) -> TokenStream {
        let (module, name) = (quote::format_ident!("{MODULE}"), self.name);
        let arguments = self.arguments;
        quote!(#module(#name; #arguments))
    }

    /// Adds the policy to an attribute of the item's own.
    fn merge(&self, own: &mut Meta) {
        let (layer, bare) = (self.layer(), quote::format_ident!("{BARE}"));
        match own {
            Meta::Path(path) => *own = parse_quote!(#path(#layer, #bare)),
            Meta::List(list) if list.tokens.is_empty() => list.tokens = quote!(#layer, #bare),
            Meta::List(list) => {
                let keys = &list.tokens;
                list.tokens = quote!(#layer, #keys);
            }
            // `#[secure = …]` is a mistake of its own.
            Meta::NameValue(_) => {}
        }
    }

    /// The same for attributes in a `cfg_attr`; collects the conditions under which they exist.
    fn merge_conditional(
        &self,
        meta: &mut Meta,
        outer: Option<TokenStream>,
        conditions: &mut Vec<TokenStream>,
    ) {
        let Some((predicate, mut inner)) = conditional(meta) else { return };
        let condition = both(outer, &predicate);
        let before = conditions.len();
        for meta in &mut inner {
            if is_secure(meta.path()) {
                self.merge(meta);
                conditions.push(condition.clone());
            } else {
                self.merge_conditional(meta, Some(condition.clone()), conditions);
            }
        }
        if conditions.len() > before {
            *meta = parse_quote!(cfg_attr(#predicate, #(#inner),*));
        }
    }
}

/// The position right above the route attribute: attributes above it need the item, or wrap it, as
/// if `#[secure]` were written there.
fn place(attributes: &[Attribute]) -> usize {
    let is_a_route =
        |attribute: &Attribute| unfolded(attribute).iter().any(|(meta, _)| is_route(meta.path()));
    attributes.iter().position(is_a_route).unwrap_or_default()
}
