//! Splits the user's attributes between the outer function and the user's own function.

use syn::{Attribute, FnArg, Path, Signature, parse_quote};

use crate::known_attributes::{is_route, unfolded};
use crate::model::legal::{Endpoint, Evaluated};

/// Attributes about the item as seen from outside; lint levels also apply inside.
const OUTER: [&str; 9] =
    ["doc", "cfg", "deprecated", "allow", "expect", "warn", "deny", "forbid", "linkme"];

/// The attributes of the outer function, and those of the user's function.
///
/// An unknown attribute stays inside: if it wraps the function, it wraps the user's code, after
/// every check.
pub(crate) fn split(attributes: &[Attribute]) -> (Vec<&Attribute>, Vec<&Attribute>) {
    attributes.iter().partition(|attribute| is_outer(attribute))
}

/// The user's signature. A parameter that a rule uses counts as used, even if the function ignores
/// it. If a checker takes arguments by type, all parameters count as used.
pub(super) fn used_in_rules(endpoint: &Endpoint) -> Signature {
    let mut signature = endpoint.function.signature.clone();
    for (index, input) in signature.inputs.iter_mut().enumerate() {
        let is_used = endpoint.rule_expressions.iter().chain(&endpoint.costs).any(|question| {
            matches!(question.evaluated, Evaluated::CheckerByType(_))
                || question.arguments.iter().any(|bound| bound.index == index)
        });
        if let FnArg::Typed(typed) = input
            && is_used
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
