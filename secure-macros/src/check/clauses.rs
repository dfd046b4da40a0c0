//! Translates `allow` and `check` into clauses of the rule, and collects the expressions that they
//! evaluate.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::Pat;

use super::expression_variables::{has_unknown_names, mentioned};
use super::parameters::Parameter;
use super::partitions;
use super::resolution::resolved;
use super::source::source;
use super::vocabulary::demand;
use crate::model::condition::{Check, Condition, ConditionKind, Expression};
use crate::model::legal::{AppExpression, Bound, Clause, Evaluated};
use crate::model::raw::Declaration;
use crate::paths::Paths;
use crate::vocabulary::Vocabulary;

/// Collects the expressions while the clauses are built.
struct ExpressionCollector<'a> {
    parameters: &'a [Parameter<'a>],
    vocabulary: &'a Vocabulary,
    rule_expressions: Vec<AppExpression>,
}

/// The reserved words of rules and keys.
const WORDS: [&str; 2] = ["caller", "request"];

/// The clauses of the rule besides its lists of names, and their expressions.
pub(super) fn clauses(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    vocabulary: &Vocabulary,
) -> (Vec<Clause>, Vec<AppExpression>) {
    let mut rule_expressions =
        ExpressionCollector { parameters, vocabulary, rule_expressions: Vec::new() };
    let mut clauses = Vec::new();
    for allow in &declaration.allow {
        match rule_expressions.clause(&allow.condition, allow.shared.as_ref()) {
            Clause::All(parts) => clauses.extend(parts),
            clause => clauses.push(clause),
        }
    }
    for check in &declaration.checks {
        clauses.push(rule_expressions.check(check));
    }
    (clauses, rule_expressions.rule_expressions)
}

/// The expressions of limits: keys of `by` and costs.
pub(super) fn of_limits(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    vocabulary: &Vocabulary,
) -> (Vec<AppExpression>, Vec<AppExpression>) {
    let asker = ExpressionCollector { parameters, vocabulary, rule_expressions: Vec::new() };
    let distinct = |expressions: Vec<&Expression>, words: &[&str]| {
        let mut rule_expressions: Vec<AppExpression> = Vec::new();
        for expression in expressions {
            if number_of(expression, &rule_expressions).is_none() {
                rule_expressions.push(asker.question(expression, words));
            }
        }
        rule_expressions
    };
    let keys = partitions::all(declaration).flat_map(|by| partitions::keys(Some(by))).collect();
    let costs = declaration.rates.iter().filter_map(|rate| rate.price()).collect();
    // A cost can use the handler's parameters and nothing else.
    (distinct(keys, &WORDS), distinct(costs, &[]))
}

