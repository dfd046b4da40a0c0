//! Generates the routes of an endpoint, and the mark of a secured service.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Attribute;

use super::json;
use crate::model::legal::Endpoint;

/// The path and the methods of each route.
pub(super) fn routes(endpoint: &Endpoint) -> String {
    json::list(endpoint.routes.iter().map(|route| {
        let path = std::iter::once(route.path.value());
        json::strings(path.chain(route.methods.iter().cloned()))
    }))
}

/// `impl SecuredService`, if actix-web's attribute makes the function a service.
pub(super) fn mark(endpoint: &Endpoint) -> Option<TokenStream> {
    if endpoint.routes.is_empty() {
        return None;
    }
    let condition = condition(endpoint).map(|condition| quote!(#[cfg(#condition)]));
    let cfgs = cfgs(endpoint);
    let (service, name) = (endpoint.paths.secured_service(), &endpoint.function.signature.ident);
    let policed = endpoint.paths.policed();
    let declared_routes = declared_routes(endpoint);
    Some(quote! {
        #(#cfgs)* #condition
        impl #service for #name { const POLICED: #policed = #policed::#declared_routes; }
    })
}

/// The registered routes, for the index of the scope; none if `cfg`s decide which exist.
fn declared_routes(endpoint: &Endpoint) -> TokenStream {
    if endpoint.routes.iter().any(|route| route.condition.is_some()) {
        return quote!(BY_THE_ATTRIBUTE);
    }
    let function = &endpoint.function.signature.ident;
    let routes = endpoint.routes.iter().map(|route| {
        let path = route.path.value();
        let name = match &route.name {
            Some(name) => name.value(),
            None => function.to_string(),
        };
        let methods = if route.is_guarded { &[] } else { &*route.methods };
        quote!((#path, #name, &[#(#methods),*]))
    });
    quote!(with(&[#(#routes),*]))
}

/// The condition under which one of the route attributes exists; `None` if one always does.
pub(super) fn condition(endpoint: &Endpoint) -> Option<TokenStream> {
    let conditions = endpoint.routes.iter().map(|route| route.condition.as_ref());
    let predicates = conditions.collect::<Option<Vec<_>>>()?;
    Some(quote!(any(#(#predicates),*)))
}

/// The `cfg`s of the handler itself.
pub(super) fn cfgs(endpoint: &Endpoint) -> impl Iterator<Item = &Attribute> {
    let attributes = endpoint.function.attributes.iter();
    attributes.filter(|attribute| attribute.path().is_ident("cfg"))
}
