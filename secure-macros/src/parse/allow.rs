//! Parses `allow`, `check` and `hide`: Rust expressions with conditions of our own.

use proc_macro2::{Delimiter, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{BinOp, Expr, ExprCall, Lit, Token, UnOp};

use super::entry::{Entry, Form};
use super::enum_variants::enum_variant;
use super::network;
use super::operators::{ADDRESS, TIME, without_in};
use super::tokens::{comma_separated, is_punct, shown, stream, string, word, word_of};
use super::unfinished::{completed, completed_path};
use crate::diagnostics::Diagnostics;
use crate::model::condition::{Allow, Check, Condition, ConditionKind, Expression};
use crate::model::legal::Fact;
use crate::model::raw::{Declaration, Name};

pub(crate) fn allow(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let Form::Equals(value) = &entry.form else {
        entry.unexpected("a Boolean expression", diagnostics);
        into.rule_unclear = true;
        return;
    };
    let mistakes = diagnostics.count();
    let tokens = without_in(value.iter().cloned(), diagnostics);
    match syn::parse2::<Expr>(tokens.clone()) {
        _ if diagnostics.count() > mistakes => {}
        Ok(expression) => {
            let condition = condition(&expression, diagnostics);
            if diagnostics.count() == mistakes {
                into.allow.push(Allow { condition, shared: None });
            }
        }
        Err(error) => {
            if value.is_empty() {
                entry.unexpected("a Boolean expression", diagnostics);
            } else {
                no_expression("allow", value, tokens.clone(), &error, diagnostics);
            }
            into.allow.extend(unfinished_rule(tokens));
        }
    }
    into.rule_unclear |= diagnostics.count() > mistakes;
}

/// The rule that an editor completes while it is being written; mistakes in its parts are reported
/// later.
fn unfinished_rule(tokens: TokenStream) -> Option<Allow> {
    let expression = syn::parse2::<Expr>(completed(tokens)).ok()?;
    Diagnostics::gather(|told_later| Some(condition(&expression, told_later)))
        .ok()
        .map(|condition| Allow { condition, shared: None })
}

/// Tokens that form one Rust expression; rustc checks its meaning.
pub(super) fn expression(
    key: &str,
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Expression> {
    let tokens = stream(value);
    match syn::parse2::<Expr>(tokens.clone()) {
        Ok(_) => {
            let mistakes = diagnostics.count();
            returns_nothing(key, &tokens, diagnostics);
            (diagnostics.count() == mistakes).then_some(Expression { tokens, shared: None })
        }
        Err(error) => {
            no_expression(key, value, tokens, &error, diagnostics);
            None
        }
    }
}

fn no_expression(
    key: &str,
    value: &[TokenTree],
    read: TokenStream,
    error: &syn::Error,
    diagnostics: &mut Diagnostics,
) {
    let text = error.to_string();
    let text = text.strip_prefix("unexpected end of input, ").unwrap_or(&text);
    let message = match text.strip_prefix("expected an expression") {
        Some(_) => format!("`{key}` expects an expression, found an operator or nothing"),
        None => format!("`{key}` expects an expression: {text}"),
    };
    let help = if is_cast_before_less(value) {
        "put a cast before `<` in parentheses: `(x as u64) < y`"
    } else {
        "a comma ends the expression, unless it is in parentheses"
    };
    diagnostics.error_at(place(value, read, error), message).help(help);
}

/// The place of a syntax error in an expression. syn reports the end of the tokens at the whole
/// attribute; here a token with the span of the last one is added after them.
fn place(value: &[TokenTree], read: TokenStream, error: &syn::Error) -> Span {
    let Some(last) = value.last() else { return error.span() };
    let mut end = Punct::new(';', Spacing::Alone);
    end.set_span(last.span());
    let with_an_end = read.into_iter().chain([end.into()]).collect::<TokenStream>();
    let until_the_end = |input: ParseStream<'_>| {
        input.parse::<Expr>()?;
        input.parse::<Token![;]>()
    };
    until_the_end.parse2(with_an_end).err().map_or_else(|| error.span(), |found| found.span())
}

/// `x as u64 < 5`: rustc, too, parses `u64<5`.
fn is_cast_before_less(value: &[TokenTree]) -> bool {
    value.windows(3).any(|three| {
        matches!(three, [TokenTree::Ident(word), TokenTree::Ident(_), less]
            if word == "as" && is_punct(less, '<'))
    })
}

pub(crate) fn check(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let Form::Equals(value) = &entry.form else {
        entry.unexpected("a function", diagnostics);
        into.rule_unclear = true;
        return;
    };
    let (path, parameters) = match value.split_last() {
        Some((TokenTree::Group(list), path)) if list.delimiter() == Delimiter::Parenthesis => {
            (path, Some(list))
        }
        _ => (value.as_slice(), None),
    };
    let function = |path: &[TokenTree]| syn::Path::parse_mod_style.parse2(stream(path)).ok();
    let function = function(path).or_else(|| {
        entry.unexpected("the path of a function", diagnostics);
        into.rule_unclear = true;
        function(&completed_path(path))
    });
    let Some(function) = function else { return };
    let parameters = parameters.map(|list| {
        let parts = comma_separated(list.stream(), diagnostics);
        parts.iter().filter_map(|part| parameter(part, diagnostics)).collect()
    });
    into.checks.push(Check { key: entry.key.clone(), function, parameters });
}

fn parameter(part: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<Name> {
    if let [TokenTree::Ident(name)] = part {
        return Some(word_of(name));
    }
    diagnostics
        .error(
            &stream(part),
            format!("`check` expects a parameter's name, found `{}`", shown(part)),
        )
        .help("`check = owns(order)`; `allow` takes any expression");
    None
}

pub(crate) fn hide(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    into.hide = Some(entry.key.clone());
    if !matches!(entry.form, Form::Bare) {
        entry.unexpected("no value", diagnostics);
    }
}

/// The value of an option that takes a condition.
pub(super) fn condition_of(
    key: &str,
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Condition> {
    let mistakes = diagnostics.count();
    let tokens = without_in(value.iter().cloned(), diagnostics);
    match syn::parse2::<Expr>(tokens.clone()) {
        _ if diagnostics.count() > mistakes => None,
        Ok(expression) => {
            let condition = condition(&expression, diagnostics);
            (diagnostics.count() == mistakes).then_some(condition)
        }
        Err(error) => {
            no_expression(key, value, tokens, &error, diagnostics);
            None
        }
    }
}

fn condition(expression: &Expr, diagnostics: &mut Diagnostics) -> Condition {
    let kind = match expression {
        Expr::Paren(inner) => return condition(&inner.expr, diagnostics),
        Expr::Group(inner) => return condition(&inner.expr, diagnostics),
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
            let mut parts = Vec::new();
            operands(expression, true, &mut parts, diagnostics);
            ConditionKind::All(parts)
        }
        Expr::Binary(binary) if matches!(binary.op, BinOp::Or(_)) => {
            let mut parts = Vec::new();
            operands(expression, false, &mut parts, diagnostics);
            ConditionKind::Any(parts)
        }
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => {
            ConditionKind::Not(Box::new(condition(&unary.expr, diagnostics)))
        }
        Expr::Lit(literal) => match &literal.lit {
            Lit::Bool(constant) => ConditionKind::Constant(constant.value),
            _ => ConditionKind::Expression,
        },
        Expr::Call(call) => atom(call, diagnostics),
        Expr::Closure(closure) => {
            diagnostics
                .error(closure, "`allow` expects a condition, found a closure")
                .help("write `||` between two conditions");
            ConditionKind::Expression
        }
        Expr::Let(binding) => {
            diagnostics
                .error(&binding.let_token, "`allow` expects a condition, found `let`")
                .help("`matches!(…)`, or `if let … { … } else { false }`");
            ConditionKind::Expression
        }
        _ => {
            returns_nothing("allow", &expression.to_token_stream(), diagnostics);
            ConditionKind::Expression
        }
    };
    Condition { tokens: expression.to_token_stream(), kind }
}

/// A `return` would return from generated code; in a closure or an `async` block it is the user's.
fn returns_nothing(key: &str, tokens: &TokenStream, diagnostics: &mut Diagnostics) {
    let is_theirs = tokens.clone().into_iter().any(|token| {
        is_punct(&token, '|') || matches!(&token, TokenTree::Ident(word) if word == "async")
    });
    if is_theirs {
        return;
    }
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(word) if word == "return" => {
                diagnostics
                    .error(
                        &word,
                        format!("`{key}` expects an expression with a value, found `return`"),
                    )
                    .help("put the value at the end: `if … { … } else { … }`");
                return;
            }
            TokenTree::Group(group) => returns_nothing(key, &group.stream(), diagnostics),
            _ => {}
        }
    }
}

