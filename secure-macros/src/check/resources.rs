//! Rules about the resources that a handler receives: `Loaded` and `Granted`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::Type;

use super::allow::is_used_in_rule;
use super::body;
use super::expression_variables::mentioned;
use super::parameters::{Parameter, last_segment};
use super::source::source;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model::raw::Declaration;

/// A parameter of the type `Granted` needs a rule about it.
pub(super) fn grants_have_a_rule(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    for parameter in parameters.iter().filter(|parameter| parameter.granted().is_some()) {
        if !declaration.rule_unclear && !is_used_in_rule(declaration, parameter) {
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

/// `Granted` must be the whole type of a parameter: inside another type it would never be granted.
pub(super) fn grants_are_whole_parameters(
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    for parameter in parameters.iter().filter(|parameter| parameter.granted().is_none()) {
        if names_one_of(&parameter.ty.to_token_stream(), &["Granted"]) {
            let outer = last_segment(parameter.ty)
                .map_or_else(|| String::from("another type"), |last| format!("`{}`", last.ident));
            diagnostics
                .error(
                    parameter.ty,
                    format!("`Granted` must be the whole type of a parameter, found it in {outer}"),
                )
                .help("a parameter of the type `Granted<…>`")
                .note("the attribute does not recognise `Granted` inside another type");
        }
    }
}

/// Whether a type's tokens contain one of these names.
fn names_one_of(tokens: &TokenStream, names: &[&str]) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => names.iter().any(|name| ident == name),
        TokenTree::Group(group) => names_one_of(&group.stream(), names),
        _ => false,
    })
}

/// Whether a type's tokens contain a `Loaded<…>` or a `Granted<…>`.
pub(super) fn names_resource(tokens: &TokenStream) -> bool {
    names_one_of(tokens, &["Loaded", "Granted"])
}

/// A resource is loaded once: two parameters would load it twice, with results that may differ.
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
                .help("use one parameter: rules and handler get the same value");
        }
    }
}

/// With `hide`, a resource is the whole type of its parameter. An extractor beside it would run
/// after it, and its errors would reveal that the resource exists.
pub(super) fn hidden_resources_are_whole_parameters(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let is_mixed = |it: &&Parameter<'_>| {
        it.resource().is_none() && names_one_of(&it.ty.to_token_stream(), &["Loaded"])
    };
    if declaration.hide.is_some() {
        for parameter in parameters.iter().filter(is_mixed) {
            let found = source(&parameter.ty.to_token_stream());
            let message = format!(
                "`Loaded` must be the whole type of a parameter with `hide`, found `{found}`"
            );
            diagnostics
                .error(parameter.ty, message)
                .help("a parameter of the type `Loaded<…>`")
                .note("an extractor after it would reveal whether the resource exists");
        }
    }
}

/// With `hide`, rules about a resource must not need the body. Otherwise an invalid body gives 422
/// if the resource exists, and 404 if not.
pub(super) fn hidden_resources_are_decided_without_body(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    if declaration.hide.is_none() {
        return;
    }
    let of = |places: u16| {
        let parameters = parameters.iter().zip(0_u32..);
        parameters.filter(move |(_, place)| places >> place & 1 == 1).map(|(it, _)| it)
    };
    let resources: Vec<_> = of(places(parameters)).collect();
    let bodies: Vec<_> = of(body::bodies(declaration, parameters)).collect();
    if resources.is_empty() || bodies.is_empty() {
        return;
    }
    for condition in declaration.allow.iter().flat_map(|allow| allow.condition.conjuncts()) {
        let is_mentioned = |parameter: &&Parameter<'_>| {
            parameter.names.iter().any(|name| mentioned(&condition.tokens, name).is_some())
        };
        if resources.iter().any(is_mentioned) && bodies.iter().any(is_mentioned) {
            judged_too_late(&condition.tokens, diagnostics).help(
                "write one rule about the resource, and one about the body: `allow = … && …`",
            );
        }
    }
    for check in &declaration.checks {
        let Some(given) = &check.parameters else {
            let function = source(&check.function.to_token_stream());
            let message = format!(
                "`check` with `hide` expects the names of its parameters, found `{function}` alone"
            );
            diagnostics
                .error(&check.function, message)
                .help("`check = crate::may_edit(document)`")
                .note(REVEALS_EXISTENCE);
            continue;
        };
        let is_given =
            |parameter: &&Parameter<'_>| given.iter().any(|it| parameter.binds(&it.text));
        if resources.iter().any(is_given) && bodies.iter().any(is_given) {
            judged_too_late(&check.function, diagnostics)
                .help("write one function about the resource, and one about the body");
        }
    }
}

fn judged_too_late<'a>(
    rule: &impl ToTokens,
    diagnostics: &'a mut Diagnostics,
) -> &'a mut Diagnostic {
    let rule = rule.to_token_stream();
    diagnostics
        .error(
            &rule,
            format!(
                "`hide` expects rules about the resource that need no body, found `{}`",
                source(&rule)
            ),
        )
        .note(REVEALS_EXISTENCE)
}

const REVEALS_EXISTENCE: &str = "otherwise an invalid body gives 422 if the resource exists and 404 if not, \
                    which reveals whether it exists";

/// The parameters that load a resource, also inside another type, as a bit set.
pub(super) fn places(parameters: &[Parameter<'_>]) -> u16 {
    body::places(parameters, |it| names_resource(&it.ty.to_token_stream()))
}

/// The resource of `Granted<Resource>`.
pub(super) fn grants(parameters: &[Parameter<'_>]) -> Vec<Type> {
    parameters.iter().filter_map(|parameter| parameter.granted().cloned()).collect()
}
