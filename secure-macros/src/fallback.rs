//! The expansion after a mistake: the item's public signature, and a body that never returns a
//! response.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Attribute;

use crate::check::{returns_a_pin, self_type, visible};
use crate::diagnostics::{Diagnostics, Report};
use crate::expand::{local, mistaken, split, with_mistakes};
use crate::known_attributes::{is_named, is_route, is_secure, needs_the_item, unfolded};
use crate::model::legal::Endpoint;
use crate::model::raw::Function;
use crate::paths::Paths;

/// The mistakes, and the item in a form that causes no further errors.
///
/// The build fails in any case; if the item ever ran, it would never return a response.
///
/// `rest` is the code that could be generated in spite of the mistakes, for completion in editors:
/// a rule that is being written is unfinished most of the time.
pub(crate) fn closed(
    paths: &Paths,
    item: TokenStream,
    rest: Option<&Endpoint>,
    report: &Report,
) -> TokenStream {
    let function = Diagnostics::gather(|found| crate::parse::function(item.clone(), found));
    let shape = match function {
        Ok(function) if is_free(&function) => shape(paths, &function, rest),
        // A method, a trait's function, or another item: unchanged, with its other attributes.
        _ => item,
    };
    quote!(#shape #report)
}

fn is_free(function: &Function) -> bool {
    function.signature.receiver().is_none() && !returns_a_pin(&function.signature)
}

fn shape(paths: &Paths, function: &Function, rest: Option<&Endpoint>) -> TokenStream {
    let (outer, inner) = split(&function.attributes);
    let outer = first_route_alone(outer);
    let inner = inner.into_iter().filter(|attribute| {
        !is_secure(attribute.path())
            && !unfolded(attribute).iter().any(|(meta, _)| needs_the_item(meta))
    });
    let (signature, body) = (&function.signature, &function.body);
    let (visibility, name) = (&function.visibility, &signature.ident);
    let is_routed = !visible(function).is_empty();
    // A function with a route attribute cannot be generic; if it was, that is one of the mistakes.
    let generics = (!is_routed).then_some(&signature.generics);
    let bounds = generics.and_then(|generics| generics.where_clause.as_ref());
    let service = is_routed.then(|| {
        let service = paths.secured_service();
        let cfgs = function.attributes.iter().filter(|found| found.path().is_ident("cfg"));
        let policed = paths.policed();
        quote! {
            #(#cfgs)* impl #service for #name { const POLICED: #policed = #policed::BY_THE_ATTRIBUTE; }
        }
    });
    let (support, incoming) = (paths.support(), local("incoming"));
    let callable = rest.and_then(mistaken);
    let (ty, own) = match callable {
        Some((ty, implementation)) => (Some(ty), implementation),
        None => (None, quote!(#(#inner)* #signature #body)),
    };
    // If it uses `Self`, rustc would report the same mistake again.
    let own = self_type(function).is_none().then(|| {
        quote! {
            #[allow(dead_code, unused, non_local_definitions)]
            const _: () = {
                #own
            };
        }
    });
    let unserved = quote!(#own #support::never());
    let content = match rest.and_then(with_mistakes) {
        Some(rule) => quote!(#support::body! { #rule #unserved }),
        None => unserved,
    };
    quote! {
        #(#outer)*
        #visibility fn #name #generics(#incoming: #support::Routed<'_>) -> #support::Served #bounds {
            #content
        }
        #service
        #ty
    }
}

/// Several route attributes without `#[routes]` would fail in actix-web again.
fn first_route_alone(attributes: Vec<&Attribute>) -> Vec<&Attribute> {
    let mut paths = attributes.iter().map(|attribute| attribute.path());
    let is_several = paths.any(|path| is_named(path, |name| name == "routes"));
    let mut routes = 0;
    let keep = |attribute: &&Attribute| {
        routes += usize::from(is_route(attribute.path()));
        is_several || routes <= 1 || !is_route(attribute.path())
    };
    attributes.into_iter().filter(keep).collect()
}
