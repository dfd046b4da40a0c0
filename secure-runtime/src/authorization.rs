//! What the caller may do: rules compiled to bit tests.
//!
//! 1. Every name that the policies of a program mention gets one bit, at launch.
//! 2. A principal's grants become a bit set at its first decision and are kept with it, so a
//!    verified token that is seen again is decided by comparing words.
//! 3. Names that no policy mentions have no bit: they can never satisfy anything.
//! 4. One evaluator decides every rule; it is tested against a second one that works on names.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::policy::Rule;
use crate::principal::Principal;

/// Collects the names that rules mention, and compiles the rules.
///
/// ```
/// use secure_runtime::Principal;
/// use secure_runtime::authorization::RuleSet;
/// use secure_runtime::policy::Rule;
///
/// let rule = Rule::Any(&[
///     Rule::All(&[Rule::Role("staff"), Rule::Scope("orders:write")]),
///     Rule::Permission("orders:*"),
/// ]);
/// let rules = RuleSet::new([&rule]);
/// let compiled = rules.compile(&rule);
///
/// let clerk = Principal::builder("clerk").role("staff").scope("orders:write").build();
/// assert!(compiled.holds(&clerk));
/// assert!(!compiled.holds(&Principal::builder("guest").role("staff").build()));
/// ```
#[derive(Clone, Debug)]
pub struct RuleSet(Arc<Names>);

/// A rule of a [`RuleSet`], ready to be decided.
#[derive(Clone, Debug)]
pub struct CompiledRule {
    names: Arc<Names>,
    test: Test,
    /// The bits of all scopes the rule mentions.
    scopes: Bits,
}

