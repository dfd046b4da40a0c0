//! Checks the names and roles of the file, and resolves what every role includes.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, Name, Role as Written, fault};
use super::{Fault, Role, Vocabulary, is_well_formed};
use crate::diagnostics::nearest;

/// Resolves inclusions and patterns. After a fault the result is of no use.
pub(super) fn resolve(document: &Document, text: &str, faults: &mut Vec<Fault>) -> Vocabulary {
    let mut rules = Rules { text, faults };
    let roles = document.roles.as_deref();
    let lists = [&document.scopes, &document.permissions];
    for list in lists.into_iter().flatten() {
        rules.names_are_names(list);
        rules.listed_once(list);
    }
    if let Some(roles) = roles {
        let names: Vec<&Name> = roles.iter().map(|role| &role.name).collect();
        rules.names_are_names(names.iter().copied());
        rules.differ_by_more_than_case(&names);
        let by_name = by_name(roles);
        for role in roles {
            rules.listed_once(&role.includes);
            rules.listed_once(&role.permissions);
            rules.includes_exist(role, &by_name);
            rules.permissions_exist(role, document.permissions.as_deref());
        }
        rules.no_cycles(roles, &by_name);
    }
    let set = |list: &Vec<Name>| list.iter().map(|name| name.text.clone()).collect();
    let permissions: Option<BTreeSet<String>> = document.permissions.as_ref().map(set);
    Vocabulary {
        roles: roles.map(|roles| resolved(roles, permissions.as_ref())),
        scopes: document.scopes.as_ref().map(set),
        permissions,
        ..Vocabulary::default()
    }
}

/// Every role with all that it includes, directly or indirectly.
fn resolved(roles: &[Written], known: Option<&BTreeSet<String>>) -> BTreeMap<String, Role> {
    let by_name = by_name(roles);
    let mut resolved = BTreeMap::new();
    for role in roles {
        let mut whole = Role::default();
        let mut open = vec![role];
        while let Some(part) = open.pop() {
            for pattern in &part.permissions {
                let granted = known.into_iter().flatten();
                let granted = granted.filter(|name| matches(&pattern.text, name));
                whole.permissions.extend(granted.cloned());
            }
            for name in &part.includes {
                if name.text != role.name.text && whole.includes.insert(name.text.clone()) {
                    open.extend(by_name.get(name.text.as_str()));
                }
            }
        }
        resolved.insert(role.name.text.clone(), whole);
    }
    resolved
}

fn by_name(roles: &[Written]) -> BTreeMap<&str, &Written> {
    roles.iter().map(|role| (role.name.text.as_str(), role)).collect()
}

/// `orders:*` matches every name that starts with `orders:`, and `*` matches every name.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

/// A `*` is the last character, and follows a separator or nothing: `ord*` would grant more than
/// intended.
fn is_pattern(text: &str) -> bool {
    text.strip_suffix('*').is_some_and(|prefix| {
        !prefix.contains('*') && (prefix.is_empty() || prefix.ends_with([':', '.', '/']))
    })
}

struct Rules<'a> {
    text: &'a str,
    faults: &'a mut Vec<Fault>,
}

