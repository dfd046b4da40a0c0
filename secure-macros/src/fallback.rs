//! What is left of the item after a mistake: its public shape, and nothing that answers.

use proc_macro2::TokenStream;
use quote::quote;

use crate::check::visible;
use crate::diagnostics::{Diagnostics, Report};
use crate::expand::split;
use crate::model::raw::Function;
use crate::paths::{Paths, future, pending};

/// The mistakes, and the item such that nothing else fails because of them.
///
/// The build fails in any case; should the item ever run, it never answers.
pub(crate) fn closed(paths: &Paths, item: TokenStream, report: &Report) -> TokenStream {
    let function = Diagnostics::gather(|found| crate::parse::function(item.clone(), found));
    let shape = match function {
        Ok(function) if function.signature.receiver().is_none() => shape(paths, &function),
        // A method, or no function at all: untouched, its other attributes included.
        _ => item,
    };
    quote!(#report #shape)
}

fn shape(paths: &Paths, function: &Function) -> TokenStream {
    let (outer, inner) = split(&function.attributes);
    let inner = inner.into_iter().filter(|attribute| {
        attribute.path().segments.last().is_none_or(|last| last.ident != "secure")
    });
    let (signature, body) = (&function.signature, &function.body);
    let (visibility, name) = (&function.visibility, &signature.ident);
    let (generics, _, bounds) = signature.generics.split_for_impl();
    let (response, future, pending) = (paths.secured_response(), future(), pending());
    let service = (!visible(function).is_empty()).then(|| {
        let service = paths.secured_service();
        let cfgs = function.attributes.iter().filter(|found| found.path().is_ident("cfg"));
        quote!(#(#cfgs)* impl #service for #name {})
    });
    quote! {
        #(#outer)*
        #visibility fn #name #generics() -> impl #future<Output = #response> #bounds {
            #[allow(dead_code, unused)]
            const _: () = {
                #(#inner)* #signature #body
            };
            #pending::<#response>()
        }
        #service
    }
}