/// The bit of each name.
#[derive(Debug, Default)]
struct Names {
    bits: HashMap<Name, usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Name {
    Role(&'static str),
    Scope(&'static str),
    Permission(&'static str),
}

/// A principal's grants as the bits of one [`RuleSet`].
#[derive(Debug)]
pub(crate) struct Authorities {
    names: Arc<Names>,
    granted: Bits,
}

/// A set of names. The first 64 lie in place, so that most programs follow no pointer.
#[derive(Clone, Debug, Default)]
struct Bits {
    first: u64,
    rest: Box<[u64]>,
}

impl Bits {
    /// An empty set with room for this many names.
    fn with_room(names: usize) -> Self {
        let words = names.div_ceil(u64::BITS as usize).saturating_sub(1);
        Self { first: 0, rest: vec![0; words].into() }
    }

    fn insert(&mut self, bit: usize) {
        let (word, bit) = (bit / u64::BITS as usize, bit % u64::BITS as usize);
        let word = match word.checked_sub(1) {
            None => Some(&mut self.first),
            Some(word) => self.rest.get_mut(word),
        };
        if let Some(word) = word {
            *word |= 1 << bit;
        }
    }

    fn contains_all(&self, other: &Self) -> bool {
        self.first & other.first == other.first
            && other.rest.iter().zip(&self.rest).all(|(mask, word)| word & mask == *mask)
    }

    fn contains_any(&self, other: &Self) -> bool {
        self.first & other.first != 0
            || other.rest.iter().zip(&self.rest).any(|(mask, word)| word & mask != 0)
    }

    fn union(&self, other: &Self) -> Self {
        let rest = self.rest.iter().zip(&other.rest).map(|(a, b)| a | b).collect();
        Self { first: self.first | other.first, rest }
    }
}

/// The compiled tree: single names of one level are gathered into a mask.
#[derive(Clone, Debug)]
enum Test {
    All { mask: Bits, rest: Box<[Test]> },
    Any { mask: Bits, rest: Box<[Test]> },
    Not(Box<Test>),
}

impl RuleSet {
    /// Gives every name in these rules its bit.
    #[must_use]
    pub fn new<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Self {
        let mut names = Names::default();
        for rule in rules {
            names.collect(rule);
        }
        Self(Arc::new(names))
    }

    /// Compiles one rule. A name that [`RuleSet::new`] was not shown is never granted.
    #[must_use]
    pub fn compile(&self, rule: &Rule) -> CompiledRule {
        let mut scopes = self.0.no_bits();
        for scope in scopes_of(rule) {
            self.0.set(&mut scopes, Name::Scope(scope));
        }
        CompiledRule { names: Arc::clone(&self.0), test: self.0.test(rule), scopes }
    }
}

impl CompiledRule {
    /// Whether the rule holds for this caller.
    #[must_use]
    pub fn holds(&self, caller: &Principal) -> bool {
        self.test.holds(&self.names.authorities(caller))
    }

    /// Whether the rule would hold if the caller's token had every scope the rule mentions:
    /// then, and only then, asking for more scope helps (RFC 6750 section 3.1).
    #[must_use]
    pub fn would_hold_with_scopes(&self, caller: &Principal) -> bool {
        self.test.holds(&self.names.authorities(caller).union(&self.scopes))
    }
}

/// The scopes a rule mentions, in order, each once.
pub(crate) fn scopes_of(rule: &Rule) -> Vec<&'static str> {
    let mut found = Vec::new();
    visit(rule, &mut |name| {
        if let Name::Scope(scope) = name
            && !found.contains(&scope)
        {
            found.push(scope);
        }
    });
    found
}

fn visit(rule: &Rule, each: &mut impl FnMut(Name)) {
    match rule {
        Rule::All(rules) | Rule::Any(rules) => rules.iter().for_each(|rule| visit(rule, each)),
        Rule::Not(rule) => visit(rule, each),
        Rule::Role(name) => each(Name::Role(name)),
        Rule::Scope(name) => each(Name::Scope(name)),
        Rule::Permission(name) => each(Name::Permission(name)),
    }
}

impl Name {
    /// The name of a rule that is a single name.
    fn of(rule: &Rule) -> Option<Self> {
        match *rule {
            Rule::Role(name) => Some(Self::Role(name)),
            Rule::Scope(name) => Some(Self::Scope(name)),
            Rule::Permission(name) => Some(Self::Permission(name)),
            Rule::Not(_) | Rule::All(_) | Rule::Any(_) => None,
        }
    }
}

impl Names {
    fn collect(&mut self, rule: &Rule) {
        visit(rule, &mut |name| {
            let next = self.bits.len();
            self.bits.entry(name).or_insert(next);
        });
    }

    fn no_bits(&self) -> Bits {
        Bits::with_room(self.bits.len())
    }

    /// Sets the bit of a name; false if the name has none.
    fn set(&self, bits: &mut Bits, name: Name) -> bool {
        let bit = self.bits.get(&name).copied();
        bit.inspect(|bit| bits.insert(*bit)).is_some()
    }

    fn test(&self, rule: &Rule) -> Test {
        match rule {
            Rule::All(rules) => {
                let (mask, rest) = self.split(rules);
                Test::All { mask, rest }
            }
            Rule::Any(rules) => {
                let (mask, rest) = self.split(rules);
                Test::Any { mask, rest }
            }
            Rule::Not(rule) => Test::Not(Box::new(self.test(rule))),
            name => {
                let (mask, rest) = self.split(std::slice::from_ref(name));
                Test::All { mask, rest }
            }
        }
    }

    /// The single names of a list as one mask, and what is left.
    fn split(&self, rules: &[Rule]) -> (Bits, Box<[Test]>) {
        let mut mask = self.no_bits();
        let mut rest = Vec::new();
        for rule in rules {
            match Name::of(rule) {
                Some(name) if self.set(&mut mask, name) => {}
                Some(_) => rest.push(Test::never(self)),
                None => rest.push(self.test(rule)),
            }
        }
        (mask, rest.into())
    }

    /// The caller's bits: kept with the principal for the rule set that saw it first.
    fn authorities<'a>(self: &Arc<Self>, caller: &'a Principal) -> Cow<'a, Bits> {
        let kept = caller
            .cached_authorities()
            .get_or_init(|| Authorities { names: Arc::clone(self), granted: self.granted(caller) });
        if Arc::ptr_eq(&kept.names, self) {
            Cow::Borrowed(&kept.granted)
        } else {
            Cow::Owned(self.granted(caller))
        }
    }

    fn granted(&self, caller: &Principal) -> Bits {
        let mut bits = self.no_bits();
        for (name, bit) in &self.bits {
            let granted = match *name {
                Name::Role(role) => caller.has_role(role),
                Name::Scope(scope) => caller.has_scope(scope),
                Name::Permission(permission) => caller.has_permission(permission),
            };
            if granted {
                bits.insert(*bit);
            }
        }
        bits
    }
}

impl Test {
    fn never(names: &Names) -> Self {
        Self::Any { mask: names.no_bits(), rest: Box::default() }
    }

    fn holds(&self, granted: &Bits) -> bool {
        match self {
            Self::All { mask, rest } => {
                granted.contains_all(mask) && rest.iter().all(|test| test.holds(granted))
            }
            Self::Any { mask, rest } => {
                granted.contains_any(mask) || rest.iter().any(|test| test.holds(granted))
            }
            Self::Not(test) => !test.holds(granted),
        }
    }
}

#[cfg(test)]
mod tests {
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
        assert!(!compiled.holds(&staff) && compiled.would_hold_with_scopes(&staff));
        assert!(!compiled.would_hold_with_scopes(&Principal::builder("p").build()));
    }
}
