//! Assertions about names that are written as variants: the enum has to be one of such names, and the
//! variant the one that the rule was made for.

use proc_macro2::TokenStream;
use quote::quote;

use super::spans::Place;
use crate::model::legal::{Endpoint, Fact, TypedName};
use crate::model::raw::Typed;
use crate::parse::tokens::word_of;

/// One for each name, where its path stands.
pub(super) fn assertions(endpoint: &Endpoint) -> impl Iterator<Item = TokenStream> {
    let support = endpoint.paths.support();
    endpoint.typed_names.iter().map(move |TypedName { fact, name, typed }| {
        let Typed { path, of, variant } = typed;
        let written = word_of(variant).text;
        let kind = match fact {
            Fact::Role => quote!(Role),
            Fact::Scope => quote!(Scope),
            Fact::Permission => quote!(Permission),
        };
        let message = format!(
            "this enum's `{written}` is not the {} `{name}`\n= help: `vocabulary!` makes an enum of the names of the `secure.toml`",
            fact.word()
        );
        let kind = quote!(#support::NameKind::#kind);
        let is_name = quote!(#support::is_typed_name::<#of>(#kind, #written, #name));
        let assertion =
            Place::of(path).cover_call(quote!(#support::must), quote!(#is_name, #message));
        // What the enum says of itself, and that it has such a variant.
        quote! {
            const _: () = #assertion;
            const _: #of = #path;
        }
    })
}
