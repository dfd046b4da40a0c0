//! Rules about step-up: `fresh`, `acr` and `amr` (RFC 9470).

use crate::diagnostics::Diagnostics;
use crate::model::legal::StepUp;
use crate::model::raw::{Combine, Declaration, Names};

/// A token names one authentication context class, so it can never satisfy all of several.
pub(super) fn one_class_is_met(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    let Some(acr) = declaration.acr.as_ref().filter(|acr| acr.combine == Combine::All) else {
        return;
    };
    let names: Vec<String> = acr.names.iter().map(|name| format!("{:?}", name.text)).collect();
    diagnostics
        .error(&acr.value, "`acr` expects `any`, found `all`")
        .help(format!("`acr = any({})`", names.join(", ")))
        .note("a token names one authentication context class");
}

/// The challenge lists the classes for clients, and its syntax has only these characters.
pub(super) fn classes_fit_the_challenge(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    for name in declaration.acr.iter().flat_map(|acr| &acr.names) {
        if !name.text.is_ascii() {
            let message = format!("`acr` expects ASCII characters, found `{:?}`", name.text);
            diagnostics
                .error(name, message)
                .note("the value is sent to the client in a challenge (RFC 9470 section 3)");
        }
    }
}

/// Whether a step-up key is given.
pub(super) fn is_demanded(declaration: &Declaration) -> bool {
    let Declaration { fresh, acr, amr, .. } = declaration;
    fresh.is_some() || acr.is_some() || !amr.is_empty()
}

/// The merged step-up demands.
pub(super) fn demanded(declaration: &Declaration) -> Option<StepUp> {
    let Declaration { fresh, acr, amr, .. } = declaration;
    // Layers may repeat a list.
    let mut lists: Vec<Vec<String>> = Vec::new();
    for list in amr.iter().flat_map(one_of_each) {
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    is_demanded(declaration).then(|| StepUp {
        max_age_seconds: fresh.as_ref().map(|fresh| fresh.age.0),
        acr: acr.iter().flat_map(texts).collect(),
        amr: lists,
    })
}

/// The lists of which one value each must match: `all` becomes several lists of one.
fn one_of_each(names: &Names) -> Vec<Vec<String>> {
    match names.combine {
        Combine::One | Combine::Any => vec![texts(names).collect()],
        Combine::All => texts(names).map(|name| vec![name]).collect(),
    }
}

fn texts(names: &Names) -> impl Iterator<Item = String> {
    names.names.iter().map(|name| name.text.clone())
}
