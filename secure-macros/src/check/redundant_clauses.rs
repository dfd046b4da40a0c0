//! Rules about clauses without an effect, because the role hierarchy of the vocabulary makes
//! another clause imply them.
//!
//! A rule is a conjunction of clauses. A clause is satisfied by any of its atoms, without negation.
//! One clause implies another exactly if its atoms are a subset of the other's.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::ToTokens;

use crate::diagnostics::Diagnostics;
use crate::model::legal::{Atom, Fact, Requirement};
use crate::model::raw::{Combine, Declaration, Names};

/// A clause of the rule.
struct Clause<'a> {
    place: TokenStream,
    shown: String,
    atoms: BTreeSet<Atom<'a>>,
}

/// `roles = any("viewer", "admin")`, where admin includes viewer.
pub(super) fn no_alternative_is_admitted_already(
    declaration: &Declaration,
    requirements: &[Requirement],
    diagnostics: &mut Diagnostics,
) {
    for ((_, list), requirement) in declaration.demands.iter().zip(requirements) {
        if requirement.combine != Combine::Any {
            continue;
        }
        let alternatives: Vec<BTreeSet<Atom<'_>>> = alternatives(requirement).collect();
        for (index, (name, narrow)) in list.names.iter().zip(&alternatives).enumerate() {
            let mut others = list.names.iter().zip(&alternatives).enumerate();
            let wider = others.find(|(other, (_, wide))| *other != index && narrow.is_subset(wide));
            if let Some((_, (wider, _))) = wider {
                let message =
                    format!("`{}` has no effect: it includes `{}`", name.text, wider.text);
                diagnostics.error(name, message).help(format!("remove `{:?}`", name.text));
            }
        }
    }
}

/// `roles = all("viewer", "admin")`, or `roles = "admin", permissions = "orders:read"`, where admin
/// includes all of it.
pub(super) fn no_demand_is_met_already(
    declaration: &Declaration,
    requirements: &[Requirement],
    diagnostics: &mut Diagnostics,
) {
    let lists = declaration.demands.iter();
    let clauses: Vec<Clause<'_>> = lists
        .zip(requirements)
        .flat_map(|((fact, list), requirement)| clauses(*fact, list, requirement))
        .collect();
    for (index, clause) in clauses.iter().enumerate() {
        let mut others = clauses.iter().enumerate();
        let met_by = others.find(|(other, it)| {
            *other != index
                && it.atoms.is_subset(&clause.atoms)
                // If two clauses are equal, only the second is reported.
                && (it.atoms.len() < clause.atoms.len() || *other < index)
        });
        if let Some((_, met_by)) = met_by {
            let message = format!("{} has no effect: {} implies it", clause.shown, met_by.shown);
            diagnostics.error(&clause.place, message).help("remove one of the two");
        }
    }
}

fn clauses<'a>(fact: Fact, list: &Names, requirement: &'a Requirement) -> Vec<Clause<'a>> {
    let key = fact.word();
    if requirement.combine == Combine::Any {
        let shown = format!("`{} = {}`", list.key, list.value);
        let atoms = alternatives(requirement).flatten().collect();
        return vec![Clause { place: list.value.clone(), shown, atoms }];
    }
    let names = list.names.iter().zip(alternatives(requirement));
    let clause = |(name, atoms): (&crate::model::raw::Name, _)| Clause {
        place: name.to_token_stream(),
        shown: format!("the {key} `{}`", name.text),
        atoms,
    };
    names.map(clause).collect()
}

/// The atoms that satisfy each demand.
fn alternatives(requirement: &Requirement) -> impl Iterator<Item = BTreeSet<Atom<'_>>> {
    requirement.demands.iter().map(|demand| demand.alternatives(requirement.fact).collect())
}
