//! Rules about `allow`, `check` and `hide`: names, reserved words, patterns and checkers.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;

use super::expression_variables::scopes::depends_on;
use super::expression_variables::{free, mentioned};
use super::names::{Listed, well_formed_name};
use super::parameters::Parameter;
use super::patterns::{Comparison, comparisons};
use super::source::source;
use super::vocabulary::name_is_known;
use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::model::condition::{Check, Condition, ConditionKind};
use crate::model::raw::{Combine, Declaration, Name, Names};
use crate::parse::operators::{ADDRESS, TIME, report_inside_expression};
use crate::parse::tokens::{is_punct, string, word_of};
use crate::vocabulary::Vocabulary;

/// The most expressions in one endpoint's rule: the number of bits in the set of their results.
const MOST_EXPRESSIONS: usize = 64;

/// Calls `visit` with every part of every `allow`.
fn parts<'a>(declaration: &'a Declaration, mut visit: impl FnMut(&'a Condition)) {
    declaration.allow.iter().for_each(|allow| allow.condition.each(&mut visit));
}

/// Names in `allow` obey the rules for names everywhere.
pub(super) fn names_are_known(
    declaration: &Declaration,
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    parts(declaration, |part| name_of_part_is_known(part, vocabulary, diagnostics));
}

/// The same for one part.
pub(super) fn name_of_part_is_known(
    part: &Condition,
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) {
    match &part.kind {
        ConditionKind::Fact(fact, name)
            if well_formed_name(fact.word(), name, Listed::Alone, diagnostics) =>
        {
            name_is_known(*fact, name, vocabulary, diagnostics);
        }
        ConditionKind::Authenticator(name) => {
            well_formed_name("authenticator", name, Listed::Alone, diagnostics);
        }
        _ => {}
    }
}

/// An authenticator that the endpoint does not use never accepts a caller there.
pub(super) fn authenticators_are_used(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    let Some(auth) = declaration.auth.as_ref().filter(|auth| !auth.is_optional()) else { return };
    let used: Vec<&str> = auth.names.iter().map(|name| name.text.as_str()).collect();
    parts(declaration, |part| {
        if let ConditionKind::Authenticator(name) = &part.kind
            && !used.contains(&name.text.as_str())
        {
            let message = format!("`auth` does not list the authenticator `{}`", name.text);
            let help = match nearest(&name.text, used.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the endpoint uses {}", choices(&used)),
            };
            diagnostics.error(name, message).help(help);
        }
    });
}

/// A public endpoint ignores credentials, so its rule can use the request alone.
pub(super) fn public_rules_use_no_caller(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    if declaration.public.is_none() {
        return;
    }
    let mut demands = |place: &dyn ToTokens, found: &str| {
        diagnostics
            .error(place, format!("`public` cannot be combined with {found}"))
            .help("remove one of the two")
            .note("a public endpoint ignores credentials");
    };
    parts(declaration, |part| match &part.kind {
        ConditionKind::Fact(fact, _) => demands(&part.tokens, &format!("`{}(…)`", fact.word())),
        ConditionKind::Authenticator(_) => demands(&part.tokens, "`authenticator(…)`"),
        ConditionKind::Expression => {
            if let Some(word) = mentioned(&part.tokens, "caller") {
                demands(&word, "`caller`");
            }
        }
        _ => {}
    });
    for check in &declaration.checks {
        demands(&check.key, "`check`");
    }
}

/// A checker takes a `&Principal`, so the endpoint must have an authenticated caller.
pub(super) fn checks_have_a_caller(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    let Some(open) = declaration.auth.as_ref().and_then(Names::admits_anonymous) else { return };
    for check in &declaration.checks {
        diagnostics
            .error(
                &check.key,
                format!(
                    "`{open}` admits anonymous callers, and `check` demands an authenticated one"
                ),
            )
            .help("use `allow`, where `caller` is an `Option<&Principal>`");
    }
}

/// `role(…)` and the other conditions are operands of `&&`, `||` and `!`. Inside another expression
/// they would be functions of the application.
pub(super) fn conditions_are_operands(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    parts(declaration, |part| {
        if matches!(part.kind, ConditionKind::Expression)
            && let Some(word) = inner_word(&part.tokens)
        {
            if word == ADDRESS || word == TIME {
                report_inside_expression(&word, diagnostics);
                return;
            }
            let message = format!("`{word}(…)` cannot be part of another expression");
            diagnostics
                .error(&word, message)
                .help("combine conditions with `&&`, `||`, `!` and parentheses");
        }
    });
}

