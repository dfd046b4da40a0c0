//! Rules about the tiers of a limit, and the callers that each of them counts.

use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::grammar::rate::Rate;
use crate::model::legal::Audience;
use crate::model::raw::{Quotas, RateKey, Tiers};
use crate::vocabulary::Vocabulary;

/// With one tier there is nothing to distinguish.
pub(super) fn there_are_several(rate: &RateKey, diagnostics: &mut Diagnostics) {
    let Some(tiers) = rate.tiers.as_ref().filter(|tiers| tiers.quotas.len() < 2) else { return };
    if rate.complete {
        let found = if tiers.quotas.is_empty() { "none" } else { "one" };
        diagnostics
            .error(&tiers.key, format!("`tier` expects at least two tiers, found {found}"))
            .help("`authenticated = \"100/h\"` limits every authenticated caller");
    }
}

/// An unknown tier would never match a token. A missing tier would count as the lowest one.
pub(super) fn are_those_of_the_vocabulary(
    rate: &RateKey,
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    let (Some(tiers), Some(known)) = (&rate.tiers, vocabulary.tiers()) else { return };
    let mistakes = diagnostics.count();
    for (name, _) in tiers.quotas.iter().filter(|(name, _)| !known.contains(&name.text)) {
        let diagnostic = diagnostics.error(name, format!("unknown tier `{}`", name.text));
        match nearest(&name.text, known.iter().map(String::as_str)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!(
                "expected {}",
                choices(&known.iter().map(String::as_str).collect::<Vec<_>>())
            )),
        };
        diagnostic.note(format!("{} lists the tiers", vocabulary.place()));
    }
    // A misspelt tier is not reported as missing too.
    if diagnostics.count() > mistakes || !rate.complete {
        return;
    }
    let has_a_rate = |tier: &&String| tiers.quotas.iter().any(|(name, _)| name.text == **tier);
    if let Some(missing) = known.iter().find(|tier| !has_a_rate(tier)) {
        diagnostics
            .error(
                &tiers.key,
                format!("`tier` expects a rate for every tier, `{missing}` has none"),
            )
            .note(format!("{} lists the tiers", vocabulary.place()));
    }
}

/// Each tier counts its own callers; the one with the lowest rate also counts callers without a
/// tier.
pub(super) fn audiences(tiers: &Tiers) -> Vec<(Audience, &Quotas)> {
    let least = least(tiers);
    let audience = |index: usize, name: &str| {
        let others = tiers.quotas.iter().map(|(other, _)| other.text.clone());
        match least == Some(index) {
            true => Audience::LeastTier(name.to_owned(), others.filter(|it| it != name).collect()),
            false => Audience::Tier(name.to_owned()),
        }
    };
    let tiers = tiers.quotas.iter().enumerate();
    tiers.map(|(index, (name, quotas))| (audience(index, &name.text), quotas)).collect()
}

/// The tier that admits the fewest requests in the long run; of equal ones the first.
fn least(tiers: &Tiers) -> Option<usize> {
    let slower = |a: Rate, b: Rate| if is_slower(b, a) { b } else { a };
    let paces = tiers.quotas.iter().enumerate().filter_map(|(index, (_, quotas))| {
        let rates = quotas.rates.iter().map(|window| window.rate);
        Some((index, rates.reduce(slower)?))
    });
    let least = paces.reduce(|a, b| if is_slower(b.1, a.1) { b } else { a });
    least.map(|(index, _)| index)
}

/// Whether a rate admits fewer requests than another in the long run.
fn is_slower(one: Rate, other: Rate) -> bool {
    let per = |a: Rate, b: Rate| u64::from(a.permits) * u64::from(b.window_seconds);
    per(one, other) < per(other, one)
}
