//! Finds rules that are always false or always true, and parts of rules without an effect.
//!
//! 1. A rule is a Boolean function of its atoms: the names in a token (with the role hierarchy
//!    folded in), authenticators, networks, hours, and expressions by their text.
//! 2. Atoms are taken as independent, with two exceptions: at least one of the authenticators has
//!    accepted, and networks and hours may contain each other or be disjoint. So a result holds for
//!    every request.
//! 3. Rules of more than [`MOST_ATOMS`] atoms are not analysed.

use std::collections::BTreeMap;

use super::containment::Relation;
use super::expression_variables::mentioned;
use super::{allow, containment};
use crate::diagnostics::Diagnostics;
use crate::model::condition::{Condition, ConditionKind};
use crate::model::hours::Hours;
use crate::model::legal::{Fact, Requirement};
use crate::model::raw::{Combine, Declaration, Names};
use crate::vocabulary::Vocabulary;

/// The most atoms whose combinations are all tried.
const MOST_ATOMS: usize = 14;

/// A Boolean function of numbered atoms.
#[derive(Clone, Debug)]
enum Formula {
    Constant(bool),
    Atom(usize),
    Not(Box<Formula>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

impl Formula {
    /// Its value, if the assigned atoms determine it.
    fn value(&self, assigned: &[bool]) -> Option<bool> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::Atom(atom) => assigned.get(*atom).copied(),
            Self::Not(inner) => inner.value(assigned).map(|value| !value),
            Self::All(parts) => decided(parts, assigned, false),
            Self::Any(parts) => decided(parts, assigned, true),
        }
    }
}

/// One part with the deciding value determines the result; otherwise all must be known.
fn decided(parts: &[Formula], assigned: &[bool], deciding: bool) -> Option<bool> {
    let mut all_known = true;
    for part in parts {
        match part.value(assigned) {
            Some(value) if value == deciding => return Some(deciding),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!deciding)
}

/// The atoms of an attribute, and the constraints between them.
struct Atoms<'a> {
    numbers: BTreeMap<String, usize>,
    vocabulary: &'a Vocabulary,
    networks: Vec<(Formula, Vec<String>)>,
    hours: Vec<(Formula, Hours)>,
    /// Expressions that use the caller.
    about_the_caller: Vec<Formula>,
    /// Formulas that are true of every request.
    given: Vec<Formula>,
}

impl<'a> Atoms<'a> {
    fn new(vocabulary: &'a Vocabulary) -> Self {
        Self {
            numbers: BTreeMap::new(),
            vocabulary,
            networks: Vec::new(),
            hours: Vec::new(),
            about_the_caller: Vec::new(),
            given: Vec::new(),
        }
    }

    fn atom(&mut self, key: String) -> Formula {
        let next = self.numbers.len();
        Formula::Atom(*self.numbers.entry(key).or_insert(next))
    }

    fn demand(&mut self, fact: Fact, name: &str) -> Formula {
        let demand = super::vocabulary::demand(fact, name, self.vocabulary);
        let atoms = demand.alternatives(fact).map(|(fact, name)| format!("{fact:?} {name}"));
        Formula::Any(atoms.map(|key| self.atom(key)).collect())
    }

    fn formula(&mut self, condition: &Condition) -> Formula {
        match &condition.kind {
            ConditionKind::All(parts) => {
                Formula::All(parts.iter().map(|part| self.formula(part)).collect())
            }
            ConditionKind::Any(parts) => {
                Formula::Any(parts.iter().map(|part| self.formula(part)).collect())
            }
            ConditionKind::Not(part) => Formula::Not(Box::new(self.formula(part))),
            ConditionKind::Fact(fact, name) => self.demand(*fact, &name.text),
            ConditionKind::Authenticator(name) => self.authenticator(&name.text),
            ConditionKind::Address(networks) => {
                let atom = self.atom(format!("address {networks:?}"));
                self.networks.push((atom.clone(), networks.clone()));
                atom
            }
            ConditionKind::Time(hours) => {
                let atom = self.atom(format!("time {hours:?}"));
                self.hours.push((atom.clone(), hours.clone()));
                atom
            }
            ConditionKind::Constant(value) => Formula::Constant(*value),
            ConditionKind::Expression => {
                let atom = self.atom(format!("expression {}", condition.tokens));
                if mentioned(&condition.tokens, "caller").is_some() {
                    self.about_the_caller.push(atom.clone());
                }
                atom
            }
        }
    }

    fn authenticator(&mut self, name: &str) -> Formula {
        self.atom(format!("authenticator {name}"))
    }

    fn requirement(&mut self, requirement: &Requirement) -> Formula {
        let demands = requirement.demands.iter();
        let parts = demands.map(|demand| self.demand(requirement.fact, &demand.name)).collect();
        match requirement.combine {
            Combine::All => Formula::All(parts),
            Combine::One | Combine::Any => Formula::Any(parts),
        }
    }

