//! The keys `allow`, `check` and `hide`: Rust expressions, with a few words of our own in them.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::{BinOp, Expr, ExprCall, Lit, UnOp};

use super::entry::{Entry, Form};
use super::network;
use super::tokens::{comma_separated, is_punct, shown, stream, string, word, word_of};
use crate::diagnostics::Diagnostics;
use crate::model::condition::{Allow, Check, Condition, ConditionKind};
use crate::model::legal::Fact;
use crate::model::raw::{Declaration, Name};

/// What `address in …` and `time in …` are while syn reads the expression.
const ADDRESS: &str = "__address_in";
const TIME: &str = "__time_in";

pub(crate) fn allow(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let value = match &entry.form {
        Form::Equals(value) if !value.is_empty() => value,
        _ => {
            entry.unexpected("a Boolean expression", diagnostics);
            into.rule_unclear = true;
            return;
        }
    };
    let mistakes = diagnostics.count();
    let tokens = without_in(value.iter().cloned(), diagnostics);
    match syn::parse2::<Expr>(tokens) {
        _ if diagnostics.count() > mistakes => {}
        Ok(expression) => {
            let condition = condition(&expression, diagnostics);
            if diagnostics.count() == mistakes {
                into.allow.push(Allow { condition });
            }
        }
        Err(error) => no_expression(value, &error, diagnostics),
    }
    into.rule_unclear |= diagnostics.count() > mistakes;
}

fn no_expression(value: &[TokenTree], error: &syn::Error, diagnostics: &mut Diagnostics) {
    let text = error.to_string();
    let message = format!("`allow` expects an expression: {text}");
    // syn shows the end of the tokens as the whole attribute.
    let diagnostic = match value.last() {
        Some(last) if text.starts_with("unexpected end") => diagnostics.error(last, message),
        _ => diagnostics.error_at(error.span(), message),
    };
    diagnostic.help("a comma outside of parentheses ends it; parentheses hold it together");
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
    let Ok(function) = syn::Path::parse_mod_style.parse2(stream(path)) else {
        entry.unexpected("the path of a function", diagnostics);
        into.rule_unclear = true;
        return;
    };
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

/// Puts calls where `address in …` and `time in …` stand: `in` is no operator of Rust.
fn without_in(
    tokens: impl IntoIterator<Item = TokenTree>,
    diagnostics: &mut Diagnostics,
) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut replaced = TokenStream::new();
    let mut rest = tokens.as_slice();
    let mut is_loop = false;
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (TokenTree::Ident(word), [TokenTree::Ident(operator), value, after @ ..])
                if operator == "in" && !is_loop =>
            {
                let marker = match word.to_string().as_str() {
                    "address" => ADDRESS,
                    "time" => TIME,
                    other => {
                        diagnostics
                            .error(
                                word,
                                format!("`in` expects `address` or `time`, found `{other}`"),
                            )
                            .help("`address in \"10.0.0.0/8\"`");
                        ADDRESS
                    }
                };
                let mut list = Group::new(Delimiter::Parenthesis, value.clone().into());
                list.set_span(value.span());
                replaced.extend([TokenTree::from(Ident::new(marker, word.span())), list.into()]);
                rest = after;
                continue;
            }
            (TokenTree::Group(group), _) if group.delimiter() != Delimiter::Brace => {
                let inner = without_in(group.stream(), diagnostics);
                let mut copy = Group::new(group.delimiter(), inner);
                copy.set_span(group.span());
                replaced.extend([TokenTree::from(copy)]);
            }
            (token, _) => replaced.extend([token.clone()]),
        }
        is_loop = matches!(first, TokenTree::Ident(word) if word == "for");
        rest = after;
    }
    replaced
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
                .help("`||` stands between two conditions");
            ConditionKind::Expression
        }
        _ => ConditionKind::Expression,
    };
    Condition { tokens: expression.to_token_stream(), kind }
}

/// The operands of one operator, however the chain is nested.
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

/// `role("admin")` and the like; any other call is the application's.
fn atom(call: &ExprCall, diagnostics: &mut Diagnostics) -> ConditionKind {
    let Expr::Path(path) = &*call.func else { return ConditionKind::Expression };
    let Some(function) = path.path.get_ident().map(Ident::to_string) else {
        return ConditionKind::Expression;
    };
    let arguments: Vec<TokenTree> = call.args.to_token_stream().into_iter().collect();
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
        _ => no_name(call, &function, &arguments, diagnostics),
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
