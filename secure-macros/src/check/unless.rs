//! Rules about `unless`: the callers whose requests a limit does not count.

use quote::ToTokens;

use super::allow::name_of_part_is_known;
use super::vocabulary::demand;
use crate::diagnostics::Diagnostics;
use crate::model::condition::{Condition, ConditionKind};
use crate::model::legal::Clause;
use crate::model::raw::RateKey;
use crate::vocabulary::Vocabulary;

/// The exempt callers must be evident: grants of the caller, and networks.
pub(super) fn uses_grants_and_networks(
    rate: &RateKey,
    known: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    let Some(condition) = &rate.unless else { return };
    condition.each(&mut |part| match &part.kind {
        ConditionKind::All(_) | ConditionKind::Any(_) | ConditionKind::Not(_) => {}
        ConditionKind::Address(_) => {}
        ConditionKind::Fact(..) => name_of_part_is_known(part, known, diagnostics),
        _ => {
            let found = part.tokens.to_token_stream().to_string();
            diagnostics
                .error(
                    &part.tokens,
                    format!(
                        "`unless` expects roles, scopes, permissions or networks, found `{found}`"
                    ),
                )
                .help("`role(\"…\")`, `scope(\"…\")`, `permission(\"…\")` or `address in \"…\"`")
                .note("the client can choose everything else in its request");
        }
    });
}

/// A public endpoint ignores credentials, so it knows no grants.
pub(super) fn public_spares_networks_alone(rate: &RateKey, diagnostics: &mut Diagnostics) {
    let Some(condition) = &rate.unless else { return };
    condition.each(&mut |part| {
        if let ConditionKind::Fact(fact, _) = &part.kind {
            let word = fact.word();
            diagnostics
                .error(&part.tokens, format!("`public` cannot be combined with `{word}`"))
                .help("remove one of the two")
                .note("a public endpoint ignores credentials");
        }
    });
}

/// The condition as a clause of a rule.
pub(super) fn clause(rate: &RateKey, known: &Vocabulary) -> Option<Clause> {
    rate.unless.as_ref().map(|condition| legal(condition, known))
}

fn legal(condition: &Condition, known: &Vocabulary) -> Clause {
    let list = |parts: &[Condition]| parts.iter().map(|part| legal(part, known)).collect();
    match &condition.kind {
        ConditionKind::All(parts) => Clause::All(list(parts)),
        ConditionKind::Any(parts) => Clause::Any(list(parts)),
        ConditionKind::Not(part) => Clause::Not(Box::new(legal(part, known))),
        ConditionKind::Fact(fact, name) => Clause::Demand(*fact, demand(*fact, &name.text, known)),
        ConditionKind::Address(networks) => Clause::Address(networks.clone()),
        // A mistake of its own; it would exempt nobody.
        _ => Clause::Any(Vec::new()),
    }
}