    /// Adds the relations between networks and between hours.
    fn relate(&mut self) {
        let (networks, hours) =
            (std::mem::take(&mut self.networks), std::mem::take(&mut self.hours));
        self.given.extend(related(&networks, |one, other| containment::of_networks(one, other)));
        self.given.extend(related(&hours, containment::of_hours));
        let always = hours.into_iter().filter(|(_, hours)| containment::is_always(hours));
        self.given.extend(always.map(|(atom, _)| atom));
    }

    /// No atom about a name in the token is true.
    fn nameless(&self) -> Formula {
        let other_prefixes = ["address ", "time ", "expression "];
        let of_names = self
            .numbers
            .iter()
            .filter(|(key, _)| !other_prefixes.iter().any(|it| key.starts_with(it)));
        let atoms = of_names.map(|(_, number)| Formula::Not(Box::new(Formula::Atom(*number))));
        Formula::All(atoms.collect())
    }

    /// Whether some request gives the formula this value.
    fn can_be(&self, formula: &Formula, value: bool) -> bool {
        let given = Formula::All(self.given.clone());
        let wanted = if value { formula.clone() } else { Formula::Not(Box::new(formula.clone())) };
        satisfiable(&Formula::All(vec![given, wanted]), &mut Vec::new(), self.numbers.len())
    }

    /// Whether both have the same value for every request.
    fn are_equal(&self, left: &Formula, right: &Formula) -> bool {
        let differ = |one: &Formula, other: &Formula| {
            Formula::All(vec![one.clone(), Formula::Not(Box::new(other.clone()))])
        };
        !self.can_be(&differ(left, right), true) && !self.can_be(&differ(right, left), true)
    }
}

/// The constraints from the relation of every two of them.
fn related<T>(
    atoms: &[(Formula, T)],
    relation: impl Fn(&T, &T) -> Option<Relation>,
) -> Vec<Formula> {
    let not = |formula: &Formula| Formula::Not(Box::new(formula.clone()));
    let mut found = Vec::new();
    for (index, (one, first)) in atoms.iter().enumerate() {
        for (other, second) in atoms.iter().skip(index + 1) {
            match relation(first, second) {
                Some(Relation::Within) => found.push(Formula::Any(vec![not(one), other.clone()])),
                Some(Relation::Around) => found.push(Formula::Any(vec![not(other), one.clone()])),
                Some(Relation::Apart) => found.push(Formula::Any(vec![not(one), not(other)])),
                None => {}
            }
        }
    }
    found
}

fn satisfiable(formula: &Formula, assigned: &mut Vec<bool>, atoms: usize) -> bool {
    match formula.value(assigned) {
        Some(value) => value,
        None if assigned.len() >= atoms => false,
        None => [true, false].into_iter().any(|value| {
            assigned.push(value);
            let found = satisfiable(formula, assigned, atoms);
            assigned.pop();
            found
        }),
    }
}

/// `allow` has an effect, and so has each of its parts.
pub(super) fn every_part_decides(
    declaration: &Declaration,
    requirements: &[Requirement],
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    let [only] = declaration.allow.as_slice() else { return };
    let condition = &only.condition;
    let mut atoms = Atoms::new(vocabulary);
    let lists: Vec<Formula> = requirements.iter().map(|it| atoms.requirement(it)).collect();
    let allow = atoms.formula(condition);
    if let Some((used, all)) = allow::authenticators(declaration.auth.as_ref()) {
        let used = used.iter().map(|name| atoms.authenticator(&name.text)).collect();
        atoms.given.push(if all { Formula::All(used) } else { Formula::Any(used) });
    }
    atoms.relate();
    if atoms.numbers.len() > MOST_ATOMS {
        return;
    }
    let lists = Formula::All(lists);
    let whole = Formula::All(vec![lists.clone(), allow.clone()]);
    if !atoms.can_be(&allow, true) {
        diagnostics
            .error(&condition.tokens, "`allow` is always false: no request satisfies it")
            .note("nobody could use the endpoint");
    } else if !atoms.can_be(&allow, false) {
        diagnostics
            .error(&condition.tokens, "`allow` is always true: every request satisfies it")
            .help("remove it, or write the intended condition");
    } else if !atoms.can_be(&whole, true) {
        diagnostics
            .error(
                &condition.tokens,
                "`allow` contradicts the other keys: nobody satisfies all of them",
            )
            .note("nobody could use the endpoint");
    } else if atoms.are_equal(&whole, &lists) {
        diagnostics
            .error(
                &condition.tokens,
                "`allow` has no effect: the other keys already demand all of it",
            )
            .help("remove it");
    } else if let Some(open) = open_to_nobody(declaration, &mut atoms, &whole) {
        let message = format!("`{open}` admits anonymous callers, and `allow` rejects all of them");
        let help = match open {
            "auth = optional" => "remove `auth = optional`",
            _ => "`any(…)` instead of `lenient(…)`",
        };
        diagnostics.error(&condition.tokens, message).help(help);
    } else if let Some(idle) =
        redundant_part(condition, &mut atoms, &|part| Formula::All(vec![lists.clone(), part]))
    {
        diagnostics
            .error(&idle.tokens, "this part of `allow` has no effect: the other parts imply it")
            .help("remove it, or write the intended condition");
    } else if let Some(list) = redundant_list(declaration, requirements, &mut atoms, &allow, &whole)
    {
        let message = format!("`{} = {}` has no effect: `allow` implies it", list.key, list.value);
        diagnostics.error(&list.value, message).help("remove one of the two");
    }
}

