//! Parses `rate` and `quota`: one rate, a list of them, or rates with options.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::LitInt;

use super::allow::expression;
use super::entry::{Entry, Form};
use super::tokens::{
    comma_separated, is_punct, shown, stream, string, without_invisible_groups, word,
};
use super::{partition, rate_options};
use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::grammar::rate::{Rate, RateError};
use crate::model::raw::{Cost, Declaration, Name, Number, Quotas, RateKey, Tiers, Window};

/// `rate` or `quota`: the same syntax, for sliding windows and for periods of the calendar.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    expected: &'static str,
    example: &'static str,
    options: &'static [&'static str],
    read: fn(&str) -> Result<Rate, RateError>,
}

const RATE: Kind = Kind {
    name: "rate",
    expected: "a rate such as `\"100/h\"`",
    example: "\"100/h\"",
    options: &[
        "anonymous",
        "authenticated",
        "tier",
        "by",
        "burst",
        "cost",
        "mode",
        "refund",
        "unless",
        "shared",
    ],
    read: |text| text.parse(),
};

const QUOTA: Kind = Kind {
    name: "quota",
    expected: "a quota such as `\"10000/month\"`",
    example: "\"10000/month\"",
    options: &[
        "anonymous",
        "authenticated",
        "tier",
        "by",
        "cost",
        "zone",
        "mode",
        "refund",
        "unless",
    ],
    read: Rate::of_the_calendar,
};

const TIERS: &str = "`tier(free = \"100/h\", pro = \"10000/h\")`";

pub(crate) fn rate(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    limit(RATE, entry, into, diagnostics);
}

pub(crate) fn quota(entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
    limit(QUOTA, entry, into, diagnostics);
}

fn limit(kind: Kind, entry: &Entry, into: &mut Declaration, diagnostics: &mut Diagnostics) {
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
        mode: None,
        refund: None,
        shared: None,
        unless: None,
        zone: None,
        complete: true,
    };
    match &entry.form {
        Form::Equals(value) => match value.as_slice() {
            [token] if is_quotas(token) => rate.everyone = quotas(kind, value, value, diagnostics),
            _ => {
                entry.unexpected(kind.expected, diagnostics);
            }
        },
        Form::Call(group) if group.stream().is_empty() => {
            entry.unexpected(kind.expected, diagnostics);
        }
        Form::Call(group) => options(kind, group.stream(), &mut rate, diagnostics),
        Form::Bare => {
            entry.unexpected(kind.expected, diagnostics);
        }
    }
    rate.complete = diagnostics.count() == mistakes;
    into.rates.push(rate);
}

fn options(kind: Kind, list: TokenStream, rate: &mut RateKey, diagnostics: &mut Diagnostics) {
    let Kind { name: key, expected, example, .. } = kind;
    let mut seen: Vec<String> = Vec::new();
    for part in comma_separated(list, diagnostics) {
        let part = flat(part);
        match part.as_slice() {
            [token] if is_quotas(token) => {
                if rate.everyone.is_some() {
                    diagnostics
                        .error(
                            &stream(&part),
                            format!("`{key}` expects one {key}, found a second one"),
                        )
                        .help(format!("`{key}([{example}, …])`"));
                } else {
                    rate.everyone = quotas(kind, &part, &part, diagnostics);
                }
            }
            [TokenTree::Ident(name), equals, value @ ..] if is_punct(equals, '=') => {
                if is_first(name, &mut seen, diagnostics) {
                    option(kind, name, value, rate, diagnostics);
                }
            }
            [TokenTree::Ident(name), TokenTree::Group(list)] if name == "tier" => {
                if is_first(name, &mut seen, diagnostics) {
                    rate.tiers = Some(tiers(kind, name, list.stream(), diagnostics));
                }
            }
            other => {
                let message = format!("`{key}` expects {expected}, found `{}`", shown(other));
                diagnostics
                    .error(&stream(other), message)
                    .help(format!("`{key}({example}, by = address)`"));
            }
        }
    }
}

/// The option without the invisible groups that `macro_rules!` puts around fragments. In an
/// expression they stay, because they keep the precedence of operators there.
pub(super) fn flat(part: Vec<TokenTree>) -> Vec<TokenTree> {
    let is_expression = match part.as_slice() {
        [TokenTree::Ident(name), equals, value @ ..] if is_punct(equals, '=') => {
            name == "unless"
                || (name == "cost" && value.len() > 1)
                || (name == "by" && partition::has_a_key(value))
        }
        _ => false,
    };
    if is_expression { part } else { without_invisible_groups(stream(&part)).into_iter().collect() }
}

/// Whether an option is given for the first time.
pub(super) fn is_first(
    name: &Ident,
    seen: &mut Vec<String>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let text = name.to_string();
    let is_first = !seen.contains(&text);
    if is_first {
        seen.push(text);
    } else {
        diagnostics.error(name, format!("`{text}` is given twice, expected it once"));
    }
    is_first
}

