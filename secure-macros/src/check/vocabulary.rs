//! Rules about names that the vocabulary lists.

use crate::diagnostics::{Diagnostic, Diagnostics, choices, nearest};
use crate::grammar::rate::Rate;
use crate::model::legal::{Demand, Fact};
use crate::model::raw::{Declaration, Name, Names, Window};
use crate::vocabulary::{FILE, Vocabulary};

/// The most names that a message lists.
const FEW: usize = 8;

/// A name that no token can carry would silently reject everybody.
pub(super) fn names_are_known(
    fact: Fact,
    list: &Names,
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    list.names.iter().for_each(|name| name_is_known(fact, name, vocabulary, diagnostics));
}

/// The same for one name.
pub(super) fn name_is_known(
    fact: Fact,
    name: &Name,
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    let Some(known) = vocabulary.names(fact) else { return };
    let kind = fact.word();
    if !known.contains(&name.text.as_str()) {
        let diagnostic = diagnostics.error(name, format!("{} `{}`", fact.unknown(), name.text));
        suggest(diagnostic, &name.text, &known);
        diagnostic.note(format!("{} lists the {kind}s", vocabulary.place()));
    }
}

/// Replaces the names of rates by the rates of the vocabulary.
pub(super) fn explain_rates(
    declaration: &mut Declaration,
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    for rate in &mut declaration.rates {
        for quotas in rate.quotas_mut() {
            for name in std::mem::take(&mut quotas.named) {
                match windows(&name, vocabulary) {
                    Some(windows) => quotas.rates.extend(windows),
                    None => unknown_rate("rate", "100/h", &name, vocabulary, diagnostics),
                }
            }
        }
    }
    for failures in &mut declaration.failures {
        let Some(name) = failures.named.take() else { continue };
        match windows(&name, vocabulary) {
            Some(windows) => failures.rates.extend(windows),
            None => {
                failures.complete = false;
                unknown_rate("failures", "10/min", &name, vocabulary, diagnostics);
            }
        }
    }
}

/// The rates that the vocabulary gives this name.
fn windows(name: &Name, vocabulary: &Vocabulary) -> Option<Vec<Window>> {
    let named = vocabulary.rates()?.get(&name.text)?;
    let window = |rate: &Rate| Window {
        rate: *rate,
        span: name.span,
        shared: named.is_shared.then(|| name.text.clone()),
    };
    Some(named.windows.iter().map(window).collect())
}

fn unknown_rate(
    key: &str,
    example: &str,
    name: &Name,
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    let Some(rates) = vocabulary.rates() else {
        let message =
            format!("`{key}` expects a rate such as `\"{example}\"`, found `{}`", name.text);
        diagnostics
            .error(name, message)
            .note(format!("only rates in the table `[rates]` of a `{FILE}` have names"));
        return;
    };
    let diagnostic = diagnostics.error(name, format!("unknown rate `{}`", name.text));
    suggest(diagnostic, &name.text, &rates.keys().map(String::as_str).collect::<Vec<_>>());
    diagnostic.note(format!("{} lists the rates", vocabulary.place()));
}

/// Suggests the nearest name, or all names if they are few.
pub(super) fn suggest(diagnostic: &mut Diagnostic, found: &str, known: &[&str]) {
    if let Some(near) = nearest(found, known.iter().copied()) {
        diagnostic.help(format!("did you mean `{near}`?"));
    } else if !known.is_empty() && known.len() <= FEW {
        diagnostic.help(format!("expected {}", choices(known)));
    }
}

/// The demand for a name, with every role that satisfies it.
pub(super) fn demand(fact: Fact, name: &str, vocabulary: &Vocabulary) -> Demand {
    let roles = vocabulary.roles_that_imply(fact, name);
    let roles = roles.into_iter().map(str::to_owned).collect();
    Demand { name: name.to_owned(), roles }
}