/// A list of names that `allow` implies.
fn redundant_list<'a>(
    declaration: &'a Declaration,
    requirements: &[Requirement],
    atoms: &mut Atoms<'_>,
    allow: &Formula,
    whole: &Formula,
) -> Option<&'a Names> {
    let mut lists = declaration.demands.iter().enumerate();
    let idle = lists.find(|(index, _)| {
        let others = requirements.iter().enumerate().filter(|(other, _)| other != index);
        let mut parts: Vec<Formula> = others.map(|(_, it)| atoms.requirement(it)).collect();
        parts.push(allow.clone());
        atoms.are_equal(&Formula::All(parts), whole)
    });
    idle.map(|(_, (_, list))| list)
}

/// If the endpoint admits anonymous callers but `allow` rejects all of them, the setting that
/// admits them.
fn open_to_nobody(
    declaration: &Declaration,
    atoms: &mut Atoms<'_>,
    whole: &Formula,
) -> Option<&'static str> {
    let open = declaration.auth.as_ref().and_then(Names::admits_anonymous)?;
    let anonymous = Formula::All(vec![atoms.nameless(), whole.clone()]);
    (!atoms.can_be(&anonymous, true)).then_some(open)
}

/// The merged rules of all layers admit some caller.
pub(super) fn somebody_passes(
    declaration: &Declaration,
    requirements: &[Requirement],
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    let Some(innermost) = declaration.allow.last() else { return };
    let mut atoms = Atoms::new(vocabulary);
    let mut parts: Vec<Formula> = requirements.iter().map(|it| atoms.requirement(it)).collect();
    parts.extend(declaration.allow.iter().map(|allow| atoms.formula(&allow.condition)));
    atoms.relate();
    if atoms.numbers.len() <= MOST_ATOMS && !atoms.can_be(&Formula::All(parts), true) {
        diagnostics
            .error(
                &innermost.condition.tokens,
                "`allow` contradicts the policies around it: nobody satisfies all of them",
            )
            .note("nobody could use the endpoint");
    }
}

/// Whether a rule admits callers without any demand: no name, and no expression.
pub(super) fn admits_any_caller(declaration: &Declaration) -> bool {
    let vocabulary = Vocabulary::default();
    let mut atoms = Atoms::new(&vocabulary);
    let rules = declaration.allow.iter().map(|allow| atoms.formula(&allow.condition)).collect();
    let rules = Formula::All(rules);
    let unknown = atoms.about_the_caller.iter().map(|atom| Formula::Not(Box::new(atom.clone())));
    let anybody = unknown.chain([atoms.nameless(), rules]).collect();
    atoms.numbers.len() > MOST_ATOMS || atoms.can_be(&Formula::All(anybody), true)
}

/// A part that can be removed without an effect: the largest, and of several the last.
fn redundant_part<'a>(
    condition: &'a Condition,
    atoms: &mut Atoms<'_>,
    within: &dyn Fn(Formula) -> Formula,
) -> Option<&'a Condition> {
    let (parts, is_all) = match &condition.kind {
        ConditionKind::All(parts) => (parts, true),
        ConditionKind::Any(parts) => (parts, false),
        ConditionKind::Not(part) => {
            return redundant_part(part, atoms, &|formula| within(Formula::Not(Box::new(formula))));
        }
        _ => return None,
    };
    let combined = |formulas| if is_all { Formula::All(formulas) } else { Formula::Any(formulas) };
    let formulas: Vec<Formula> = parts.iter().map(|part| atoms.formula(part)).collect();
    let whole = within(combined(formulas.clone()));
    for (index, part) in parts.iter().enumerate().rev() {
        let mut rest = formulas.clone();
        rest.remove(index);
        if atoms.are_equal(&within(combined(rest)), &whole) {
            return Some(part);
        }
    }
    parts.iter().enumerate().find_map(|(index, part)| {
        redundant_part(part, atoms, &|formula| {
            let mut formulas = formulas.clone();
            if let Some(place) = formulas.get_mut(index) {
                *place = formula;
            }
            within(combined(formulas))
        })
    })
}
