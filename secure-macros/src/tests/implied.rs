//! What the rule book calls a clause without an effect has none, and what it lets pass has one: by
//! trying every caller there can be.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::endpoint_with;
use crate::vocabulary::Vocabulary;

const ROLES: usize = 4;
const PERMISSIONS: usize = 3;

/// What one role includes (earlier ones alone) and grants.
type Role = (BTreeSet<usize>, BTreeSet<usize>);

/// One list of an attribute.
#[derive(Clone, Debug)]
struct List {
    of_roles: bool,
    any: bool,
    names: BTreeSet<usize>,
}

/// A caller: a bit for each role and permission that the token carries.
type Caller = u32;

fn role() -> impl Strategy<Value = Role> {
    let set = |size| proptest::collection::btree_set(0..size, 0..3);
    (set(ROLES), set(PERMISSIONS))
}

fn list(of_roles: bool) -> impl Strategy<Value = Option<List>> {
    let size = if of_roles { ROLES } else { PERMISSIONS };
    let names = proptest::collection::btree_set(0..size, 1..=3);
    let list = (any::<bool>(), names).prop_map(move |(any, names)| List { of_roles, any, names });
    proptest::option::weighted(0.8, list)
}

/// Whether the caller has a role or permission, by walking the hierarchy from the token's roles.
fn has(roles: &[Role], caller: Caller, of_roles: bool, name: usize) -> bool {
    let carries = |bit: usize| caller & (1 << bit) != 0;
    let mut open: Vec<usize> = (0..ROLES).filter(|role| carries(*role)).collect();
    let mut reached = BTreeSet::new();
    while let Some(role) = open.pop() {
        if reached.insert(role) {
            open.extend(&roles[role].0);
        }
    }
    if of_roles {
        return reached.contains(&name);
    }
    carries(ROLES + name) || reached.iter().any(|role| roles[*role].1.contains(&name))
}

/// The decision about every caller there is.
fn decisions(roles: &[Role], lists: &[List]) -> Vec<bool> {
    let admits = |caller: Caller| {
        lists.iter().all(|list| {
            let mut held = list.names.iter().map(|name| has(roles, caller, list.of_roles, *name));
            if list.any { held.any(|held| held) } else { held.all(|held| held) }
        })
    };
    (0..1 << (ROLES + PERMISSIONS)).map(admits).collect()
}

/// Every policy that leaves out one name, or one whole list, and still says something.
fn shorter(lists: &[List]) -> Vec<Vec<List>> {
    let mut all = Vec::new();
    for index in 0..lists.len() {
        let mut without = lists.to_vec();
        let list = without.remove(index);
        if !without.is_empty() {
            all.push(without);
        }
        if list.names.len() > 1 {
            for name in &list.names {
                let mut policy = lists.to_vec();
                policy[index].names.remove(name);
                all.push(policy);
            }
        }
    }
    all
}

fn vocabulary(roles: &[Role]) -> Vocabulary {
    let words = |prefix: &str, numbers: &BTreeSet<usize>| {
        let words = numbers.iter().map(|number| format!("\"{prefix}{number}\""));
        words.collect::<Vec<_>>().join(", ")
    };
    let mut text =
        format!("[permissions]\nnames = [{}]\n", words("p", &(0..PERMISSIONS).collect()));
    for (index, (includes, permissions)) in roles.iter().enumerate() {
        text += &format!(
            "[roles.r{index}]\nincludes = [{}]\npermissions = [{}]\n",
            words("r", includes),
            words("p", permissions),
        );
    }
    Vocabulary::read(&text).unwrap()
}

fn attribute(lists: &[List]) -> String {
    let written = lists.iter().map(|list| {
        let (key, prefix) = if list.of_roles { ("roles", "r") } else { ("permissions", "p") };
        let names: Vec<String> =
            list.names.iter().map(|name| format!("\"{prefix}{name}\"")).collect();
        let word = if list.any { "any" } else { "all" };
        format!("{key} = {word}({})", names.join(", "))
    });
    written.collect::<Vec<_>>().join(", ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_policy_is_refused_exactly_if_a_part_of_it_decides_nothing(
        mut roles in proptest::collection::vec(role(), ROLES),
        of_roles in list(true),
        of_permissions in list(false),
    ) {
        for (index, (includes, _)) in roles.iter_mut().enumerate() {
            includes.retain(|included| *included < index);
        }
        let lists: Vec<List> = [of_roles, of_permissions].into_iter().flatten().collect();
        let whole = decisions(&roles, &lists);
        let idle = shorter(&lists).iter().any(|shorter| decisions(&roles, shorter) == whole);

        let attribute = attribute(&lists);
        let item = "#[get(\"/\")] async fn f() -> &'static str { \"\" }";
        let outcome = endpoint_with(&vocabulary(&roles), &attribute, item);
        let messages = outcome.as_ref().err().map(|report| report.messages());
        prop_assert_eq!(outcome.is_err(), idle, "{} with {:?}: {:?}", attribute, roles, messages);
    }
}
