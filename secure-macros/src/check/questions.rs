//! From what `allow` and `check` say to clauses of the rule, and to the questions they ask.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Pat;

use super::parameters::Parameter;
use super::partitions;
use super::vocabulary::demand;
use super::words::{is_puzzling, mentioned};
use crate::model::condition::{Check, Condition, ConditionKind};
use crate::model::legal::{Asks, Bound, Clause, Question};
use crate::model::raw::Declaration;
use crate::parse::tokens::word_of;
use crate::vocabulary::Vocabulary;

/// Collects the questions while the clauses are made.
struct Questions<'a> {
    parameters: &'a [Parameter<'a>],
    vocabulary: &'a Vocabulary,
    questions: Vec<Question>,
}

/// The clauses of the attribute's rule besides its lists of names, and what they ask.
pub(super) fn clauses(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    vocabulary: &Vocabulary,
) -> (Vec<Clause>, Vec<Question>) {
    let mut questions = Questions { parameters, vocabulary, questions: Vec::new() };
    let mut clauses = Vec::new();
    for allow in &declaration.allow {
        match questions.clause(&allow.condition) {
            Clause::All(parts) => clauses.extend(parts),
            clause => clauses.push(clause),
        }
    }
    for check in &declaration.checks {
        clauses.push(questions.check(check));
    }
    (clauses, questions.questions)
}

/// The expressions of limits: what requests are told apart by, and what they cost.
pub(super) fn of_limits(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    vocabulary: &Vocabulary,
) -> (Vec<Question>, Vec<Question>) {
    let asker = Questions { parameters, vocabulary, questions: Vec::new() };
    let distinct = |expressions: Vec<&TokenStream>| {
        let mut questions: Vec<Question> = Vec::new();
        for tokens in expressions {
            if number_of(tokens, &questions).is_none() {
                questions.push(asker.question(tokens));
            }
        }
        questions
    };
    let keys = partitions::all(declaration).flat_map(|by| partitions::keys(Some(by))).collect();
    let costs = declaration.rates.iter().filter_map(|rate| rate.price()).collect();
    (distinct(keys), distinct(costs))
}

