//! Tests of the whole attribute: what it expands to, and that nothing makes it panic.

mod allow;
mod bodies;
mod editors;
mod enum_variants;
mod fidelity;
mod grammar;
mod hierarchy;
mod layers;
mod modules;
mod policy_members;
mod redundant_clauses;
mod reference;
mod shared;
mod snapshots;
mod step_up;

use proc_macro2::TokenStream;

use crate::diagnostics::{Diagnostics, Report};
use crate::model::legal::Endpoint;
use crate::vocabulary::Vocabulary;
use crate::{check, parse};

/// The endpoint of an attribute on a function, or every mistake.
fn endpoint(arguments: &str, item: &str) -> Result<Endpoint, Report> {
    endpoint_with(&Vocabulary::default(), arguments, item)
}

/// The same in a crate with a vocabulary.
fn endpoint_with(vocabulary: &Vocabulary, arguments: &str, item: &str) -> Result<Endpoint, Report> {
    let arguments: TokenStream = arguments.parse().unwrap();
    let item: TokenStream = item.parse().unwrap();
    Diagnostics::gather(|diagnostics| {
        let layers = parse::layers(arguments, diagnostics);
        let function = parse::function(item, diagnostics)?;
        check::endpoint(layers, function, vocabulary, diagnostics)
    })
}
