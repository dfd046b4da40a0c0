//! Resolves names that are written as enum variants to the names of the vocabulary.
//!
//! The vocabulary identifies a name by the variant's identifier. Only the compiler can check that
//! the enum is one of `vocabulary!`: [`crate::expand`] generates an assertion.

use super::vocabulary::suggest;
use crate::diagnostics::{Diagnostics, choices};
use crate::model::condition::{Condition, ConditionKind};
use crate::model::layers::Layer;
use crate::model::legal::{Fact, VariantName};
use crate::model::raw::{Declaration, EnumVariant, Name};
use crate::parse::tokens::word_of;
use crate::vocabulary::{FILE, Vocabulary, variant};

/// Replaces variants by the names of the vocabulary. A demand with an unknown variant is removed,
/// so that it is reported once.
pub(super) fn explain(layer: &mut Layer, known: &Vocabulary, diagnostics: &mut Diagnostics) {
    let mistakes = diagnostics.count();
    let Declaration { demands, allow, rates, .. } = &mut layer.declaration;
    demands.retain_mut(|(fact, list)| {
        let mistakes = diagnostics.count();
        list.names.iter_mut().for_each(|name| explain_name(*fact, name, known, diagnostics));
        diagnostics.count() == mistakes
    });
    allow.retain_mut(|allow| is_explained(&mut allow.condition, known, diagnostics));
    for rate in rates {
        rate.complete &= rate.unless.as_mut().is_none_or(|it| is_explained(it, known, diagnostics));
        rate.unless.take_if(|_| !rate.complete);
    }
    if diagnostics.count() > mistakes {
        layer.declaration.rule_unclear = true;
        layer.is_whole = false;
    }
}

/// The variants that the compiler must check.
pub(super) fn names(declaration: &Declaration) -> Vec<VariantName> {
    let mut found = Vec::new();
    let demands = declaration.demands.iter();
    let demanded = demands.flat_map(|(fact, list)| list.names.iter().map(|name| (*fact, name)));
    found.extend(demanded.filter_map(|(fact, name)| variant_name(fact, name)));
    let unless = declaration.rates.iter().filter_map(|rate| rate.unless.as_ref());
    for condition in declaration.allow.iter().map(|allow| &allow.condition).chain(unless) {
        condition.each(&mut |part| {
            if let ConditionKind::Fact(fact, name) = &part.kind {
                found.extend(variant_name(*fact, name));
            }
        });
    }
    found
}

fn variant_name(fact: Fact, name: &Name) -> Option<VariantName> {
    let variant = name.enum_variant.as_deref()?.clone();
    Some(VariantName { fact, name: name.text.clone(), variant })
}

fn is_explained(
    condition: &mut Condition,
    known: &Vocabulary,
    diagnostics: &mut Diagnostics,
) -> bool {
    let mistakes = diagnostics.count();
    match &mut condition.kind {
        ConditionKind::All(parts) | ConditionKind::Any(parts) => {
            parts.iter_mut().for_each(|part| {
                is_explained(part, known, diagnostics);
            })
        }
        ConditionKind::Not(part) => {
            is_explained(part, known, diagnostics);
        }
        ConditionKind::Fact(fact, name) => explain_name(*fact, name, known, diagnostics),
        _ => {}
    }
    diagnostics.count() == mistakes
}

fn explain_name(fact: Fact, name: &mut Name, known: &Vocabulary, diagnostics: &mut Diagnostics) {
    let Some(EnumVariant { variant: written, .. }) = name.enum_variant.as_deref() else { return };
    let (written, kind) = (word_of(written).text, fact.word());
    let Some(names) = known.names(fact) else {
        let message = format!("`{written}` expects a list of all {kind}s, found none");
        let help = format!(
            "add {} in a `{FILE}`, or write the name itself: `\"…\"`",
            fact.example_of_a_list()
        );
        diagnostics
            .error(&*name, message)
            .help(help)
            .note("an attribute cannot see values: it finds the name of a variant in the list");
        return;
    };
    let meant: Vec<&str> =
        names.iter().copied().filter(|it| variant(it).as_ref() == Some(&written)).collect();
    match meant.as_slice() {
        [only] => name.text = (*only).to_owned(),
        [] => {
            let variants: Vec<String> = names.iter().filter_map(|name| variant(name)).collect();
            let variants: Vec<&str> = variants.iter().map(String::as_str).collect();
            let diagnostic = diagnostics.error(&*name, format!("{} `{written}`", fact.unknown()));
            suggest(diagnostic, &written, &variants);
            diagnostic.note(format!("{} lists the {kind}s", known.place()));
        }
        several => {
            let message = format!("`{written}` is ambiguous: it may be {}", choices(several));
            diagnostics.error(&*name, message).help("write the name itself, as a string literal");
        }
    }
}
