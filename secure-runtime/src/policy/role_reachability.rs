//! Role reachability: whether a role opens an endpoint. The inventory lists roles that open none.

use super::Rule;

/// The largest number of combinations of conditions that are evaluated for one role and one rule.
const MOST_LOOKS: usize = 10_000;

/// Whether a request passes the rule with this role, and would not without it.
///
/// The role hierarchy is part of the rule, and its other conditions are treated as independent. A role that
/// is only forbidden, or forbidden wherever it is required, opens nothing. If there are too many
/// combinations, every role that the rule mentions counts as one that opens the endpoint.
pub(crate) fn opens(rule: &Rule, role: &'static str) -> bool {
    let mut others: Vec<&Rule> = Vec::new();
    let mut is_mentioned = false;
    rule.each_leaf(&mut |leaf| {
        if *leaf == Rule::Role(role) {
            is_mentioned = true;
        } else if !others.contains(&leaf) {
            others.push(leaf);
        }
    });
    let mut search = Search { rule, role, others: &others, looks: 0 };
    is_mentioned && search.finds(&mut Vec::new())
}

struct Search<'a> {
    rule: &'a Rule,
    role: &'static str,
    others: &'a [&'a Rule],
    looks: usize,
}

impl Search<'_> {
    /// Whether there are values of the undecided conditions with which the role decides the rule.
    fn finds(&mut self, decided: &mut Vec<bool>) -> bool {
        self.looks += 1;
        match (self.value(true, decided), self.value(false, decided)) {
            (Some(true), Some(false)) => true,
            (Some(false), _) | (_, Some(true)) => false,
            _ if self.looks >= MOST_LOOKS => true,
            // Callers have few roles: the value that most likely lets this role decide comes first.
            _ => [false, true].into_iter().any(|value| {
                decided.push(value);
                let found = self.finds(decided);
                decided.pop();
                found
            }),
        }
    }

    /// The value of the rule with or without the role; `None` if it is undecided.
    fn value(&self, has_role: bool, decided: &[bool]) -> Option<bool> {
        value(self.rule, &|leaf| {
            if *leaf == Rule::Role(self.role) {
                return Some(has_role);
            }
            let place = self.others.iter().position(|other| *other == leaf)?;
            decided.get(place).copied()
        })
    }
}

fn value(rule: &Rule, of_leaf: &impl Fn(&Rule) -> Option<bool>) -> Option<bool> {
    let all = |rules: &[Rule], deciding: bool| {
        let mut whole = Some(!deciding);
        for rule in rules {
            match value(rule, of_leaf) {
                Some(value) if value == deciding => return Some(deciding),
                Some(_) => {}
                None => whole = None,
            }
        }
        whole
    };
    match rule {
        Rule::Not(rule) => value(rule, of_leaf).map(|value| !value),
        Rule::All(rules) => all(rules, false),
        Rule::Any(rules) => all(rules, true),
        leaf => of_leaf(leaf),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Rule = Rule::Role("a");
    const B: Rule = Rule::Role("b");
    const X: Rule = Rule::Scope("x");

    #[track_caller]
    fn check(rule: Rule, a: bool, b: bool) {
        assert_eq!((opens(&rule, "a"), opens(&rule, "b")), (a, b), "{rule}");
    }

    #[test]
    fn a_role_opens_what_nobody_passes_without_it() {
        check(A, true, false);
        check(Rule::Any(&[A, B]), true, true);
        check(Rule::All(&[A, B]), true, true);
        check(Rule::All(&[Rule::Any(&[A, X]), Rule::Not(&B)]), true, false);
        check(Rule::Not(&Rule::All(&[Rule::Not(&A), Rule::Not(&X)])), true, false);
        const NEITHER: Rule = Rule::Any(&[A, B]);
        check(Rule::Any(&[Rule::All(&[A, B]), Rule::Not(&NEITHER)]), true, true);
    }

    #[test]
    fn a_role_that_is_forbidden_opens_nothing() {
        check(Rule::Not(&A), false, false);
        check(Rule::All(&[X, Rule::Not(&Rule::Any(&[A, B]))]), false, false);
        // `b` implies `a`, so it is required and forbidden.
        check(Rule::All(&[Rule::Any(&[A, B]), Rule::Not(&B)]), true, false);
        // The role is required, but the rule holds without it.
        check(Rule::Any(&[X, Rule::Not(&X), A]), false, false);
        check(Rule::Any(&[]), false, false);
    }

    #[test]
    fn many_roles_take_few_looks() {
        let names: Vec<Rule> =
            (0..60).map(|number| Rule::Role(format!("r{number}").leak())).collect();
        let names: &'static [Rule] = names.leak();
        assert!(opens(&Rule::All(vec![Rule::Any(names), X].leak()), "r7"));
        let forbidden: &'static Rule = Box::leak(Box::new(Rule::Any(names)));
        let nobody: &'static [Rule] = vec![Rule::Any(names), Rule::Not(forbidden)].leak();
        assert!(!opens(&Rule::All(nobody), "r7"));
        assert!(!opens(&Rule::Not(forbidden), "r7"));
        assert!(opens(&Rule::All(names), "r7"));
    }
}
