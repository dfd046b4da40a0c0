//! `policy [--quick]`: compares a rule on a principal with the same rule written by hand.

use std::collections::HashSet;
use std::hint::black_box;

use benches::Failure;
use benches::row::Row;
use benches::timing::side_by_side;
use secure_runtime::__private::policies::{Rule, RuleSet};
use secure_runtime::Principal;

const RULE: Rule = Rule::Any(&[
    Rule::All(&[Rule::Role("clerk"), Rule::Scope("orders:write")]),
    Rule::Permission("orders:manage"),
]);

const ITERATIONS: usize = 400_000;

/// The permissions of a caller, as hand-written code would store them.
struct Grants {
    roles: HashSet<String>,
    scopes: HashSet<String>,
    permissions: HashSet<String>,
}

impl Grants {
    fn of(caller: &Principal) -> Self {
        let owned = |names: &mut dyn Iterator<Item = &str>| names.map(Into::into).collect();
        Self {
            roles: owned(&mut caller.roles()),
            scopes: owned(&mut caller.scopes()),
            permissions: owned(&mut caller.permissions()),
        }
    }

    fn hold(&self) -> bool {
        (self.roles.contains("clerk") && self.scopes.contains("orders:write"))
            || self.permissions.contains("orders:manage")
    }
}

fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let callers = [
        Principal::builder("clerk")
            .role("clerk")
            .scope("orders:read")
            .scope("orders:write")
            .build(),
        Principal::builder("reader").role("clerk").scope("orders:read").build(),
        Principal::builder("manager").role("manager").permission("orders:manage").build(),
        Principal::builder("guest").role("guest").permission("orders:list").build(),
    ];
    let grants: Vec<Grants> = callers.iter().map(Grants::of).collect();
    let rule = RuleSet::new([&RULE]).compile(&RULE);
    for (caller, grants) in callers.iter().zip(&grants) {
        if rule.holds(caller) != grants.hold() {
            return Err(format!("the two disagree on `{}`", caller.subject()).into());
        }
    }

    let (ours, peer) = side_by_side(
        if quick { 9 } else { 51 },
        ITERATIONS,
        &mut || {
            for caller in callers.iter().cycle().take(ITERATIONS) {
                black_box(rule.holds(black_box(caller)));
            }
        },
        &mut || {
            for grants in grants.iter().cycle().take(ITERATIONS) {
                black_box(black_box(grants).hold());
            }
        },
    );
    let peer_name = "HashSet<String>, by hand";
    Row { name: "policy/decision", unit: "ns", ours, peer, peer_name }.print()
}
