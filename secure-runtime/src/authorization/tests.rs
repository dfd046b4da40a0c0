//! Tests of the rule evaluator against a second one that works on names, and with partial knowledge.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::policy::{Expression, Hours, Needs};
use crate::support::time::Moment;

const NETWORKS: [&str; 3] = ["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/24"];
const SCHEMES: [&str; 2] = ["jwt", "api_key"];
const EXPRESSIONS: u8 = 6;

/// A request in full: what there is to know of it.
#[derive(Clone, Debug)]
struct World {
    caller: Principal,
    accepted: [bool; 2],
    address: [u8; 4],
    hour: u16,
    answers: [bool; EXPRESSIONS as usize],
}

/// The second evaluator: names, recursion, nothing shared with the first.
fn by_name(rule: &Rule, world: &World) -> bool {
    let caller = &world.caller;
    match *rule {
        Rule::Role(name) => caller.roles().any(|granted| granted == name),
        Rule::Scope(name) => caller.scopes().any(|granted| granted == name),
        Rule::Permission(name) => caller.permissions().any(|granted| granted == name),
        Rule::Authenticator(name) => {
            SCHEMES.iter().zip(world.accepted).any(|(scheme, accepted)| accepted && *scheme == name)
        }
        Rule::Address(networks) => networks.iter().any(|network| match *network {
            "10.0.0.0/8" => world.address[0] == 10,
            "10.1.0.0/16" => world.address[..2] == [10, 1],
            _ => world.address[..3] == [192, 168, 0],
        }),
        Rule::Time(hours) => (hours.start / 60..hours.end / 60).contains(&world.hour),
        Rule::Expression(expression) => world.answers[usize::from(expression.index)],
        Rule::Not(rule) => !by_name(rule, world),
        Rule::All(rules) => rules.iter().filter(|rule| !by_name(rule, world)).count() == 0,
        Rule::Any(rules) => rules.iter().filter(|rule| by_name(rule, world)).count() > 0,
    }
}

/// 90 names, so that the bits need more than one word.
fn name() -> impl Strategy<Value = &'static str> {
    (0..30_u32).prop_map(|number| &*Box::leak(format!("n{number}").into_boxed_str()))
}

fn network() -> impl Strategy<Value = &'static [&'static str]> {
    proptest::sample::subsequence(NETWORKS.to_vec(), 1..=2)
        .prop_map(|networks| &*Box::leak(networks.into_boxed_slice()))
}

/// A third each needs nothing, arguments, and the body.
fn expression() -> impl Strategy<Value = Rule> {
    (0..EXPRESSIONS).prop_map(|index| {
        let needs = [Needs::Nothing, Needs::Arguments, Needs::Body][usize::from(index % 3)];
        Rule::Expression(Expression { index, needs, decided_with: needs, text: "" })
    })
}

