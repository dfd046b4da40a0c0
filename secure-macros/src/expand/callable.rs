//! The key `callable`: the user's function as `without_policy`, for other code.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{FnArg, Pat, Signature};

use super::{local, service};
use crate::model::legal::Endpoint;

/// `impl list_users { async fn without_policy(…) { list_users(…).await } }`, inside the handler,
/// because the user's function has a name only there. An `impl` block applies wherever it is
/// written.
pub(super) fn implementation(endpoint: &Endpoint) -> Option<TokenStream> {
    if !endpoint.policy.is_callable {
        return None;
    }
    let name = &endpoint.function.signature.ident;
    let arguments: Vec<Ident> =
        (0..endpoint.arguments.len()).map(|index| local(&format!("argument{index}"))).collect();
    let generics = super::generic_arguments(endpoint);
    let call = quote!(#name::<#(#generics),*>(#(#arguments),*).await);
    Some(written(endpoint, &arguments, &call))
}

/// Items beside the handler: the type with the function, if actix-web generates none, and the
/// function's signature for editors, which do not look into the bodies of other functions.
pub(super) fn beside(endpoint: &Endpoint) -> Option<TokenStream> {
    if !endpoint.policy.is_callable {
        return None;
    }
    let support = endpoint.paths.support();
    let cfgs = service::cfgs(endpoint);
    let names = parameters(endpoint).enumerate();
    let arguments: Vec<Ident> = names
        .map(|(index, word)| word.unwrap_or_else(|| local(&format!("argument{index}"))))
        .collect();
    let shown = written(endpoint, &arguments, &quote!(loop {}));
    let ty = ty(endpoint);
    Some(quote! {
        #ty
        #(#cfgs)* #support::in_editors! { #shown }
    })
}

/// The user's function if the attribute has mistakes, so that calls of it are not further errors.
pub(crate) fn mistaken(endpoint: &Endpoint) -> Option<(TokenStream, TokenStream)> {
    if !endpoint.policy.is_callable {
        return None;
    }
    let function = &endpoint.function;
    let (visibility, body, name) =
        (&function.visibility, &function.body, &function.signature.ident);
    let signature = Signature { ident: method(endpoint), ..function.signature.clone() };
    Some((ty(endpoint).unwrap_or_default(), quote!(impl #name { #visibility #signature #body })))
}

/// The type with the function, if actix-web generates none.
fn ty(endpoint: &Endpoint) -> Option<TokenStream> {
    let (visibility, name) = (&endpoint.function.visibility, &endpoint.function.signature.ident);
    let unless = match service::condition(endpoint) {
        _ if endpoint.routes.is_empty() => TokenStream::new(),
        Some(condition) => quote!(#[cfg(not(#condition))]),
        None => return None,
    };
    let cfgs = service::cfgs(endpoint);
    let text = format!("The handler `{name}` as a function: see `{name}::without_policy`.");
    Some(quote! {
        #(#cfgs)* #unless
        #[doc = #text]
        #[allow(non_camel_case_types, dead_code, unreachable_pub, missing_debug_implementations)]
        #visibility enum #name {}
    })
}

/// The names of the parameters that have one.
fn parameters(endpoint: &Endpoint) -> impl Iterator<Item = Option<Ident>> {
    endpoint.function.signature.inputs.iter().map(|input| match input {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(word) => Some(word.ident.clone()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    })
}

fn method(endpoint: &Endpoint) -> Ident {
    Ident::new("without_policy", endpoint.function.signature.ident.span())
}

fn written(endpoint: &Endpoint, arguments: &[Ident], body: &TokenStream) -> TokenStream {
    let (signature, visibility) = (&endpoint.function.signature, &endpoint.function.visibility);
    let (name, output) = (&signature.ident, &signature.output);
    let (generics, _, bounds) = signature.generics.split_for_impl();
    let (types, method) = (&endpoint.arguments, method(endpoint));
    let text = format!(
        "Calls the function below `#[secure]` of `{name}`: nothing of its policy is checked."
    );
    quote! {
        #[allow(non_local_definitions)]
        impl #name {
            #[doc = #text]
            #[allow(dead_code, unreachable_pub, private_interfaces, private_bounds)]
            #[allow(clippy::too_many_arguments, clippy::missing_errors_doc, clippy::missing_panics_doc)]
            #visibility async fn #method #generics(#(#arguments: #types),*) #output #bounds { #body }
        }
    }
}
