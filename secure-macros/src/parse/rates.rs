//! The `rate` key: one quota, a list of them, or quotas with options.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::LitInt;

use super::allow::expression;
use super::entry::{Entry, Form};
use super::partition;
use super::tokens::{
    comma_separated, is_punct, shown, stream, string, without_invisible_groups, word,
};
use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::model::raw::{Cost, Declaration, Name, Number, Quotas, RateKey, Tiers, Window};

const EXPECTED: &str = "a rate such as `\"100/h\"`";

const TIERS: &str = "`tier(free = \"100/h\", pro = \"10000/h\")`";

/// The options of `rate(…)`.
const OPTIONS: &[&str] = &["anonymous", "authenticated", "tier", "by", "burst", "cost"];

pub(crate) fn rate(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    let mistakes = diagnostics.count();
    let mut rate = RateKey {
        key: entry.key.clone(),
        everyone: None,
        anonymous: None,
        authenticated: None,
        tiers: None,
        by: None,
        burst: None,
        cost: None,
        complete: true,
    };
    match &entry.form {
        Form::Equals(value) => match value.as_slice() {
            [token] if is_quotas(token) => rate.everyone = quotas(value, value, diagnostics),
            _ => {
                entry.unexpected(EXPECTED, diagnostics);
            }
        },
        Form::Call(group) if group.stream().is_empty() => {
            entry.unexpected(EXPECTED, diagnostics);
        }
        Form::Call(group) => options(group.stream(), &mut rate, diagnostics),
        Form::Bare => {
            entry.unexpected(EXPECTED, diagnostics);
        }
    }
    rate.complete = diagnostics.count() == mistakes;
    into.rates.push(rate);
}

fn options(list: TokenStream, rate: &mut RateKey, diagnostics: &mut Diagnostics) {
    let mut seen: Vec<String> = Vec::new();
    for part in comma_separated(list, diagnostics) {
        let part = flat(part);
        match part.as_slice() {
            [token] if is_quotas(token) => {
                if rate.everyone.is_some() {
                    diagnostics
                        .error(&stream(&part), "`rate` expects one rate, found a second one")
                        .help("`rate([\"10/s\", \"1000/h\"])`");
                } else {
                    rate.everyone = quotas(&part, &part, diagnostics);
                }
            }
            [TokenTree::Ident(name), equals, value @ ..] if is_punct(equals, '=') => {
                if is_first(name, &mut seen, diagnostics) {
                    option(name, value, rate, diagnostics);
                }
            }
            [TokenTree::Ident(name), TokenTree::Group(list)] if name == "tier" => {
                if is_first(name, &mut seen, diagnostics) {
                    rate.tiers = Some(tiers(name, list.stream(), diagnostics));
                }
            }
            other => {
                let message = format!("`rate` expects {EXPECTED}, found `{}`", shown(other));
                diagnostics.error(&stream(other), message).help("`rate(\"100/h\", burst = 10)`");
            }
        }
    }
}

/// The option without the invisible groups that `macro_rules!` puts around fragments; in an
/// expression they stay, as they guard the precedence of operators there.
fn flat(part: Vec<TokenTree>) -> Vec<TokenTree> {
    let is_expression = match part.as_slice() {
        [TokenTree::Ident(name), equals, value @ ..] if is_punct(equals, '=') => {
            (name == "cost" && value.len() > 1) || (name == "by" && partition::has_a_key(value))
        }
        _ => false,
    };
    if is_expression { part } else { without_invisible_groups(stream(&part)).into_iter().collect() }
}

/// Whether an option was not given yet.
fn is_first(name: &Ident, seen: &mut Vec<String>, diagnostics: &mut Diagnostics) -> bool {
    let text = name.to_string();
    let is_first = !seen.contains(&text);
    if is_first {
        seen.push(text);
    } else {
        diagnostics.error(name, format!("`{text}` is given twice, expected it once"));
    }
    is_first
}

fn tiers(key: &Ident, list: TokenStream, diagnostics: &mut Diagnostics) -> Tiers {
    let mut seen = Vec::new();
    let mut tiers = Tiers { key: key.clone(), quotas: Vec::new() };
    for part in comma_separated(list, diagnostics) {
        match part.as_slice() {
            [TokenTree::Ident(tier), equals, value @ ..] if is_punct(equals, '=') => {
                if is_first(tier, &mut seen, diagnostics)
                    && let Some(quotas) = audience(tier, value, diagnostics)
                {
                    let name = Name { text: tier.to_string(), span: tier.span(), bare: true };
                    tiers.quotas.push((name, quotas));
                }
            }
            other => {
                let message = format!("`tier` expects tiers with rates, found `{}`", shown(other));
                diagnostics.error(&stream(other), message).help(TIERS);
            }
        }
    }
    tiers
}

