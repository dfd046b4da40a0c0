//! The rules about `allow` are exact, checked by trying every possible request. The text that the
//! runtime prints for a rule parses as that rule.

use proc_macro2::TokenStream;
use proptest::prelude::*;

use super::endpoint_with;
use super::hierarchy::{PERMISSIONS, ROLES, Role, has, roles, vocabulary};
use crate::diagnostics::Diagnostics;
use crate::model::condition::{Condition, ConditionKind};
use crate::model::legal::{Clause, Fact};
use crate::parse;

/// A rule of our own: printed with all its parentheses, evaluated by name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tree {
    Role(usize),
    Permission(usize),
    Scope,
    Authenticator(usize),
    /// `x > 0`, `x > 1`: taken as independent.
    Expression(usize),
    /// `10.0.0.0/8`, and `10.1.0.0/16` within it.
    Address(usize),
    Not(Box<Tree>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

/// A request: one bit for each role, permission, scope, authenticator and expression.
type World = u32;

const SCOPE: usize = ROLES + PERMISSIONS;
const AUTHENTICATORS: usize = SCOPE + 1;
const EXPRESSIONS: usize = AUTHENTICATORS + 2;
const ADDRESS: usize = EXPRESSIONS + 2;
const BITS: usize = ADDRESS + 2;
const NETWORKS: [&str; 2] = ["10.0.0.0/8", "10.1.0.0/16"];

fn bit(world: World, bit: usize) -> bool {
    world & (1 << bit) != 0
}

impl Tree {
    fn holds(&self, roles: &[Role], world: World) -> bool {
        match self {
            Self::Role(name) => has(roles, world, true, *name),
            Self::Permission(name) => has(roles, world, false, *name),
            Self::Scope => bit(world, SCOPE),
            Self::Authenticator(name) => bit(world, AUTHENTICATORS + name),
            Self::Expression(name) => bit(world, EXPRESSIONS + name),
            Self::Address(name) => bit(world, ADDRESS + name),
            Self::Not(inner) => !inner.holds(roles, world),
            Self::All(parts) => parts.iter().all(|part| part.holds(roles, world)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(roles, world)),
        }
    }

    /// The decision about every request that some authenticator accepted; who comes from the smaller
    /// network comes from the larger one.
    fn decisions(&self, roles: &[Role]) -> Vec<bool> {
        let worlds = (0..1 << BITS)
            .filter(|world| bit(*world, AUTHENTICATORS) || bit(*world, AUTHENTICATORS + 1))
            .filter(|world| bit(*world, ADDRESS) || !bit(*world, ADDRESS + 1));
        worlds.map(|world| self.holds(roles, world)).collect()
    }

    /// Every rule that leaves out one operand somewhere.
    fn shorter(&self) -> Vec<Self> {
        let lists = |parts: &[Self], make: fn(Vec<Self>) -> Self| {
            let mut all = Vec::new();
            for (index, part) in parts.iter().enumerate() {
                let mut without = parts.to_vec();
                without.remove(index);
                all.push(make(without));
                for shorter in part.shorter() {
                    let mut with = parts.to_vec();
                    with[index] = shorter;
                    all.push(make(with));
                }
            }
            all
        };
        match self {
            Self::All(parts) => lists(parts, Self::All),
            Self::Any(parts) => lists(parts, Self::Any),
            Self::Not(inner) => {
                inner.shorter().into_iter().map(|shorter| Self::Not(Box::new(shorter))).collect()
            }
            _ => Vec::new(),
        }
    }

    fn text(&self) -> String {
        let list = |parts: &[Self], operator: &str| {
            let parts: Vec<String> = parts.iter().map(Self::text).collect();
            format!("({})", parts.join(operator))
        };
        match self {
            Self::Role(name) => format!("role(\"r{name}\")"),
            Self::Permission(name) => format!("permission(\"p{name}\")"),
            Self::Scope => String::from("scope(\"s\")"),
            Self::Authenticator(name) => format!("authenticator(a{name})"),
            Self::Expression(name) => format!("**x > {name}"),
            Self::Address(name) => format!("address in {:?}", NETWORKS[*name]),
            Self::Not(inner) => format!("!({})", inner.text()),
            Self::All(parts) => list(parts, " && "),
            Self::Any(parts) => list(parts, " || "),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        3 => (0..ROLES).prop_map(Tree::Role),
        2 => (0..PERMISSIONS).prop_map(Tree::Permission),
        1 => Just(Tree::Scope),
        1 => (0..2_usize).prop_map(Tree::Authenticator),
        2 => (0..2_usize).prop_map(Tree::Expression),
        1 => (0..2_usize).prop_map(Tree::Address),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let list = proptest::collection::vec(inner.clone(), 2..=3);
        prop_oneof![
            list.clone().prop_map(Tree::All),
            list.prop_map(Tree::Any),
            inner.prop_map(|inner| Tree::Not(Box::new(inner))),
        ]
    })
}

/// The decision of the endpoint's data about a request, by the names in the token alone.
fn folded(clause: &Clause, world: World) -> bool {
    let number =
        |name: &str| name.get(1..).and_then(|digits| digits.parse::<usize>().ok()).unwrap();
    match clause {
        Clause::All(parts) => parts.iter().all(|part| folded(part, world)),
        Clause::Any(parts) => parts.iter().any(|part| folded(part, world)),
        Clause::Not(part) => !folded(part, world),
        Clause::Demand(fact, demand) => demand.alternatives(*fact).any(|(fact, name)| match fact {
            Fact::Role => bit(world, number(name)),
            Fact::Permission => bit(world, ROLES + number(name)),
            Fact::Scope => bit(world, SCOPE),
        }),
        Clause::Authenticator(name) => bit(world, AUTHENTICATORS + number(name)),
        Clause::AppExpression(_) | Clause::Address(_) | Clause::Time(_) => {
            panic!("not in rules without expressions")
        }
    }
}

fn asks_about_the_request(tree: &Tree) -> bool {
    match tree {
        Tree::Expression(_) | Tree::Address(_) => true,
        Tree::Not(inner) => asks_about_the_request(inner),
        Tree::All(parts) | Tree::Any(parts) => parts.iter().any(asks_about_the_request),
        _ => false,
    }
}

const ITEM: &str = "#[get(\"/\")] async fn f(x: web::Query<u32>) -> &'static str { \"\" }";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_rule_is_refused_exactly_if_it_decides_nothing(roles in roles(), tree in tree()) {
        let decisions = tree.decisions(&roles);
        let never = decisions.iter().all(|holds| !holds);
        let always = decisions.iter().all(|holds| *holds);
        let idle = tree.shorter().iter().any(|shorter| shorter.decisions(&roles) == decisions);

        let attribute = format!("auth = any(a0, a1), allow = {}", tree.text());
        let outcome = endpoint_with(&vocabulary(&roles), &attribute, ITEM);
        let messages = outcome.as_ref().err().map(|report| report.messages()).unwrap_or_default();
        let said = |words: &str| messages.iter().any(|message| message.contains(words));
        prop_assert_eq!(said("is always false"), never, "{} {:?}", &attribute, &messages);
        prop_assert_eq!(said("is always true"), always, "{} {:?}", &attribute, &messages);
        let idle = idle && !never && !always;
        prop_assert_eq!(said("has no effect"), idle, "{} {:?}", &attribute, &messages);
        prop_assert_eq!(messages.len(), usize::from(never || always || idle));
    }

    #[test]
    fn folding_the_hierarchy_changes_no_decision(roles in roles(), tree in tree()) {
        prop_assume!(!asks_about_the_request(&tree));
        let attribute = format!("auth = any(a0, a1), allow = {}", tree.text());
        let Ok(endpoint) = endpoint_with(&vocabulary(&roles), &attribute, ITEM) else {
            return Ok(());
        };
        for world in 0..1 << EXPRESSIONS {
            let holds = endpoint.policy.clauses.iter().all(|it| folded(it, world));
            prop_assert_eq!(holds, tree.holds(&roles, world), "{} {:b}", &attribute, world);
        }
    }

    #[test]
    fn what_the_runtime_prints_reads_back(rule in rule()) {
        let text = format!("allow = {rule}");
        let tokens: TokenStream = text.parse().unwrap();
        let read = Diagnostics::gather(|diagnostics| {
            Some(parse::declaration(tokens, diagnostics))
        });
        let declaration = read.map_err(|report| TestCaseError::fail(format!("{text}: {report:?}")))?;
        let condition = &declaration.allow[0].condition;
        prop_assert!(is_same(&rule, condition), "{text}\n{rule:?}\n{condition:?}");
    }
}

