//! Generates the code of a checked endpoint; this stage cannot fail.

mod attributes;
mod body_assertions;
mod callable;
mod enum_variants;
mod json;
mod limits;
mod policy;
mod rule;
mod rule_closure;
mod service;
mod spans;

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};
use syn::GenericParam;

use crate::model::legal::Endpoint;
use crate::parse::tokens::word_of;
use crate::paths;

pub(crate) use attributes::split;
pub(crate) use callable::mistaken;

/// The function that actix-web calls, and the mark that `secure_runtime::scope` requires.
pub(crate) fn endpoint(endpoint: &Endpoint) -> TokenStream {
    let Endpoint { paths, function, .. } = endpoint;
    let (outer, inner) = split(&function.attributes);
    let (signature, body) = (&function.signature, &function.body);
    let user_signature = attributes::used_in_rules(endpoint);
    let incoming = local("incoming");
    let support = paths.support();
    // rustc warns of an unused function only if its first and last tokens are the user's.
    let (visibility, keyword, name) = (&function.visibility, &signature.fn_token, &signature.ident);
    let assertions = spans::assertions(endpoint).chain(body_assertions::assertions(endpoint));
    let pathless = spans::pathless(endpoint);
    let variants = enum_variants::assertions(endpoint);
    let (generics, _, bounds) = signature.generics.split_for_impl();
    let registration = registration(endpoint);
    let call = call(endpoint, &incoming);
    let service = service::mark(endpoint);
    let warnings = warnings(endpoint);
    let rule = rule_closure::rule(endpoint);
    let (callable, beside) = (callable::implementation(endpoint), callable::beside(endpoint));
    let today = endpoint.ends.then(paths::source_date_epoch);
    let mut served = Group::new(
        Delimiter::Brace,
        quote! {
            #support::body! {
                #rule
                #today
                #(#inner)* #user_signature #body
                #callable
                #registration
                #(#assertions)*
                #(#pathless)*
                #(#variants)*
                #call
            }
        },
    );
    served.set_span(body.span());
    quote! {
        #(#outer)*
        #visibility #keyword #name #generics(#incoming: #support::Routed<'_>) -> #support::Served #bounds #served
        #service
        #beside
        #warnings
    }
}

/// The replacement of [`endpoint`] for an attribute with mistakes, as far as editors need it.
pub(crate) fn with_mistakes(endpoint: &Endpoint) -> Option<TokenStream> {
    rule_closure::rule(endpoint).map(|rule| quote!(#rule !))
}

/// The warnings, under the handler's `cfg`s and lint levels.
fn warnings(endpoint: &Endpoint) -> TokenStream {
    let names = ["cfg", "allow", "warn", "deny"];
    let attributes = endpoint.function.attributes.iter();
    let levels: Vec<_> =
        attributes.filter(|it| names.iter().any(|name| it.path().is_ident(name))).collect();
    let warnings = endpoint.warnings.iter();
    warnings.map(|warning| quote!(#(#levels)* #warning)).collect()
}

/// The endpoint's data, registered at link time, in a block that the user's function cannot access.
fn registration(endpoint: &Endpoint) -> TokenStream {
    let support = endpoint.paths.support();
    let variable = local("endpoint");
    let name = word_of(&endpoint.function.signature.ident).text;
    let text = policy::text(endpoint);
    let known = policy::known(endpoint).into_iter();
    quote!(let #variable = #support::endpoint!(#name, #text #(, #known)*);)
}

fn call(endpoint: &Endpoint, incoming: &Ident) -> TokenStream {
    let support = endpoint.paths.support();
    let variable = local("endpoint");
    let signature = &endpoint.function.signature;
    let name = &signature.ident;
    let arguments = generic_arguments(endpoint);
    let place = spans::of_types(endpoint);
    // With an empty list of arguments the expression ends at the end of the place.
    let handler = place.cover(quote!(#name::<#(#arguments),*>));
    let checks = validation(endpoint);
    if !endpoint.rule_expressions.is_empty() {
        let answers = local("answers");
        return place.cover_call(
            quote!(#support::serve_ruled),
            quote!(#variable, #incoming.0, #handler, #checks, #answers),
        );
    }
    let arrival = place.cover(quote!(#support::arrive(#variable, #incoming.0, #checks)));
    place.cover(quote!(#support::serve(#arrival, #handler)))
}

/// The generic arguments in the call of the user's function.
fn generic_arguments(endpoint: &Endpoint) -> Vec<&Ident> {
    let parameters = endpoint.function.signature.generics.params.iter();
    let names = parameters.filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    });
    names.collect()
}

/// The function that validates the parameters, each with the span of its type. It names the types
/// of all parameters, so that the compiler need not search among handlers of any arity.
fn validation(endpoint: &Endpoint) -> TokenStream {
    let (support, types) = (endpoint.paths.support(), &endpoint.arguments);
    let place = spans::of_types(endpoint);
    let all = arguments(endpoint);
    let mut checks = endpoint.validated.iter().filter_map(|validated| {
        let ty = types.get(validated.index)?;
        let index = Literal::usize_unsuffixed(validated.index);
        let Some((element, element_type)) = &validated.element else {
            let mut check = place.cover(quote!(#support::check::<));
            check.extend(quote!(#ty));
            check.extend(place.cover(quote!(, #index, #all, _>)));
            return Some(place.frame(check));
        };
        let element = Literal::usize_unsuffixed(*element);
        let mut check = place.cover(quote!(#support::check_element::<));
        check.extend(quote!(#element_type));
        check.extend(place.cover(quote!(, #element, #ty, #index, #all, _>)));
        Some(place.frame(check))
    });
    if !endpoint.costs.is_empty() {
        let [arguments, violations] = ["arguments", "violations"].map(local);
        let costs = limits::costs(endpoint, &arguments, &violations);
        return place.frame(quote! {
            |#arguments: &#all, #violations: &mut #support::Violations| {
                #(#checks(#arguments, #violations);)*
                #(#costs)*
            }
        });
    }
    match (checks.next(), checks.next()) {
        (None, _) => place.cover(quote!(#support::unchecked::<#all>)),
        // Without a closure, which would be another function to compile.
        (Some(only), None) => only,
        (Some(first), Some(second)) => {
            let (arguments, violations) = (local("arguments"), local("violations"));
            let checks = [first, second].into_iter().chain(checks);
            place.frame(quote!(|#arguments, #violations| { #(#checks(#arguments, #violations);)* }))
        }
    }
}

/// The type that extracts the arguments, one after the other.
fn arguments(endpoint: &Endpoint) -> TokenStream {
    let (support, types) = (endpoint.paths.support(), &endpoint.arguments);
    let name = format_ident!("All{}", types.len());
    if types.is_empty() { quote!(#support::#name) } else { quote!(#support::#name<#(#types),*>) }
}

/// A local variable that the user's code can neither see nor shadow.
pub(crate) fn local(name: &str) -> Ident {
    let mut local = format_ident!("__{name}");
    local.set_span(Span::mixed_site());
    local
}
