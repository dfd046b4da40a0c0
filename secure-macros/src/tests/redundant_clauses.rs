//! What the rule book calls a clause without an effect has none, and what it lets pass has one: by
//! trying every caller there can be.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::endpoint_with;
use super::hierarchy::{PERMISSIONS, ROLES, Role, has, roles, vocabulary};

/// One list of an attribute.
#[derive(Clone, Debug)]
struct List {
    of_roles: bool,
    any: bool,
    names: BTreeSet<usize>,
}

/// A caller: a bit for each role and permission that the token carries.
type Caller = u32;

fn list(of_roles: bool) -> impl Strategy<Value = Option<List>> {
    let size = if of_roles { ROLES } else { PERMISSIONS };
    let names = proptest::collection::btree_set(0..size, 1..=3);
    let list = (any::<bool>(), names).prop_map(move |(any, names)| List { of_roles, any, names });
    proptest::option::weighted(0.8, list)
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

/// Every policy without one name, or without one whole list, that still has a demand.
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
        roles in roles(),
        of_roles in list(true),
        of_permissions in list(false),
    ) {
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
