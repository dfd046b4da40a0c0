//! Writes the rule into the text of the policy: lists of names, `allow` and `check`.

use super::json;
use crate::model::hours::Hours;
use crate::model::legal::{Atom, Clause, Endpoint, Fact, Requirement};
use crate::model::raw::Combine;
use crate::policy_members as members;

/// The whole rule; `None` if there is none.
pub(super) fn rule(endpoint: &Endpoint) -> Option<String> {
    let policy = &endpoint.policy;
    let lists = policy.requirements.iter().map(requirement);
    let clauses = policy.clauses.iter().map(|part| clause(endpoint, part));
    let mut parts: Vec<String> = lists.chain(clauses).collect();
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(json::named(members::ALL, &json::list(parts))),
    }
}

pub(super) fn clause(endpoint: &Endpoint, part: &Clause) -> String {
    let list = |parts: &[Clause]| json::list(parts.iter().map(|part| clause(endpoint, part)));
    match part {
        Clause::All(parts) => json::named(members::ALL, &list(parts)),
        Clause::Any(parts) => json::named(members::ANY, &list(parts)),
        Clause::Not(part) => json::named(members::NOT, &clause(endpoint, part)),
        Clause::Demand(fact, demand) => any(demand.alternatives(*fact)),
        Clause::Authenticator(name) => json::named(members::AUTHENTICATOR, &json::string(name)),
        Clause::Address(networks) => json::named(members::ADDRESS, &json::strings(networks)),
        Clause::Time(Hours { days, start, end, zone }) => {
            let zone = json::string(zone);
            json::named(members::TIME, &format!("[{days},{start},{end},{zone}]"))
        }
        Clause::AppExpression(number) => question(endpoint, *number),
    }
}

fn question(endpoint: &Endpoint, number: usize) -> String {
    let Some(question) = endpoint.rule_expressions.get(number) else {
        return json::named(members::ANY, "[]");
    };
    let (needs, text) = (question.needs(endpoint.bodies), json::string(&question.text));
    json::named(members::EXPRESSION, &format!("[{number},\"{needs}\",{text}]"))
}

fn requirement(requirement: &Requirement) -> String {
    let Requirement { fact, combine, demands } = requirement;
    match combine {
        // If any of several names suffices, all their alternatives form one flat list.
        Combine::One | Combine::Any => {
            any(demands.iter().flat_map(|demand| demand.alternatives(*fact)))
        }
        Combine::All => {
            let demands = demands.iter().map(|demand| any(demand.alternatives(*fact)));
            json::named(members::ALL, &json::list(demands))
        }
    }
}

/// Any of these atoms, without duplicates.
fn any<'a>(atoms: impl Iterator<Item = Atom<'a>>) -> String {
    let mut distinct: Vec<Atom<'a>> = Vec::new();
    for atom in atoms {
        if !distinct.contains(&atom) {
            distinct.push(atom);
        }
    }
    let atoms: Vec<String> = distinct.into_iter().map(atom).collect();
    match atoms.as_slice() {
        [only] => only.clone(),
        _ => json::named(members::ANY, &json::list(atoms)),
    }
}

fn atom((fact, name): Atom<'_>) -> String {
    let member = match fact {
        Fact::Role => members::ROLE,
        Fact::Scope => members::SCOPE,
        Fact::Permission => members::PERMISSION,
    };
    json::named(member, &json::string(name))
}
