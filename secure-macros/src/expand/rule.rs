//! The rule as constant data: lists of names, and what `allow` and `check` say.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::hours::Hours;
use crate::model::legal::{Atom, Clause, Endpoint, Fact, Requirement};
use crate::model::raw::Combine;

/// Everything that must hold; `None` if nothing must.
pub(super) fn rule(endpoint: &Endpoint) -> Option<TokenStream> {
    let policy = &endpoint.policy;
    let lists = policy.requirements.iter().map(requirement);
    let clauses = policy.clauses.iter().map(|part| clause(endpoint, part));
    let mut parts: Vec<TokenStream> = lists.chain(clauses).collect();
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(quote!(secure::Rule::All(&[#(#parts),*]))),
    }
}

fn clause(endpoint: &Endpoint, part: &Clause) -> TokenStream {
    let list = |parts: &[Clause]| -> Vec<TokenStream> {
        parts.iter().map(|part| clause(endpoint, part)).collect()
    };
    match part {
        Clause::All(parts) => {
            let parts = list(parts);
            quote!(secure::Rule::All(&[#(#parts),*]))
        }
        Clause::Any(parts) => {
            let parts = list(parts);
            quote!(secure::Rule::Any(&[#(#parts),*]))
        }
        Clause::Not(part) => {
            let part = clause(endpoint, part);
            quote!(secure::Rule::Not(&#part))
        }
        Clause::Demand(fact, demand) => any(demand.alternatives(*fact)),
        Clause::Authenticator(name) => quote!(secure::Rule::Authenticator(#name)),
        Clause::Address(networks) => quote!(secure::Rule::Address(&[#(#networks),*])),
        Clause::Time(Hours { days, start, end, zone }) => quote! {
            secure::Rule::Time(secure::Hours { days: #days, start: #start, end: #end, zone: #zone })
        },
        Clause::Question(number) => question(endpoint, *number),
    }
}

fn question(endpoint: &Endpoint, number: usize) -> TokenStream {
    let Some(question) = endpoint.questions.get(number) else {
        return quote!(secure::Rule::Any(&[]));
    };
    let (number, text) = (u8::try_from(number).unwrap_or(u8::MAX), &question.text);
    let needs_arguments = question.needs_arguments();
    quote!(secure::expression(#number, #needs_arguments, #text))
}

fn requirement(requirement: &Requirement) -> TokenStream {
    let Requirement { fact, combine, demands } = requirement;
    match combine {
        // Of several that suffice alone, all alternatives do: one flat list.
        Combine::One | Combine::Any => {
            any(demands.iter().flat_map(|demand| demand.alternatives(*fact)))
        }
        Combine::All => {
            let demands = demands.iter().map(|demand| any(demand.alternatives(*fact)));
            quote!(secure::Rule::All(&[#(#demands),*]))
        }
    }
}

/// Any of these, each of them once.
fn any<'a>(atoms: impl Iterator<Item = Atom<'a>>) -> TokenStream {
    let mut distinct: Vec<Atom<'a>> = Vec::new();
    for atom in atoms {
        if !distinct.contains(&atom) {
            distinct.push(atom);
        }
    }
    let atoms: Vec<TokenStream> = distinct.into_iter().map(atom).collect();
    match atoms.as_slice() {
        [only] => only.clone(),
        several => quote!(secure::Rule::Any(&[#(#several),*])),
    }
}

fn atom((fact, name): Atom<'_>) -> TokenStream {
    match fact {
        Fact::Role => quote!(secure::Rule::Role(#name)),
        Fact::Scope => quote!(secure::Rule::Scope(#name)),
        Fact::Permission => quote!(secure::Rule::Permission(#name)),
    }
}