fn tiers(kind: Kind, key: &Ident, list: TokenStream, diagnostics: &mut Diagnostics) -> Tiers {
    let mut seen = Vec::new();
    let mut tiers = Tiers { key: key.clone(), quotas: Vec::new() };
    for part in comma_separated(list, diagnostics) {
        match part.as_slice() {
            [TokenTree::Ident(tier), equals, value @ ..] if is_punct(equals, '=') => {
                if is_first(tier, &mut seen, diagnostics)
                    && let Some(quotas) = audience(kind, tier, value, diagnostics)
                {
                    let name = Name {
                        text: tier.to_string(),
                        span: tier.span(),
                        bare: true,
                        enum_variant: None,
                    };
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

fn option(
    kind: Kind,
    name: &Ident,
    value: &[TokenTree],
    rate: &mut RateKey,
    diagnostics: &mut Diagnostics,
) {
    match name.to_string().as_str() {
        "anonymous" => rate.anonymous = audience(kind, name, value, diagnostics),
        "authenticated" => rate.authenticated = audience(kind, name, value, diagnostics),
        option if !kind.options.contains(&option) => unknown_option(kind, name, diagnostics),
        "zone" => rate.zone = zone(name, value, diagnostics),
        "burst" => rate.burst = number(name, value, diagnostics),
        "cost" => rate.cost = cost(name, value, diagnostics),
        "mode" => rate.mode = mode(name, value, diagnostics),
        "refund" => rate.refund = rate_options::refund(name, value, diagnostics),
        "shared" => rate.shared = rate_options::shared(name, value, diagnostics),
        "unless" => rate.unless = rate_options::unless(name, value, diagnostics),
        "tier" => {
            let (place, found) = value_place(name, value);
            let message = format!("`tier` expects tiers with rates, found {found}");
            diagnostics.error(&place, message).help(TIERS);
        }
        "by" => rate.by = partition::by(name, value, diagnostics),
        _ => unknown_option(kind, name, diagnostics),
    }
}

fn unknown_option(kind: Kind, name: &Ident, diagnostics: &mut Diagnostics) {
    let unknown = name.to_string();
    let message = format!("unknown option `{unknown}` of `{}`", kind.name);
    let diagnostic = diagnostics.error(name, message);
    match nearest(&unknown, kind.options.iter().copied()) {
        Some(option) => diagnostic.help(format!("did you mean `{option}`?")),
        None => diagnostic.help(format!("expected {}", choices(kind.options))),
    };
}

fn zone(name: &Ident, value: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<Name> {
    if let [token] = value
        && let Some(zone) = string(token)
    {
        return Some(zone);
    }
    let (place, found) = value_place(name, value);
    diagnostics
        .error(&place, format!("`zone` expects a time zone as a string literal, found {found}"))
        .help("`zone = \"Europe/Berlin\"`");
    None
}

fn audience(
    kind: Kind,
    name: &Ident,
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Quotas> {
    if let [token] = value
        && is_quotas(token)
    {
        return quotas(kind, &[TokenTree::Ident(name.clone())], value, diagnostics);
    }
    let (place, found) = value_place(name, value);
    diagnostics
        .error(&place, format!("`{name}` expects {}, found {found}", kind.expected))
        .help(format!("`{name} = {}`", kind.example));
    None
}

/// A word, or a percentage as a string.
pub(super) fn mode(
    name: &Ident,
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Name> {
    if let [token] = value
        && let Some(mode) = word(token).or_else(|| string(token))
    {
        return Some(mode);
    }
    let (place, found) = value_place(name, value);
    let message = format!(
        "`mode` expects `enforce`, `observe` or a percentage such as `\"20%\"`, found {found}"
    );
    diagnostics.error(&place, message).help("`mode = observe`");
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

pub(super) fn number(
    name: &Ident,
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Number> {
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
    kind: Kind,
    place: &[TokenTree],
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Quotas> {
    let literals = match value {
        [TokenTree::Group(list)] => {
            let parts = comma_separated(list.stream(), diagnostics);
            if parts.is_empty() {
                let message =
                    format!("`{}` expects {}, found an empty list", kind.name, kind.expected);
                diagnostics.error(list, message);
            }
            parts
        }
        literal => vec![literal.to_vec()],
    };
    let mut quotas = Quotas { place: stream(place), rates: Vec::new(), named: Vec::new() };
    let known = literals.iter().map(|literal| one(kind, literal, &mut quotas, diagnostics));
    let known = known.collect::<Vec<_>>().into_iter().collect::<Option<Vec<()>>>();
    known.map(|_| quotas)
}

/// Adds a rate, or the name of one.
fn one(
    kind: Kind,
    literal: &[TokenTree],
    quotas: &mut Quotas,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let [token] = literal else { return no_quota(kind, literal, diagnostics) };
    if let Some(name) = word(token).filter(|_| kind.name == RATE.name) {
        quotas.named.push(name);
        return Some(());
    }
    let Some(text) = string(token) else { return no_quota(kind, literal, diagnostics) };
    match (kind.read)(&text.text) {
        Ok(rate) => {
            quotas.rates.push(Window { rate, span: text.span, shared: None });
            Some(())
        }
        Err(error) => {
            diagnostics.error_at(text.span, error.to_string());
            None
        }
    }
}

fn no_quota(kind: Kind, literal: &[TokenTree], diagnostics: &mut Diagnostics) -> Option<()> {
    let Kind { name, expected, .. } = kind;
    let message = format!("`{name}` expects {expected}, found `{}`", shown(literal));
    diagnostics.error(&stream(literal), message);
    None
}

/// The place of a wrong value, and the value for the message; a missing value is shown at its name.
pub(super) fn value_place(name: &Ident, value: &[TokenTree]) -> (TokenStream, String) {
    if value.is_empty() {
        return (stream(&[TokenTree::Ident(name.clone())]), "nothing".to_owned());
    }
    (stream(value), format!("`{}`", shown(value)))
}
