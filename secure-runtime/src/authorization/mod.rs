//! Authorization: rules compiled to bit tests.
//!
//! 1. Every name that the policies of a program mention gets one bit, at startup.
//! 2. A principal's grants become a bit set at its first decision and are kept with it, so a
//!    verified token that is seen again is decided by comparing words.
//! 3. Names that no policy mentions have no bit: they can never satisfy anything.
//! 4. One evaluator decides every rule; it is tested against a second one that works on names.
//! 5. Step-up requirements are not part of a rule: a caller that the rule denies gets 403, without a request to
//!    sign in again.
//! 6. An unknown value (an expression about arguments that have not been read) leaves a rule undecided. A rule
//!    that is still undecided when everything is known fails.
//! 7. An application's own policy, which may change while the program runs, decides about an
//!    [`AccessRequest`] with the endpoint's `action`. If it cannot decide, the request is denied.

mod access_request;
mod application_policy;
mod circumstances;
mod decision_cache;
mod names;
mod schedule;
mod step_up;
#[cfg(test)]
mod tests;
mod tree;

use std::sync::Arc;

use crate::policy::{Needs, Rule};
use crate::principal::{Bits, Name, Names, Principal};
pub use access_request::{AccessDecision, AccessRequest, IntoAccessDecision};
pub(crate) use application_policy::{DecideFunction, Decided, Decider, Deciding, boxed};
pub(crate) use circumstances::{AcceptedBy, Answers, Circumstances};
pub use decision_cache::DecisionStatistics;
pub(crate) use decision_cache::{DecisionCache, Probe, Version};
use names::visit;
pub(crate) use schedule::is_zone;
pub(crate) use step_up::lacks;
use tree::Test;
pub(crate) use tree::Verdict;

/// Collects the names that rules mention, and compiles the rules.
///
/// ```
/// use secure_runtime::Principal;
/// use secure_runtime::__private::policies::{Rule, RuleSet};
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
#[doc(hidden)]
pub struct RuleSet(Arc<Names>);

/// A rule of a [`RuleSet`], ready to be decided.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct CompiledRule {
    names: Arc<Names>,
    test: Test,
    /// The parts that must all hold, each with its words.
    clauses: Box<[(Test, Box<str>)]>,
    /// The bits of all scopes the rule mentions.
    scopes: Bits,
    asks_about_address: bool,
    /// What its expressions need before the rule is decided for certain.
    needs: Needs,
}

impl RuleSet {
    /// Gives every name in these rules its bit.
    #[must_use]
    pub fn new<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Self {
        let mut names = Names::default();
        for rule in rules {
            names::collect(&mut names, rule);
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
        let (mut asks_about_address, mut needs) = (false, Needs::Nothing);
        rule.each_leaf(&mut |leaf| match leaf {
            Rule::Address(_) => asks_about_address = true,
            Rule::Expression(expression) => needs = needs.max(expression.decided_with),
            _ => {}
        });
        let clause = |clause: &Rule| (Test::new(clause, &self.0), clause.to_string().into());
        CompiledRule {
            names: Arc::clone(&self.0),
            test: Test::new(rule, &self.0),
            clauses: clauses_of(rule).into_iter().map(clause).collect(),
            scopes,
            asks_about_address,
            needs,
        }
    }
}

impl CompiledRule {
    /// Whether the rule holds for this caller with any request. `false` for a rule that depends on the
    /// request.
    #[must_use]
    pub fn holds(&self, caller: &Principal) -> bool {
        self.decide(&Circumstances::of(caller)) == Verdict::Holds
    }

    /// The first clause that does not hold for this caller, in the words of the attribute; `None`
    /// if all do.
    ///
    /// ```
    /// use secure_runtime::Principal;
    /// use secure_runtime::__private::policies::{Rule, RuleSet};
    ///
    /// let rule = Rule::All(&[Rule::Role("staff"), Rule::Not(&Rule::Role("intern"))]);
    /// let compiled = RuleSet::new([&rule]).compile(&rule);
    /// let intern = Principal::builder("kim").roles(["staff", "intern"]).build();
    /// assert_eq!(compiled.explain(&intern), Some("!role(\"intern\")"));
    /// ```
    #[must_use]
    pub fn explain(&self, caller: &Principal) -> Option<&str> {
        self.failed_clause(&Circumstances::of(caller))
    }

    /// Whether the rule demands names alone, all of them, and the caller has them: true of most
    /// admitted requests. Otherwise [`decide`](Self::decide) says what it comes to.
    #[inline]
    pub(crate) fn holds_by_names(&self, caller: &Principal) -> bool {
        self.test.mask_alone().is_some_and(|mask| self.names.authorities(caller).contains_all(mask))
    }

    /// Whether the rule depends on the client IP.
    pub(crate) fn asks_about_address(&self) -> bool {
        self.asks_about_address
    }

    /// What its expressions need before the rule is decided for certain.
    pub(crate) fn needs(&self) -> Needs {
        self.needs
    }

    /// The result of the rule with the values that are known so far.
    pub(crate) fn decide(&self, found: &Circumstances<'_>) -> Verdict {
        match found.caller {
            Some(caller) => self.test.decide(&self.names.authorities(caller), found),
            None => self.test.decide(&self.names.no_bits(), found),
        }
    }

    /// Whether the rule could hold if the caller's token had every scope the rule mentions: then,
    /// and only then, asking for more scope helps (RFC 6750 section 3.1).
    pub(crate) fn lacks_scopes_alone(&self, found: &Circumstances<'_>) -> bool {
        let Some(caller) = found.caller else { return false };
        let granted = self.names.authorities(caller).union(&self.scopes);
        self.test.decide(&granted, found) != Verdict::Fails
    }

    /// Whether scopes alone are missing whatever the request asks for: the same for every object, because
    /// no expression was needed to see it. Only of a rule that goes on to ask about the handler's arguments.
    pub(crate) fn lacks_scopes_for_every_object(&self, found: &Circumstances<'_>) -> bool {
        let unasked =
            Circumstances { answers: Answers::default(), extracted: Needs::Nothing, ..*found };
        self.needs > Needs::Nothing
            && self.decide(&unasked) == Verdict::Fails
            && self.lacks_scopes_alone(&unasked)
    }

    /// The first clause that does not hold.
    pub(crate) fn failed_clause(&self, found: &Circumstances<'_>) -> Option<&str> {
        let granted = match found.caller {
            Some(caller) => self.names.authorities(caller),
            None => std::borrow::Cow::Owned(self.names.no_bits()),
        };
        let mut clauses = self.clauses.iter();
        let failed = clauses.find(|(test, _)| test.decide(&granted, found) != Verdict::Holds);
        failed.map(|(_, words)| words.as_ref())
    }
}

/// The parts that must all hold, however they are nested.
fn clauses_of(rule: &Rule) -> Vec<&Rule> {
    match rule {
        Rule::All(rules) => rules.iter().flat_map(clauses_of).collect(),
        clause => vec![clause],
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
