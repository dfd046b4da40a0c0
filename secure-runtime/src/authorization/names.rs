//! The names in rules.

use crate::policy::Rule;
use crate::principal::{Name, Names};

/// The name of a rule that is a single name.
pub(super) fn name_of(rule: &Rule) -> Option<Name> {
    match *rule {
        Rule::Role(name) => Some(Name::Role(name)),
        Rule::Scope(name) => Some(Name::Scope(name)),
        Rule::Permission(name) => Some(Name::Permission(name)),
        _ => None,
    }
}

/// Calls `each` with every name that the rule mentions.
pub(super) fn visit(rule: &Rule, each: &mut impl FnMut(Name)) {
    rule.each_leaf(&mut |leaf| name_of(leaf).into_iter().for_each(&mut *each));
}

/// Gives every name that the rule mentions its bit.
pub(super) fn collect(names: &mut Names, rule: &Rule) {
    visit(rule, &mut |name| names.add(name));
}
