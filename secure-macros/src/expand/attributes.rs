//! Which of the user's attributes belong to the outer function, and which to the user's own.

use syn::{Attribute, FnArg, Path, Signature, parse_quote};

use crate::known_attributes::{is_route, unfolded};
use crate::model::legal::{Asks, Endpoint};

/// Attributes that speak about the item as others see it; lint levels reach into it.
const OUTER: [&str; 9] =
    ["doc", "cfg", "deprecated", "allow", "expect", "warn", "deny", "forbid", "linkme"];

/// The attributes of the outer function, and those that stay with the user's function.
///
/// An attribute that is not known stays inside: one that wraps the function then wraps what the
/// user wrote, behind every check.
pub(crate) fn split(attributes: &[Attribute]) -> (Vec<&Attribute>, Vec<&Attribute>) {
    attributes.iter().partition(|attribute| is_outer(attribute))
}

/// The user's signature; a parameter that a rule mentions is used, whatever the function does. Which
/// ones a checker takes by their types is not seen: all of them may be.
pub(super) fn used_in_rules(endpoint: &Endpoint) -> Signature {
    let mut signature = endpoint.function.signature.clone();
    for (index, input) in signature.inputs.iter_mut().enumerate() {
        let is_asked = endpoint.questions.iter().chain(&endpoint.costs).any(|question| {
            matches!(question.asks, Asks::CheckerByType(_))
                || question.arguments.iter().any(|bound| bound.index == index)
        });
        if let FnArg::Typed(typed) = input
            && is_asked
        {
            typed.attrs.push(parse_quote!(#[allow(unused_variables)]));
        }
    }
    signature
}

fn is_outer(attribute: &Attribute) -> bool {
    unfolded(attribute).iter().any(|(meta, _)| belongs_outside(meta.path()))
}

fn belongs_outside(path: &Path) -> bool {
    is_route(path) || OUTER.iter().any(|name| path.is_ident(name))
}