/// A `matches!` with a bare name as its pattern is always true: the name is a new variable.
pub(super) fn patterns_compare(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    parts(declaration, |part| {
        if matches!(part.kind, ConditionKind::Expression)
            && let Some(word) = comparisons(&part.tokens).iter().find_map(Comparison::takes_all)
        {
            diagnostics
                .error(
                    &word,
                    format!("`matches!` is always true: the pattern `{word}` matches every value"),
                )
                .help("compare with a variable by `==`")
                .note(
                    "a name in a pattern is a new variable, even if something else has that name",
                );
        }
    });
}

/// A parameter's name in a pattern looks like a comparison with the parameter, but is a new
/// variable.
///
/// If the parameter itself is destructured, a part of it may have the parameter's name.
pub(super) fn patterns_bind_no_parameter(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    parts(declaration, |part| {
        if !matches!(part.kind, ConditionKind::Expression) {
            return;
        }
        for comparison in comparisons(&part.tokens) {
            // Reported already.
            if comparison.takes_all().is_some() {
                continue;
            }
            let is_taken_apart =
                |name: &str| !comparison.is_alone && depends_on(&comparison.value, name);
            let mistaken = comparison.bound().into_iter().find_map(|word| {
                let name = word_of(&word).text;
                let is_parameter = || parameters.iter().any(|it| it.binds(&name));
                let what = match name.as_str() {
                    "caller" => "the caller",
                    "request" => "the request",
                    _ if is_parameter() => "the parameter",
                    _ => return None,
                };
                (!is_taken_apart(&name)).then_some((word, what))
            });
            if let Some((word, what)) = mistaken {
                let message =
                    format!("`{word}` in a pattern matches every value, and is not {what}");
                diagnostics
                    .error(&word, message)
                    .help(format!("compare with {what} by `==`, or rename the new variable"));
            }
        }
    });
}

/// The first condition of ours, such as `role("…")`, inside an expression.
fn inner_word(tokens: &TokenStream) -> Option<Ident> {
    const WORDS: [&str; 4] = ["role", "scope", "permission", "authenticator"];
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let is_string = |group: &Group| {
        let list: Vec<TokenTree> = group.stream().into_iter().collect();
        matches!(list.as_slice(), [token] if string(token).is_some())
    };
    let called = tokens.windows(2).enumerate().find_map(|(index, pair)| match pair {
        [TokenTree::Ident(word), TokenTree::Group(list)] => {
            let before = index.checked_sub(1).and_then(|before| tokens.get(before));
            let is_path = before.is_some_and(|it| is_punct(it, '.') || is_punct(it, ':'));
            let is_word = WORDS.iter().any(|it| word == it) && is_string(list)
                || word == ADDRESS
                || word == TIME;
            (is_word && !is_path).then(|| word.clone())
        }
        _ => None,
    });
    called.or_else(|| {
        tokens.iter().find_map(|token| match token {
            TokenTree::Group(group) => inner_word(&group.stream()),
            _ => None,
        })
    })
}

/// `caller` and `request` have a fixed meaning in every rule.
pub(super) fn words_are_free(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    parts(declaration, |part| {
        if !matches!(part.kind, ConditionKind::Expression) {
            return;
        }
        for word in ["caller", "request"] {
            let taken = parameters.iter().find(|it| it.binds(word) && !it.is_word(word));
            if let (Some(_), Some(place)) = (taken, mentioned(&part.tokens, word)) {
                let what = if word == "caller" { "the caller" } else { "the request" };
                diagnostics
                    .error(
                        &place,
                        format!(
                            "rules reserve the name `{word}` for {what}, found a parameter `{word}`"
                        ),
                    )
                    .help("give the parameter another name");
            }
        }
    });
}

/// The arguments of a checker are parameters of the handler.
pub(super) fn checkers_take_parameters(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    for check in &declaration.checks {
        for name in check.parameters.iter().flatten().filter(|name| name.text != "request") {
            if name.text == "caller" {
                diagnostics
                    .error(name, "`check` passes the caller by itself, found `caller` in its list")
                    .help("remove it: the caller is always the first argument");
            } else {
                super::body::is_parameter("check", name, parameters, diagnostics);
            }
        }
        let granted = parameters.iter().find(|parameter| parameter.granted().is_some());
        if let (None, Some(granted)) = (&check.parameters, granted) {
            let name = granted.names.first().map_or("…", String::as_str);
            let function = source(&check.function.to_token_stream());
            diagnostics
                .error(&check.function, "`check` expects the names of its parameters, because one is `Granted`")
                .help(format!("`check = {function}({name})`"))
                .note("a checker runs before the resource is granted, and gets the value inside `Granted`");
        }
    }
}

