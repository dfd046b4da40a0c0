//! The evaluator against a second one that works on names.

use proptest::prelude::*;

use super::*;

/// The second evaluator: names, recursion, nothing shared with the first.
fn by_name(rule: &Rule, caller: &Principal) -> bool {
    match *rule {
        Rule::Role(name) => caller.roles().any(|granted| granted == name),
        Rule::Scope(name) => caller.scopes().any(|granted| granted == name),
        Rule::Permission(name) => caller.permissions().any(|granted| granted == name),
        Rule::Not(rule) => !by_name(rule, caller),
        Rule::All(rules) => rules.iter().filter(|rule| !by_name(rule, caller)).count() == 0,
        Rule::Any(rules) => rules.iter().filter(|rule| by_name(rule, caller)).count() > 0,
    }
}

/// 90 names, so that the bits need more than one word.
fn name() -> impl Strategy<Value = &'static str> {
    (0..30_u32).prop_map(|number| &*Box::leak(format!("n{number}").into_boxed_str()))
}

fn rule() -> impl Strategy<Value = Rule> {
    let leaf = prop_oneof![
        name().prop_map(Rule::Role),
        name().prop_map(Rule::Scope),
        name().prop_map(Rule::Permission),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..5)
            .prop_map(|rules| &*Box::leak(rules.into_boxed_slice()));
        prop_oneof![
            list.clone().prop_map(Rule::All),
            list.prop_map(Rule::Any),
            inner.prop_map(|rule| Rule::Not(Box::leak(Box::new(rule)))),
        ]
    })
}

fn principal() -> impl Strategy<Value = Principal> {
    let names = || proptest::collection::vec(name(), 0..20);
    (names(), names(), names()).prop_map(|(roles, scopes, permissions)| {
        Principal::builder("p").roles(roles).scopes(scopes).permissions(permissions).build()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn both_evaluators_agree(rules in proptest::collection::vec(rule(), 1..6), caller in principal()) {
        let set = RuleSet::new(&rules);
        let other = RuleSet::new(rules.iter().take(1));
        for rule in &rules {
            prop_assert_eq!(set.compile(rule).holds(&caller), by_name(rule, &caller));
        }
        // A principal that met another rule set first is decided the same.
        for rule in rules.iter().take(1) {
            prop_assert_eq!(other.compile(rule).holds(&caller), by_name(rule, &caller));
        }
    }
}

#[test]
fn a_name_the_set_was_not_shown_is_never_granted() {
    let caller = Principal::builder("p").role("ghost").build();
    const UNSEEN: Rule = Rule::Role("ghost");
    let set = RuleSet::new([]);
    assert!(!set.compile(&UNSEEN).holds(&caller));
    assert!(!set.compile(&Rule::All(&[UNSEEN])).holds(&caller));
}

#[test]
fn empty_lists_are_neutral() {
    let caller = Principal::builder("p").build();
    let set = RuleSet::new([]);
    assert!(set.compile(&Rule::All(&[])).holds(&caller));
    assert!(!set.compile(&Rule::Any(&[])).holds(&caller));
}

#[test]
fn more_scope_helps_only_where_scope_is_what_is_missing() {
    let rule = Rule::All(&[Rule::Role("staff"), Rule::Scope("write")]);
    let compiled = RuleSet::new([&rule]).compile(&rule);
    let staff = Principal::builder("p").role("staff").build();
    assert!(!compiled.holds(&staff) && compiled.lacks_scopes_alone(&staff));
    assert!(!compiled.lacks_scopes_alone(&Principal::builder("p").build()));
}