/// The operands of one operator, for any nesting of the chain.
fn operands(
    expression: &Expr,
    is_and: bool,
    parts: &mut Vec<Condition>,
    diagnostics: &mut Diagnostics,
) {
    match expression {
        Expr::Binary(binary)
            if matches!((&binary.op, is_and), (BinOp::And(_), true) | (BinOp::Or(_), false)) =>
        {
            operands(&binary.left, is_and, parts, diagnostics);
            operands(&binary.right, is_and, parts, diagnostics);
        }
        operand => parts.push(condition(operand, diagnostics)),
    }
}

/// `role("admin")` and the like; any other call is an expression of the application.
fn atom(call: &ExprCall, diagnostics: &mut Diagnostics) -> ConditionKind {
    let Expr::Path(path) = &*call.func else { return ConditionKind::Expression };
    let Some(function) = path.path.get_ident().map(Ident::to_string) else {
        return ConditionKind::Expression;
    };
    let mut arguments: Vec<TokenTree> = call.args.to_token_stream().into_iter().collect();
    if call.args.trailing_punct() {
        arguments.pop();
    }
    let fact = match function.as_str() {
        "role" => Fact::Role,
        "scope" => Fact::Scope,
        "permission" => Fact::Permission,
        "authenticator" => {
            let name = match arguments.as_slice() {
                [token] => string(token).or_else(|| word(token)),
                _ => None,
            };
            return match name {
                Some(name) => ConditionKind::Authenticator(name),
                None => no_name(call, &function, &arguments, diagnostics),
            };
        }
        ADDRESS => return network::networks(&arguments, diagnostics),
        TIME => return hours(&arguments, diagnostics),
        _ => return ConditionKind::Expression,
    };
    match arguments.as_slice() {
        [token] => match string(token) {
            Some(name) => ConditionKind::Fact(fact, name),
            None => no_name(call, &function, &arguments, diagnostics),
        },
        path => match enum_variant(path) {
            Some(name) => ConditionKind::Fact(fact, name),
            None => no_name(call, &function, &arguments, diagnostics),
        },
    }
}