/// The same checker twice is a slip: probably another one was meant.
pub(super) fn checks_differ(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    let given = |check: &Check| {
        let names = check.parameters.iter().flatten().map(|name| name.text.clone());
        (check.function.to_token_stream().to_string(), names.collect::<Vec<_>>())
    };
    for (index, check) in declaration.checks.iter().enumerate() {
        let mut earlier = declaration.checks.iter().take(index);
        if earlier.any(|earlier| given(earlier) == given(check)) {
            let function = source(&check.function.to_token_stream());
            let message = format!("`check` names `{function}` twice, expected it once");
            diagnostics.error(&check.function, message).help("remove one of the two");
        }
    }
}

/// `hide` needs a rule that can forbid something.
pub(super) fn hide_has_a_rule(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    let Some(hide) = declaration.hide.as_ref().filter(|_| !declaration.rule_unclear) else {
        return;
    };
    let has_rule = !declaration.demands.is_empty()
        || !declaration.allow.is_empty()
        || !declaration.checks.is_empty()
        || !declaration.actions.is_empty();
    if !has_rule {
        diagnostics
            .error(hide, "`hide` expects a rule that forbids something, found none")
            .help("`allow = document.owner == caller.subject(), hide`");
    }
}

/// Whether some rule uses an argument, as OWASP API1:2023 demands of an endpoint with an object. State of
/// the application (`web::Data`) is the same for every object and does not count.
pub(super) fn looks_at_arguments(declaration: &Declaration, parameters: &[Parameter<'_>]) -> bool {
    let is_given = |check: &Check| check.parameters.as_ref().is_some_and(|given| !given.is_empty());
    declaration.checks.iter().any(is_given)
        || parameters
            .iter()
            .filter(|parameter| !parameter.is_shared_state())
            .any(|parameter| is_used_in_rule(declaration, parameter))
}

/// The checkers that take arguments by type; whether they use an argument is in their signatures.
pub(super) fn checkers_by_type(declaration: &Declaration) -> impl Iterator<Item = &Check> {
    declaration.checks.iter().filter(|check| check.parameters.is_none())
}

/// The variables that expressions of `allow` use and do not bind, without `caller` and `request`.
pub(super) fn free_in_rules(declaration: &Declaration) -> Vec<Ident> {
    let mut found = Vec::new();
    parts(declaration, |part| {
        if matches!(part.kind, ConditionKind::Expression) {
            found.extend(free(&part.tokens));
        }
    });
    found.retain(|word: &Ident| word != "caller" && word != "request");
    found
}

/// Whether some rule uses this parameter.
pub(super) fn is_used_in_rule(declaration: &Declaration, parameter: &Parameter<'_>) -> bool {
    let mut found = false;
    parts(declaration, |part| {
        found |= matches!(part.kind, ConditionKind::Expression)
            && parameter.names.iter().any(|name| depends_on(&part.tokens, name));
    });
    let given = declaration.checks.iter().flat_map(|check| &check.parameters).flatten();
    found || given.into_iter().any(|name| parameter.binds(&name.text))
}

/// The set of results has one bit for each expression.
pub(super) fn expressions_are_few(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    let mut rule_expressions = declaration.checks.len();
    parts(declaration, |part| {
        rule_expressions += usize::from(matches!(part.kind, ConditionKind::Expression));
        if rule_expressions == MOST_EXPRESSIONS + 1 {
            let message = format!("`allow` expects at most {MOST_EXPRESSIONS} expressions");
            diagnostics.error(&part.tokens, message).help("put some of them into one function");
            rule_expressions += 1;
        }
    });
}

/// The authenticators that `authenticator(…)` distinguishes, and whether all of them must accept.
pub(super) fn authenticators(auth: Option<&Names>) -> Option<(Vec<&Name>, bool)> {
    let auth = auth.filter(|auth| auth.admits_anonymous().is_none())?;
    Some((auth.names.iter().collect(), auth.combine != Combine::Any))
}