fn option(name: &Ident, value: &[TokenTree], rate: &mut RateKey, diagnostics: &mut Diagnostics) {
    match name.to_string().as_str() {
        "anonymous" => rate.anonymous = audience(name, value, diagnostics),
        "authenticated" => rate.authenticated = audience(name, value, diagnostics),
        "burst" => rate.burst = number(name, value, diagnostics),
        "cost" => rate.cost = cost(name, value, diagnostics),
        "tier" => {
            let (place, found) = value_place(name, value);
            let message = format!("`tier` expects tiers with rates, found {found}");
            diagnostics.error(&place, message).help(TIERS);
        }
        "by" => rate.by = partition::by(name, value, diagnostics),
        unknown => {
            let suggestion = nearest(unknown, OPTIONS.iter().copied());
            let message = format!("unknown option `{unknown}` of `rate`");
            let diagnostic = diagnostics.error(name, message);
            match suggestion {
                Some(option) => diagnostic.help(format!("did you mean `{option}`?")),
                None => diagnostic.help(format!("the options are {}", choices(OPTIONS))),
            };
        }
    }
}

fn audience(name: &Ident, value: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<Quotas> {
    if let [token] = value
        && is_quotas(token)
    {
        return quotas(&[TokenTree::Ident(name.clone())], value, diagnostics);
    }
    let (place, found) = value_place(name, value);
    diagnostics
        .error(&place, format!("`{name}` expects {EXPECTED}, found {found}"))
        .help(format!("`{name} = \"100/h\"`"));
    None
}

/// A number, the word `response`, or an expression about the handler's arguments.
fn cost(name: &Ident, value: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<Cost> {
    match value {
        [TokenTree::Ident(word)] if word == "response" => Some(Cost::Response(word.clone())),
        [] | [TokenTree::Literal(_)] => number(name, value, diagnostics).map(Cost::Permits),
        _ => expression("cost", value, diagnostics).map(Cost::Expression),
    }
}

fn number(name: &Ident, value: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<Number> {
    let literal: Option<LitInt> = syn::parse2(stream(value)).ok();
    let literal = literal.filter(|literal| literal.suffix().is_empty());
    let parsed = literal.and_then(|literal| {
        let value = literal.base10_parse().ok()?;
        Some(Number { value, span: literal.span() })
    });
    if parsed.is_none() {
        let (place, found) = value_place(name, value);
        let message = format!("`{name}` expects a whole number up to {}, found {found}", u32::MAX);
        diagnostics.error(&place, message).help(format!("`{name} = 10`"));
    }
    parsed
}

fn is_quotas(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Bracket,
        token => string(token).or_else(|| word(token)).is_some(),
    }
}

fn quotas(
    place: &[TokenTree],
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Quotas> {
    let literals = match value {
        [TokenTree::Group(list)] => {
            let parts = comma_separated(list.stream(), diagnostics);
            if parts.is_empty() {
                let message = format!("`rate` expects {EXPECTED}, found an empty list");
                diagnostics.error(list, message);
            }
            parts
        }
        literal => vec![literal.to_vec()],
    };
    let mut quotas = Quotas { place: stream(place), rates: Vec::new(), named: Vec::new() };
    let known = literals.iter().map(|literal| quota(literal, &mut quotas, diagnostics));
    let known = known.collect::<Vec<_>>().into_iter().collect::<Option<Vec<()>>>();
    known.map(|_| quotas)
}

/// Adds a rate, or the name of one.
fn quota(literal: &[TokenTree], quotas: &mut Quotas, diagnostics: &mut Diagnostics) -> Option<()> {
    let [token] = literal else { return no_quota(literal, diagnostics) };
    if let Some(name) = word(token) {
        quotas.named.push(name);
        return Some(());
    }
    let Some(text) = string(token) else { return no_quota(literal, diagnostics) };
    match text.text.parse() {
        Ok(rate) => {
            quotas.rates.push(Window { rate, span: text.span, shared: None });
            Some(())
        }
        Err(error) => {
            let error: super::rate::RateError = error;
            diagnostics.error_at(text.span, error.to_string());
            None
        }
    }
}

fn no_quota(literal: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<()> {
    let message = format!("`rate` expects {EXPECTED}, found `{}`", shown(literal));
    diagnostics.error(&stream(literal), message);
    None
}

/// Where a wrong value stands and what it is; a missing one is shown at its name.
pub(super) fn value_place(name: &Ident, value: &[TokenTree]) -> (TokenStream, String) {
    if value.is_empty() {
        return (stream(&[TokenTree::Ident(name.clone())]), "nothing".to_owned());
    }
    (stream(value), format!("`{}`", shown(value)))
}