impl ExpressionCollector<'_> {
    fn clause(&mut self, condition: &Condition, shared: Option<&Paths>) -> Clause {
        match &condition.kind {
            ConditionKind::All(parts) => {
                Clause::All(parts.iter().map(|part| self.clause(part, shared)).collect())
            }
            ConditionKind::Any(parts) => {
                Clause::Any(parts.iter().map(|part| self.clause(part, shared)).collect())
            }
            ConditionKind::Not(part) => Clause::Not(Box::new(self.clause(part, shared))),
            ConditionKind::Fact(fact, name) => {
                Clause::Demand(*fact, demand(*fact, &name.text, self.vocabulary))
            }
            ConditionKind::Authenticator(name) => Clause::Authenticator(name.text.clone()),
            ConditionKind::Address(networks) => Clause::Address(networks.clone()),
            ConditionKind::Time(hours) => Clause::Time(hours.clone()),
            // A constant is a mistake of its own.
            ConditionKind::Constant(true) => Clause::All(Vec::new()),
            ConditionKind::Constant(false) => Clause::Any(Vec::new()),
            ConditionKind::Expression => {
                let (tokens, shared) = (condition.tokens.clone(), shared.cloned());
                self.expression(&Expression { tokens, shared })
            }
        }
    }

    fn expression(&mut self, expression: &Expression) -> Clause {
        // An expression that is written twice is evaluated once.
        if let Some(known) = number_of(expression, &self.rule_expressions) {
            return Clause::AppExpression(known);
        }
        let question = self.question(expression, &WORDS);
        self.ask(question)
    }

    fn question(&self, expression: &Expression, words: &[&str]) -> AppExpression {
        let Expression { tokens, shared } = expression;
        let parameters = self.parameters.iter().enumerate();
        let arguments = parameters
            .filter(|(_, parameter)| !words.iter().any(|it| parameter.binds(it)))
            .filter(|(_, it)| it.names.iter().any(|name| mentioned(tokens, name).is_some()))
            .map(|(index, parameter)| bound(index, parameter))
            .collect();
        let parameter = |name: &str| {
            let mut parameters = self.parameters.iter().filter(|_| !words.contains(&name));
            parameters.find_map(|parameter| parameter.ident(name))
        };
        let word = |word: &str| words.contains(&word).then(|| mentioned(tokens, word)).flatten();
        AppExpression {
            text: source(tokens),
            written: tokens.to_string(),
            evaluated: Evaluated::Expression(resolved(expression, parameter)),
            caller: word("caller"),
            request: word("request"),
            arguments,
            has_unknown_names: has_unknown_names(tokens, |name| self.is_known(name)),
            shared: shared.clone(),
        }
    }

    fn check(&mut self, check: &Check) -> Clause {
        let function = &check.function;
        let name = source(&function.to_token_stream());
        let Some(given) = &check.parameters else {
            return self.ask(AppExpression {
                text: format!("check {name}"),
                written: String::new(),
                evaluated: Evaluated::CheckerByType(function.clone()),
                caller: None,
                request: None,
                arguments: Vec::new(),
                has_unknown_names: false,
                shared: None,
            });
        };
        let place = |text: &str| self.parameters.iter().position(|it| it.binds(text));
        let mut places: Vec<usize> = given.iter().filter_map(|it| place(&it.text)).collect();
        places.sort_unstable();
        places.dedup();
        let arguments = places
            .into_iter()
            .filter_map(|index| Some(bound(index, self.parameters.get(index)?)))
            .collect();
        let names: Vec<Ident> = given.iter().map(|name| name.ident()).collect();
        let shown: Vec<&str> = given.iter().map(|name| name.text.as_str()).collect();
        self.ask(AppExpression {
            text: format!("check {name}({})", shown.join(", ")),
            written: String::new(),
            evaluated: Evaluated::Checker(function.clone(), names),
            caller: None,
            request: given.iter().find(|name| name.text == "request").map(|name| name.ident()),
            arguments,
            has_unknown_names: shown.is_empty() || shown.iter().any(|name| !self.is_known(name)),
            shared: None,
        })
    }

    /// Whether rules have a variable of this name.
    fn is_known(&self, name: &str) -> bool {
        WORDS.contains(&name) || self.parameters.iter().any(|it| it.binds(name))
    }

    fn ask(&mut self, question: AppExpression) -> Clause {
        self.rule_expressions.push(question);
        Clause::AppExpression(self.rule_expressions.len() - 1)
    }
}

fn bound(index: usize, parameter: &Parameter<'_>) -> Bound {
    let mut pattern = parameter.pattern.clone();
    by_reference(&mut pattern);
    Bound { index, pattern, is_granted: parameter.granted().is_some() }
}

/// The pattern for a reference: its variables are references, and not mutable.
fn by_reference(pattern: &mut Pat) {
    match pattern {
        Pat::Ident(ident) => {
            ident.by_ref = None;
            ident.mutability = None;
            if let Some((_, inner)) = &mut ident.subpat {
                by_reference(inner);
            }
        }
        Pat::Paren(inner) => by_reference(&mut inner.pat),
        Pat::Type(inner) => by_reference(&mut inner.pat),
        Pat::Or(inner) => inner.cases.iter_mut().for_each(by_reference),
        Pat::Slice(inner) => inner.elems.iter_mut().for_each(by_reference),
        Pat::Tuple(inner) => inner.elems.iter_mut().for_each(by_reference),
        Pat::TupleStruct(inner) => inner.elems.iter_mut().for_each(by_reference),
        Pat::Struct(inner) => {
            inner.fields.iter_mut().for_each(|field| by_reference(&mut field.pat));
        }
        _ => {}
    }
}

/// The number of an expression among those already collected. A shared expression may mean
/// something else than the handler's own expression with the same text.
pub(super) fn number_of(expression: &Expression, asked: &[AppExpression]) -> Option<usize> {
    let written = expression.tokens.to_string();
    let is_shared = expression.shared.is_some();
    asked.iter().position(|it| it.written == written && it.shared.is_some() == is_shared)
}
