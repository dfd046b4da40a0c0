//! Asks the compiler what a macro cannot see: whether a type is an alias of a body's.

use proc_macro2::TokenStream;
use quote::quote;
use syn::GenericParam;

use super::spans::Place;
use crate::model::legal::{Endpoint, Riddle};

/// A constant assertion for each type; none in generic functions, where no constant knows a type.
pub(super) fn asked(endpoint: &Endpoint) -> impl Iterator<Item = TokenStream> {
    let mut generics = endpoint.function.signature.generics.params.iter();
    let is_generic = generics.any(|it| !matches!(it, GenericParam::Lifetime(_)));
    let riddles = endpoint.riddles.iter().filter(move |_| !is_generic);
    riddles.filter_map(move |riddle| assertion(endpoint, riddle))
}

fn assertion(endpoint: &Endpoint, riddle: &Riddle) -> Option<TokenStream> {
    let support = endpoint.paths.support();
    let ty = endpoint.arguments.get(riddle.index)?;
    let Riddle { name, is_exempt, .. } = riddle;
    let message = if *is_exempt {
        format!("`unvalidated` expects a parameter with a body, found `{name}`")
    } else {
        format!(
            "`{name}` holds a request body: `validate({name})`, or `unvalidated({name}, reason = \"…\")`"
        )
    };
    let is_wrong = Place::of(ty).cover(quote! {
        ::core::assert!(#support::Body::<#ty>::IS_ONE == #is_exempt, #message)
    });
    Some(quote!(const _: () = { use #support::NoBody as _; #is_wrong };))
}
