//! Compile-time assertions that a parameter's type is not a body behind a type alias.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::GenericParam;

use super::spans::Place;
use crate::model::legal::{Endpoint, PossibleBody};

/// A constant assertion for each type; none for a type with a generic parameter, which a constant
/// cannot use.
pub(super) fn assertions(endpoint: &Endpoint) -> impl Iterator<Item = TokenStream> {
    endpoint
        .possible_bodies
        .iter()
        .filter_map(move |possible_body| assertion(endpoint, possible_body))
}

/// Whether a type uses a generic parameter of the function.
fn is_generic(endpoint: &Endpoint, ty: &TokenStream) -> bool {
    let generics = &endpoint.function.signature.generics.params;
    ty.clone().into_iter().any(|token| match token {
        TokenTree::Ident(word) => generics.iter().any(|it| match it {
            GenericParam::Type(it) => it.ident == word,
            GenericParam::Const(it) => it.ident == word,
            GenericParam::Lifetime(_) => false,
        }),
        TokenTree::Group(group) => is_generic(endpoint, &group.stream()),
        _ => false,
    })
}

fn assertion(endpoint: &Endpoint, possible_body: &PossibleBody) -> Option<TokenStream> {
    let support = endpoint.paths.support();
    let ty = endpoint.arguments.get(possible_body.index)?;
    if is_generic(endpoint, &ty.to_token_stream()) {
        return None;
    }
    let PossibleBody { name, seems, .. } = possible_body;
    let message = match seems {
        None => format!(
            "`{name}` holds a request body that is not validated: write `validate({name})`, or `unvalidated({name}, reason = \"…\")`"
        ),
        Some(extractor) => format!(
            "`{name}` is an extractor of actix-web, which does not validate, and not the `{extractor}` of `secure.toml`: write `validate({name})`, or `unvalidated({name}, reason = \"…\")`"
        ),
    };
    let granted = format!(
        "`{name}` holds a `Granted` behind a type alias: write `{name}: Granted<…>`, and a rule about it"
    );
    let is_wrong = Place::of(ty).cover(quote! {
        ::core::assert!(!#support::Body::<#ty>::IS_GRANTED, #granted);
        ::core::assert!(!#support::Body::<#ty>::IS_ONE, #message)
    });
    Some(quote!(const _: () = { use #support::NoBody as _; #is_wrong };))
}