fn no_name(
    call: &ExprCall,
    function: &str,
    arguments: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> ConditionKind {
    let help = if arguments.iter().any(|token| is_punct(token, ',')) {
        format!("`{function}(\"a\") || {function}(\"b\")`, or `&&`")
    } else {
        format!("`{function}(\"…\")`")
    };
    let found =
        if arguments.is_empty() { "nothing".to_owned() } else { format!("`{}`", shown(arguments)) };
    let message = format!("`{function}` expects one name as a string literal, found {found}");
    diagnostics.error(call, message).help(help);
    ConditionKind::Expression
}

fn hours(arguments: &[TokenTree], diagnostics: &mut Diagnostics) -> ConditionKind {
    let [token] = arguments else { return ConditionKind::Expression };
    let Some(text) = string(token) else {
        diagnostics
            .error(token, format!("`time in` expects a string literal, found `{token}`"))
            .help("`time in \"Mon-Fri 09:00-17:00 Europe/Berlin\"`");
        return ConditionKind::Expression;
    };
    match text.text.parse() {
        Ok(hours) => ConditionKind::Time(hours),
        Err(error) => {
            let error: crate::model::hours::HoursError = error;
            let diagnostic = diagnostics.error(&text, error.message);
            if let Some(help) = error.help {
                diagnostic.help(help);
            }
            ConditionKind::Expression
        }
    }
}
