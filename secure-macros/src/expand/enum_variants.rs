//! Compile-time assertions about names that are written as enum variants: the enum is one of
//! `vocabulary!`, and the variant is the name that the rule uses.

use proc_macro2::TokenStream;
use quote::quote;

use super::spans::Place;
use crate::model::legal::{Endpoint, Fact, VariantName};
use crate::model::raw::EnumVariant;
use crate::parse::tokens::word_of;

/// One for each name, with the span of its path.
pub(super) fn assertions(endpoint: &Endpoint) -> impl Iterator<Item = TokenStream> {
    let support = endpoint.paths.support();
    endpoint.variant_names.iter().map(move |VariantName { fact, name, variant: written }| {
        let EnumVariant { path, of, variant } = written;
        let word = word_of(variant).text;
        let kind = match fact {
            Fact::Role => quote!(Role),
            Fact::Scope => quote!(Scope),
            Fact::Permission => quote!(Permission),
        };
        let message = format!(
            "the variant `{word}` of this enum is not the {} `{name}`\n= help: `vocabulary!` generates an enum from the names in the `secure.toml`",
            fact.word()
        );
        let kind = quote!(#support::NameKind::#kind);
        let is_name = quote!(#support::is_typed_name::<#of>(#kind, #word, #name));
        let assertion =
            Place::of(path).cover_call(quote!(#support::must), quote!(#is_name, #message));
        // Checks the name with the enum, and that the enum has such a variant.
        quote! {
            const _: () = #assertion;
            const _: #of = #path;
        }
    })
}