/// Expressions that differ in a literal alone are two.
#[test]
fn what_differs_is_asked_apart() {
    for (rule, expected) in [
        (r#"caller.subject() != "a  b" && caller.subject() != "a b""#, 2),
        (r#"caller.subject() != "a(b" && caller.subject() != "a (b""#, 2),
        (r#"caller.subject() == "a\t" || caller.subject() == "a ""#, 2),
        ("f(x & &y) || f(x && y)", 2),
        (r#"(x && caller.subject() == "a  b") || (y && caller.subject()  ==  "a  b")"#, 3),
    ] {
        let endpoint = endpoint_with(&vocabulary(&[]), &format!("allow = {rule}"), ITEM).unwrap();
        let texts: Vec<&str> =
            endpoint.rule_expressions.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts.len(), expected, "{rule}: {texts:?}");
        let is_shown = texts.iter().all(|text| !text.contains("literal"));
        assert!(is_shown && (!rule.contains("a  b") || texts.concat().contains("\"a  b\"")));
    }
}

type Rule = secure_runtime::__private::policies::Rule;

/// Rules as the attribute can write them: lists of two and more.
fn rule() -> impl Strategy<Value = Rule> {
    use secure_runtime::__private::policies::Hours;
    let name = || proptest::sample::select(&["a", "orders:*", "b\"\\c", "ü"]);
    const NETWORKS: &[&[&str]] = &[&["10.0.0.0/8"], &["::1/128", "9.9.9.9/32"]];
    let networks = proptest::sample::select(NETWORKS);
    let hours =
        (1..128_u8, 0..1440_u16, 1..=1440_u16, proptest::sample::select(&["UTC", "Asia/Tokyo"]));
    let leaf = prop_oneof![
        name().prop_map(Rule::Role),
        name().prop_map(Rule::Scope),
        name().prop_map(Rule::Permission),
        name().prop_map(Rule::Authenticator),
        networks.prop_map(Rule::Address),
        hours
            .prop_filter("hours have a length", |(_, start, end, _)| start != end)
            .prop_map(|(days, start, end, zone)| Rule::Time(Hours { days, start, end, zone })),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        let list = proptest::collection::vec(inner.clone(), 2..=4)
            .prop_map(|rules| &*Box::leak(rules.into_boxed_slice()));
        prop_oneof![
            list.clone().prop_map(Rule::All),
            list.prop_map(Rule::Any),
            inner.prop_map(|rule| Rule::Not(Box::leak(Box::new(rule)))),
        ]
    })
}

fn is_same(rule: &Rule, read: &Condition) -> bool {
    let all = |rules: &[Rule], parts: &[Condition]| {
        rules.len() == parts.len()
            && rules.iter().zip(parts).all(|(rule, part)| is_same(rule, part))
    };
    match (rule, &read.kind) {
        (Rule::Role(name), ConditionKind::Fact(Fact::Role, it)) => it.text == *name,
        (Rule::Scope(name), ConditionKind::Fact(Fact::Scope, it)) => it.text == *name,
        (Rule::Permission(name), ConditionKind::Fact(Fact::Permission, it)) => it.text == *name,
        (Rule::Authenticator(name), ConditionKind::Authenticator(it)) => it.text == *name,
        (Rule::Address(networks), ConditionKind::Address(it)) => networks.iter().eq(it),
        (Rule::Time(hours), ConditionKind::Time(it)) => {
            (hours.days, hours.start, hours.end, hours.zone)
                == (it.days, it.start, it.end, it.zone.as_str())
        }
        (Rule::Not(rule), ConditionKind::Not(part)) => is_same(rule, part),
        (Rule::All(rules), ConditionKind::All(parts))
        | (Rule::Any(rules), ConditionKind::Any(parts)) => all(rules, parts),
        _ => false,
    }
}