impl Questions<'_> {
    fn clause(&mut self, condition: &Condition) -> Clause {
        match &condition.kind {
            ConditionKind::All(parts) => {
                Clause::All(parts.iter().map(|part| self.clause(part)).collect())
            }
            ConditionKind::Any(parts) => {
                Clause::Any(parts.iter().map(|part| self.clause(part)).collect())
            }
            ConditionKind::Not(part) => Clause::Not(Box::new(self.clause(part))),
            ConditionKind::Fact(fact, name) => {
                Clause::Demand(*fact, demand(*fact, &name.text, self.vocabulary))
            }
            ConditionKind::Authenticator(name) => Clause::Authenticator(name.text.clone()),
            ConditionKind::Address(networks) => Clause::Address(networks.clone()),
            ConditionKind::Time(hours) => Clause::Time(hours.clone()),
            // A constant decides nothing, which is a mistake of its own.
            ConditionKind::Constant(true) => Clause::All(Vec::new()),
            ConditionKind::Constant(false) => Clause::Any(Vec::new()),
            ConditionKind::Expression => self.expression(&condition.tokens),
        }
    }

    fn expression(&mut self, tokens: &TokenStream) -> Clause {
        // What is written twice is asked once.
        if let Some(known) = number_of(tokens, &self.questions) {
            return Clause::Question(known);
        }
        let question = self.question(tokens);
        self.ask(question)
    }

    fn question(&self, tokens: &TokenStream) -> Question {
        let parameters = self.parameters.iter().enumerate();
        let arguments = parameters
            .filter(|(_, parameter)| !["caller", "request"].iter().any(|it| parameter.binds(it)))
            .filter(|(_, it)| it.names.iter().any(|name| mentioned(tokens, name).is_some()))
            .map(|(index, parameter)| bound(index, parameter))
            .collect();
        Question {
            text: source(tokens),
            written: tokens.to_string(),
            asks: Asks::Expression(self.resolved(tokens)),
            caller: mentioned(tokens, "caller"),
            request: mentioned(tokens, "request"),
            arguments,
            is_puzzling: is_puzzling(tokens, |name| self.is_known(name)),
        }
    }

    /// The expression with its parameters' names as the handler's: those of a named policy come out
    /// of a macro, and would not see the handler's.
    fn resolved(&self, tokens: &TokenStream) -> TokenStream {
        let resolve = |token| match token {
            TokenTree::Ident(mut ident) => {
                let name = word_of(&ident).text;
                let bound = self.parameters.iter().find_map(|parameter| parameter.ident(&name));
                if let Some(bound) = bound {
                    ident.set_span(bound.span().located_at(ident.span()));
                }
                TokenTree::Ident(ident)
            }
            TokenTree::Group(group) => {
                let mut copy = Group::new(group.delimiter(), self.resolved(&group.stream()));
                copy.set_span(group.span());
                TokenTree::Group(copy)
            }
            token => token,
        };
        tokens.clone().into_iter().map(resolve).collect()
    }

    fn check(&mut self, check: &Check) -> Clause {
        let function = &check.function;
        let name = source(&function.to_token_stream());
        let Some(given) = &check.parameters else {
            return self.ask(Question {
                text: format!("check {name}"),
                written: String::new(),
                asks: Asks::CheckerByType(function.clone()),
                caller: None,
                request: None,
                arguments: Vec::new(),
                is_puzzling: false,
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
        self.ask(Question {
            text: format!("check {name}({})", shown.join(", ")),
            written: String::new(),
            asks: Asks::Checker(function.clone(), names),
            caller: None,
            request: given.iter().find(|name| name.text == "request").map(|name| name.ident()),
            arguments,
            is_puzzling: shown.is_empty() || shown.iter().any(|name| !self.is_known(name)),
        })
    }

    /// Whether a rule has a variable of this name.
    fn is_known(&self, name: &str) -> bool {
        name == "caller" || name == "request" || self.parameters.iter().any(|it| it.binds(name))
    }

    fn ask(&mut self, question: Question) -> Clause {
        self.questions.push(question);
        Clause::Question(self.questions.len() - 1)
    }
}

fn bound(index: usize, parameter: &Parameter<'_>) -> Bound {
    let mut pattern = parameter.pattern.clone();
    by_reference(&mut pattern);
    Bound { index, pattern, is_granted: parameter.granted().is_some() }
}

/// The pattern for a reference: what it binds is a reference by itself, and not mutable.
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

/// The number of an expression among those that are asked.
pub(super) fn number_of(tokens: &TokenStream, asked: &[Question]) -> Option<usize> {
    let written = tokens.to_string();
    asked.iter().position(|question| question.written == written)
}

/// Tokens as somebody would write them, nearly; literals exactly.
pub(super) fn source(tokens: &TokenStream) -> String {
    let mut literals = Vec::new();
    let text = without_literals(tokens, &mut literals).to_string();
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (spaced, tight) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" . ", "."),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" ,", ","),
        (" ?", "?"),
        ("& ", "&"),
        (" ;", ";"),
        ("! ", "!"),
    ] {
        text = text.replace(spaced, tight);
    }
    let mut parts = text.split(LITERAL);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.zip(literals).fold(first, |text, (part, literal)| text + &literal + part)
}

/// Stands for a literal; nobody has a variable of this name.
const LITERAL: &str = "__literal_of_a_rule__";

fn without_literals(tokens: &TokenStream, literals: &mut Vec<String>) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Literal(literal) => {
            literals.push(literal.to_string());
            Ident::new(LITERAL, literal.span()).into()
        }
        TokenTree::Group(group) => {
            let inner = without_literals(&group.stream(), literals);
            TokenTree::Group(Group::new(group.delimiter(), inner))
        }
        token => token,
    };
    tokens.clone().into_iter().map(replace).collect()
}