impl Rules<'_> {
    fn fault(&mut self, name: &Name, message: String, help: Option<String>) {
        self.faults.push(fault(self.text, name.at, message, help));
    }

    /// No token can carry a name with whitespace, and a listed name is not a pattern.
    fn names_are_names<'n>(&mut self, names: impl IntoIterator<Item = &'n Name>) {
        for name in names {
            let text = &name.text;
            if !is_well_formed(text) {
                let message = format!("expected a name of visible characters, found `{text:?}`");
                self.fault(name, message, None);
            } else if text.contains('*') {
                let help = "write patterns in the `permissions` of a role".to_owned();
                self.fault(
                    name,
                    format!("expected a name, found the pattern `{text}`"),
                    Some(help),
                );
            }
        }
    }

    fn listed_once(&mut self, names: &[Name]) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(&name.text) {
                self.fault(name, format!("`{}` is listed twice", name.text), None);
            }
        }
        self.differ_by_more_than_case(&names.iter().collect::<Vec<_>>());
    }

    /// Two names that differ in case only look the same to a person, and are different to the
    /// program.
    fn differ_by_more_than_case(&mut self, names: &[&Name]) {
        let mut seen: BTreeMap<String, &Name> = BTreeMap::new();
        for name in names {
            let earlier = *seen.entry(name.text.to_lowercase()).or_insert(name);
            if earlier.text != name.text {
                let message = format!("`{}` and `{}` differ in case only", earlier.text, name.text);
                self.fault(name, message, Some("keep one of them".to_owned()));
            }
        }
    }

    fn includes_exist(&mut self, role: &Written, roles: &BTreeMap<&str, &Written>) {
        for name in &role.includes {
            if !roles.contains_key(name.text.as_str()) {
                let known = roles.keys().copied();
                let help = nearest(&name.text, known).map_or_else(
                    || format!("add a table `[roles.{}]`", name.text),
                    |near| format!("did you mean `{near}`?"),
                );
                self.fault(name, format!("unknown role `{}`", name.text), Some(help));
            }
        }
    }

    fn permissions_exist(&mut self, role: &Written, known: Option<&[Name]>) {
        let Some(known) = known else {
            if let Some(first) = role.permissions.first() {
                let message = "a role's `permissions` expect a list of all permissions, found none";
                let help = "`[permissions]` with `names = [\"orders:read\"]`".to_owned();
                self.fault(first, message.to_owned(), Some(help));
            }
            return;
        };
        for name in &role.permissions {
            let text = &name.text;
            if text.contains('*') && !is_pattern(text) {
                let message = format!("expected `*` alone after a separator, found `{text}`");
                self.fault(name, message, Some("`orders:*`".to_owned()));
            } else if !known.iter().any(|known| matches(text, &known.text)) {
                let help = nearest(text, known.iter().map(|name| name.text.as_str()));
                let message = if is_pattern(text) {
                    format!("`{text}` matches no permission")
                } else {
                    format!("unknown permission `{text}`")
                };
                self.fault(name, message, help.map(|near| format!("did you mean `{near}`?")));
            }
        }
    }

    /// No role includes itself: a cycle is reported once, at its first role in the file.
    fn no_cycles(&mut self, roles: &[Written], by_name: &BTreeMap<&str, &Written>) {
        let suspects = cyclic(roles, by_name);
        let mut told: BTreeSet<&str> = BTreeSet::new();
        let mut in_order: Vec<&Written> = roles.iter().collect();
        in_order.sort_by_key(|role| role.name.at);
        for role in in_order {
            let name = role.name.text.as_str();
            if told.contains(name) || !suspects.contains(name) {
                continue;
            }
            if let Some(path) = way_back(role, by_name) {
                let shown: Vec<&str> = path.iter().map(|name| name.text.as_str()).collect();
                let message =
                    format!("`{0}` includes itself: {0} → {1}", role.name.text, shown.join(" → "));
                told.extend(shown);
                if let Some(first) = path.first() {
                    self.fault(first, message, None);
                }
            }
        }
    }
}

/// The roles that remain after removing those without inclusions again and again: the roles of
/// cycles, and those that include one.
fn cyclic<'a>(roles: &'a [Written], by_name: &BTreeMap<&str, &'a Written>) -> BTreeSet<&'a str> {
    let mut included_by: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    let mut waits_for: BTreeMap<&'a str, usize> = BTreeMap::new();
    for role in roles {
        let name = role.name.text.as_str();
        let known = role.includes.iter().filter(|it| by_name.contains_key(it.text.as_str()));
        let mut count = 0;
        for inner in known {
            included_by.entry(&inner.text).or_default().push(name);
            count += 1;
        }
        waits_for.insert(name, count);
    }
    let free = waits_for.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name);
    let mut free: Vec<&str> = free.collect();
    while let Some(name) = free.pop() {
        waits_for.remove(name);
        for outer in included_by.get(name).into_iter().flatten() {
            if let Some(count) = waits_for.get_mut(outer) {
                *count -= 1;
                if *count == 0 {
                    free.push(outer);
                }
            }
        }
    }
    waits_for.into_keys().collect()
}

/// The shortest chain of inclusions from a role to itself.
fn way_back<'a>(role: &'a Written, by_name: &BTreeMap<&str, &'a Written>) -> Option<Vec<&'a Name>> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<Vec<&Name>> = role.includes.iter().map(|name| vec![name]).collect();
    while !open.is_empty() {
        let mut next = Vec::new();
        for path in open {
            let Some(last) = path.last().copied() else { continue };
            if last.text == role.name.text {
                return Some(path);
            }
            if seen.insert(&last.text) {
                let further = by_name.get(last.text.as_str()).into_iter();
                let further = further.flat_map(|role| &role.includes);
                next.extend(further.map(|name| [path.as_slice(), &[name]].concat()));
            }
        }
        open = next;
    }
    None
}
