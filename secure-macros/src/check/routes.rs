//! Reads the route attributes of actix-web below `#[secure]`, and checks them.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, MetaNameValue, Token};

use crate::diagnostics::Diagnostics;
use crate::known_attributes::{METHODS, is_named, is_route, unfolded};
use crate::model::legal::Route;
use crate::model::raw::Function;

/// The routes that actix-web's attributes will generate; invalid ones are left to actix-web.
pub(crate) fn visible(function: &Function) -> Vec<Route> {
    let several = is_several(function);
    let mut routes = Vec::new();
    for attribute in &function.attributes {
        // `#[routes]` accepts unqualified names only, as in actix-web.
        if several && attribute.path().get_ident().is_none() {
            continue;
        }
        for (meta, condition) in unfolded(attribute) {
            routes.extend(route(&meta, condition));
        }
    }
    routes
}

/// Two route attributes need `#[routes]`: otherwise the first would drop the second.
pub(super) fn one_route_attribute(function: &Function, diagnostics: &mut Diagnostics) {
    if is_several(function) {
        return;
    }
    let mut routes = function.attributes.iter().filter(|attribute| is_route(attribute.path()));
    if let Some(second) = routes.nth(1) {
        diagnostics
            .error(second.path(), "expected one route attribute, found a second one")
            .help("put `#[routes]` above them");
    }
}

/// actix-web's attributes register one function, so it cannot be generic.
pub(super) fn routed_is_not_generic(
    function: &Function,
    routes: &[Route],
    diagnostics: &mut Diagnostics,
) {
    let generics = &function.signature.generics;
    let generic =
        generics.type_params().next().is_some() || generics.const_params().next().is_some();
    if generic && !routes.is_empty() {
        diagnostics
            .error(&generics.params, "a handler with a route attribute cannot have type parameters")
            .help("remove the route attribute, and register `web::get().to(handler::<Type>)`");
    }
}

fn is_several(function: &Function) -> bool {
    let paths = function.attributes.iter().map(Attribute::path);
    paths.into_iter().any(|path| is_named(path, |name| name == "routes"))
}

fn route(meta: &Meta, condition: Option<TokenStream>) -> Option<Route> {
    let Meta::List(list) = meta else { return None };
    let method = METHODS.into_iter().find(|method| is_named(&list.path, |name| name == *method));
    if method.is_none() && !is_named(&list.path, |name| name == "route") {
        return None;
    }
    let (path, options) = arguments.parse2(list.tokens.clone()).ok()?;
    let methods = match method {
        Some(method) => vec![method.to_uppercase()],
        None => options.iter().filter_map(option_method).collect(),
    };
    let name = options.iter().find_map(|option| option_text(option, "name"));
    let is_guarded = options.iter().any(|option| option.path.is_ident("guard"));
    (!methods.is_empty()).then_some(Route { methods, path, name, is_guarded, condition })
}

fn arguments(input: ParseStream<'_>) -> syn::Result<(LitStr, Vec<MetaNameValue>)> {
    let path = input.parse()?;
    if input.parse::<Option<Token![,]>>()?.is_none() {
        return Ok((path, Vec::new()));
    }
    let options = Punctuated::<MetaNameValue, Token![,]>::parse_terminated(input)?;
    Ok((path, options.into_iter().collect()))
}

fn option_method(option: &MetaNameValue) -> Option<String> {
    option_text(option, "method").map(|method| method.value())
}

fn option_text(option: &MetaNameValue, name: &str) -> Option<LitStr> {
    match &option.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if option.path.is_ident(name) => {
            Some(text.clone())
        }
        _ => None,
    }
}