fn hours() -> impl Strategy<Value = Rule> {
    (0..12_u16, 12..24_u16).prop_map(|(start, end)| {
        Rule::Time(Hours { days: 0x7f, start: start * 60, end: end * 60, zone: "UTC" })
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let leaf = prop_oneof![
        name().prop_map(Rule::Role),
        name().prop_map(Rule::Scope),
        name().prop_map(Rule::Permission),
        proptest::sample::select(&SCHEMES).prop_map(Rule::Authenticator),
        network().prop_map(Rule::Address),
        hours(),
        expression(),
        expression(),
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

fn world() -> impl Strategy<Value = World> {
    let names = || proptest::collection::vec(name(), 0..20);
    let caller = (names(), names(), names()).prop_map(|(roles, scopes, permissions)| {
        Principal::builder("p").roles(roles).scopes(scopes).permissions(permissions).build()
    });
    let address =
        proptest::sample::select(&[[10, 0, 0, 1], [10, 1, 2, 3], [192, 168, 0, 9], [9; 4]]);
    (caller, any::<[bool; 2]>(), address, 0..24_u16, any::<[bool; 6]>()).prop_map(
        |(caller, accepted, address, hour, answers)| World {
            caller,
            accepted,
            address,
            hour,
            answers,
        },
    )
}

/// All that can be known of it, with these answers.
fn found<'a>(world: &'a World, schemes: &'a [&'static str], answers: Answers) -> Circumstances<'a> {
    let accepted = u64::from(world.accepted[0]) | u64::from(world.accepted[1]) << 1;
    Circumstances {
        caller: Some(&world.caller),
        accepted_by: AcceptedBy::new(schemes, accepted),
        address: Some(IpAddr::V4(Ipv4Addr::from(world.address))),
        now: Some(Moment::new(Duration::ZERO, Duration::from_secs(u64::from(world.hour) * 3600))),
        answers,
        extracted: Needs::Body,
    }
}

fn schemes() -> [&'static str; 2] {
    SCHEMES
}

/// Asks what the rule hangs on until it is decided, as the pipeline does; counts the questions.
fn decide_by_asking(
    rule: &CompiledRule,
    mut found: Circumstances<'_>,
    world: &World,
) -> (Verdict, Answers, usize) {
    for asked in 0.. {
        match rule.decide(&found) {
            Verdict::Asks(index) => {
                found.answers.record(index, world.answers[usize::from(index)]);
            }
            decided => return (decided, found.answers, asked),
        }
    }
    unreachable!("there are fewer expressions than numbers");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn both_evaluators_agree(rules in proptest::collection::vec(rule(), 1..6), world in world()) {
        let (set, schemes) = (RuleSet::new(&rules), schemes());
        let other = RuleSet::new(rules.iter().take(1));
        for (set, rules) in [(&set, rules.as_slice()), (&other, &rules[..1])] {
            // A principal that met another rule set first is decided the same.
            for rule in rules {
                let found = found(&world, &schemes, Answers::default());
                let (verdict, _, asked) = decide_by_asking(&set.compile(rule), found, &world);
                let expected = if by_name(rule, &world) { Verdict::Holds } else { Verdict::Fails };
                prop_assert_eq!(verdict, expected);
                if set.compile(rule).holds_by_names(&world.caller) {
                    prop_assert_eq!(verdict, Verdict::Holds);
                }
                prop_assert!(asked <= usize::from(EXPRESSIONS), "nothing is asked twice");
            }
        }
    }

    #[test]
    fn what_is_decided_early_is_decided_the_same_later(
        rule in rule(),
        world in world(),
        postponed in 0..EXPRESSIONS,
    ) {
        let (compiled, schemes) = (RuleSet::new([&rule]).compile(&rule), schemes());
        let whole = found(&world, &schemes, Answers::default());
        let holds = by_name(&rule, &world);
        let (mut answers, mut asked) = (Answers::default(), 0);
        answers.postpone(postponed);
        // Each look starts where the one before it ended.
        for extracted in [Needs::Nothing, Needs::Arguments, Needs::Body] {
            let looks = Circumstances { extracted, answers, ..whole };
            let (verdict, found, again) = decide_by_asking(&compiled, looks, &world);
            (answers, asked) = (found, asked + again);
            match verdict {
                Verdict::Holds => prop_assert!(holds),
                Verdict::Fails => prop_assert!(!holds),
                _ => prop_assert!(extracted < Needs::Body),
            }
        }
        prop_assert!(asked <= usize::from(EXPRESSIONS), "nothing is asked twice");
    }

    #[test]
    fn what_is_not_known_never_makes_a_rule_hold(rule in rule(), world in world()) {
        let (compiled, schemes) = (RuleSet::new([&rule]).compile(&rule), schemes());
        let whole = found(&world, &schemes, Answers::default());
        let blind = Circumstances { address: None, now: None, ..whole };
        let (verdict, ..) = decide_by_asking(&compiled, blind, &world);
        if verdict == Verdict::Holds {
            prop_assert!(by_name(&rule, &world));
        }
    }

    #[test]
    fn the_failed_clause_is_one_that_fails(rule in rule(), world in world()) {
        let (compiled, schemes) = (RuleSet::new([&rule]).compile(&rule), schemes());
        let found = found(&world, &schemes, Answers::default());
        let (verdict, answers, _) = decide_by_asking(&compiled, found, &world);
        let clause = compiled.failed_clause(&Circumstances { answers, ..found });
        prop_assert_eq!(clause.is_none(), verdict == Verdict::Holds);
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
    let lacks = |caller| compiled.lacks_scopes_alone(&Circumstances::of(caller));
    assert!(!compiled.holds(&staff) && lacks(&staff));
    assert!(!lacks(&Principal::builder("p").build()));
}

#[test]
fn a_mapped_address_is_the_address_it_stands_for() {
    const RULE: Rule = Rule::Address(&["10.0.0.0/8"]);
    let caller = Principal::builder("p").build();
    let compiled = RuleSet::new([&RULE]).compile(&RULE);
    for (address, expected) in [
        ("10.1.2.3", Verdict::Holds),
        ("::ffff:10.1.2.3", Verdict::Holds),
        ("11.0.0.1", Verdict::Fails),
        ("::10.1.2.3", Verdict::Fails),
    ] {
        let found = Circumstances { address: address.parse().ok(), ..Circumstances::of(&caller) };
        assert_eq!(compiled.decide(&found), expected, "{address}");
    }
}
