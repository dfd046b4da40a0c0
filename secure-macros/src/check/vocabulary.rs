//! Rules about names that the vocabulary lists.

use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::model::legal::{Demand, Fact};
use crate::model::raw::Names;
use crate::vocabulary::Vocabulary;

/// As many names as a message still lists.
const FEW: usize = 8;

/// A name that no token can carry would refuse everybody, silently.
pub(super) fn names_are_known(
    fact: Fact,
    list: &Names,
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    let Some(known) = vocabulary.names(fact) else { return };
    let kind = word(fact);
    for name in list.names.iter().filter(|name| !known.contains(&name.text.as_str())) {
        let diagnostic = diagnostics.error(name, format!("unknown {kind} `{}`", name.text));
        if let Some(near) = nearest(&name.text, known.iter().copied()) {
            diagnostic.help(format!("did you mean `{near}`?"));
        } else if !known.is_empty() && known.len() <= FEW {
            diagnostic.help(format!("the {kind}s are {}", choices(&known)));
        }
        diagnostic.note(format!("{} lists the {kind}s", vocabulary.place()));
    }
}

/// What satisfies the demand for a name: the name itself, and every role that stands for it.
pub(super) fn demand(fact: Fact, name: &str, vocabulary: &Vocabulary) -> Demand {
    let roles = vocabulary.roles_that_imply(fact, name);
    let roles = roles.into_iter().map(str::to_owned).collect();
    Demand { name: name.to_owned(), roles }
}

fn word(fact: Fact) -> &'static str {
    match fact {
        Fact::Role => "role",
        Fact::Scope => "scope",
        Fact::Permission => "permission",
    }
}
