//! Rules about costs that are computed while a request is served.

use quote::ToTokens;

use super::expression_variables::mentioned;
use super::parameters::Parameter;
use super::resources::names_resource;
use crate::diagnostics::Diagnostics;
use crate::model::condition::Expression;
use crate::model::raw::{Cost, Declaration, RateKey};

/// A cost is computed from the arguments once they exist; the word `response` is not one of them.
pub(super) fn costs_use_arguments(
    rate: &RateKey,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let is_parameter = |name: &str| parameters.iter().any(|parameter| parameter.binds(name));
    match &rate.cost {
        Some(Cost::Response(word)) if is_parameter("response") => {
            diagnostics
                .error(
                    word,
                    "`cost` reserves the name `response` for the response, found a parameter `response`",
                )
                .help("give the parameter another name");
        }
        Some(Cost::Expression(Expression { tokens, .. })) => {
            for (word, parameter) in
                [("caller", "caller: Principal"), ("request", "request: HttpRequest")]
            {
                if let Some(place) = mentioned(tokens, word).filter(|_| !is_parameter(word)) {
                    diagnostics
                        .error(
                            &place,
                            format!("`cost` expects an expression about the handler's parameters, found `{word}`"),
                        )
                        .help(format!("give the handler a parameter `{parameter}`"));
                }
            }
        }
        _ => {}
    }
}

/// With `hide`, a cost must not depend on a resource: the limit takes the permits before the rule
/// is evaluated, and its header is also on the 404.
pub(super) fn hidden_resources_cost_nothing(
    rate: &RateKey,
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let Some(Cost::Expression(Expression { tokens, .. })) = &rate.cost else { return };
    if declaration.hide.is_none() {
        return;
    }
    let resources = parameters.iter().flat_map(|parameter| {
        let names = parameter.names.iter();
        names.filter(|name| names_resource(&parameter.type_of(name).to_token_stream()))
    });
    for name in resources {
        if let Some(place) = mentioned(tokens, name) {
            diagnostics
                .error(
                    &place,
                    format!("`cost` cannot use a resource together with `hide`, found `{name}`"),
                )
                .help("`cost = response`, which the handler sets")
                .note(
                    "a 404 also carries the remaining permits, which would reveal something about \
                     the resource",
                );
        }
    }
}
