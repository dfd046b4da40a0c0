//! Random hierarchies of roles, and who has what in them: by walking, not by folding.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::vocabulary::Vocabulary;

pub(super) const ROLES: usize = 4;
pub(super) const PERMISSIONS: usize = 3;

/// The roles (earlier ones only) and permissions of one role.
pub(super) type Role = (BTreeSet<usize>, BTreeSet<usize>);

/// Hierarchies without a cycle.
pub(super) fn roles() -> impl Strategy<Value = Vec<Role>> {
    let set = |size| proptest::collection::btree_set(0..size, 0..3);
    proptest::collection::vec((set(ROLES), set(PERMISSIONS)), ROLES).prop_map(|mut roles| {
        for (index, (includes, _)) in roles.iter_mut().enumerate() {
            includes.retain(|included| *included < index);
        }
        roles
    })
}

/// Whether a caller, a bit for each role and permission of the token, has the role or permission:
/// by walking the hierarchy from the token's roles.
pub(super) fn has(roles: &[Role], caller: u32, of_roles: bool, name: usize) -> bool {
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

/// The file with these roles.
pub(super) fn vocabulary(roles: &[Role]) -> Vocabulary {
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
