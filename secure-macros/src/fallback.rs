//! What is left of the item after a mistake: its public shape, and nothing that answers.

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

/// The mistakes, and the item such that nothing else fails because of them.
///
/// The build fails in any case; should the item ever run, it never answers.
///
/// `rest` is what could be made of the attribute in spite of them: editors complete what stands in
/// it, and whoever writes a rule has an unfinished one most of the time.
pub(crate) fn closed(
    paths: &Paths,
    item: TokenStream,
    rest: Option<&Endpoint>,
    report: &Report,
) -> TokenStream {
    let function = Diagnostics::gather(|found| crate::parse::function(item.clone(), found));
    let shape = match function {
        Ok(function) if is_free(&function) => shape(paths, &function, rest),
        // A method, one of a trait, or no function at all: untouched, its other attributes included.
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
    // A routed function cannot be generic; that it was is one of the mistakes, or none.
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
    // Where it says `Self`, rustc would tell the same mistake in its words.
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

/// Several route attributes without `#[routes]` would fail in actix-web's words too.
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
