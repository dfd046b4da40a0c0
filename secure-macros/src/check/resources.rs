//! Rules about the resources that a handler receives: `Loaded` and `Granted`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::Type;

use super::allow::is_asked_about;
use super::body;
use super::parameters::{Parameter, last_segment};
use super::source::source;
use crate::diagnostics::Diagnostics;
use crate::model::raw::Declaration;

/// What a handler receives as granted, a rule has asked about.
pub(super) fn grants_have_a_rule(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    for parameter in parameters.iter().filter(|parameter| parameter.granted().is_some()) {
        if !declaration.rule_unclear && !is_asked_about(declaration, parameter) {
            let name = parameter.names.first().map_or("_", String::as_str);
            diagnostics
                .error(
                    parameter.ty,
                    format!("`{name}: Granted` expects a rule about it, found none"),
                )
                .help(format!("`allow = {name}.owner == caller.subject()`, or `Loaded`"))
                .note("`Granted` proves to other functions that a rule held");
        }
    }
}

/// What is granted is a parameter by itself: inside of another type nothing would grant it.
pub(super) fn grants_stand_alone(parameters: &[Parameter<'_>], diagnostics: &mut Diagnostics) {
    for parameter in parameters.iter().filter(|parameter| parameter.granted().is_none()) {
        if names_one_of(&parameter.ty.to_token_stream(), &["Granted"]) {
            let outer = last_segment(parameter.ty)
                .map_or_else(|| String::from("another type"), |last| format!("`{}`", last.ident));
            diagnostics
                .error(
                    parameter.ty,
                    format!("`Granted` expects to be a parameter's whole type, found {outer}"),
                )
                .help("a parameter of the type `Granted<…>`")
                .note("what the attribute does not see as granted is never granted");
        }
    }
}

/// Whether a type's tokens hold one of these names.
fn names_one_of(tokens: &TokenStream, names: &[&str]) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => names.iter().any(|name| ident == name),
        TokenTree::Group(group) => names_one_of(&group.stream(), names),
        _ => false,
    })
}

/// Whether a type's tokens hold a `Loaded<…>` or a `Granted<…>`.
pub(super) fn names_resource(tokens: &TokenStream) -> bool {
    names_one_of(tokens, &["Loaded", "Granted"])
}

/// A resource is loaded once: two parameters would load it twice, and might differ.
pub(super) fn are_loaded_once(parameters: &[Parameter<'_>], diagnostics: &mut Diagnostics) {
    let resource = |parameter: &Parameter<'_>| {
        parameter.resource().map(|resource| source(&resource.to_token_stream()))
    };
    for (index, parameter) in parameters.iter().enumerate() {
        let Some(loaded) = resource(parameter) else { continue };
        let mut earlier = parameters.iter().take(index);
        if earlier.any(|earlier| resource(earlier).as_ref() == Some(&loaded)) {
            diagnostics
                .error(parameter.ty, format!("`{loaded}` is loaded twice, expected it once"))
                .help("one parameter: rules and handler see the same value");
        }
    }
}

/// The parameters that load a resource, also inside of another type.
pub(super) fn places(parameters: &[Parameter<'_>]) -> u16 {
    body::places(parameters, |it| names_resource(&it.ty.to_token_stream()))
}

/// The resource of `Granted<Resource>`.
pub(super) fn grants(parameters: &[Parameter<'_>]) -> Vec<Type> {
    parameters.iter().filter_map(|parameter| parameter.granted().cloned()).collect()
}
