//! The attribute and its function as parsed: the syntax is valid, no rule has been checked.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::ToTokens;
use syn::{Attribute, Signature, Visibility};

use super::condition::{Allow, Check, Condition, Expression};
use super::legal::Fact;
use crate::grammar::quantity::{Age, Size, Timeout, Wait};
use crate::grammar::rate::Rate;

/// Everything between the parentheses of `#[secure(...)]`.
#[derive(Default)]
pub(crate) struct Declaration {
    pub(crate) public: Option<Ident>,
    pub(crate) public_grounds: Option<Grounds>,
    pub(crate) auth: Option<Names>,
    /// `roles`, `scopes`, `permissions`.
    pub(crate) demands: Vec<(Fact, Names)>,
    pub(crate) fresh: Option<Fresh>,
    pub(crate) acr: Option<Names>,
    /// One for each layer; all must hold.
    pub(crate) amr: Vec<Names>,
    pub(crate) allow: Vec<Allow>,
    pub(crate) checks: Vec<Check>,
    /// One for each layer; all must be permitted.
    pub(crate) actions: Vec<Action>,
    pub(crate) hide: Option<Ident>,
    pub(crate) callable: Option<Ident>,
    /// Whether a key about the rule could not be parsed.
    pub(crate) rule_unclear: bool,
    pub(crate) rates: Vec<RateKey>,
    /// One for each layer; all must admit the request.
    pub(crate) concurrency: Vec<Concurrency>,
    pub(crate) priority: Option<Name>,
    pub(crate) failures: Vec<FailuresKey>,
    pub(crate) validate: Option<Vec<Name>>,
    pub(crate) unvalidated: Vec<Exemption>,
    pub(crate) objects: Option<Objects>,
    /// Whether a key that may decide about a body could not be parsed.
    pub(crate) bodies_unclear: bool,
    pub(crate) max_body: Option<(Size, Name)>,
    pub(crate) body_timeout: Option<(Timeout, Name)>,
    pub(crate) websocket: Option<Ident>,
    pub(crate) content_type: Option<Name>,
    pub(crate) content_encoding: Option<Names>,
    pub(crate) root: Option<syn::Path>,
}

/// A word or the text of a string literal, and its span.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
    /// Whether it was written as a bare word.
    pub(crate) bare: bool,
    /// The enum variant that was written instead. The text is empty until the vocabulary has
    /// resolved it.
    pub(crate) enum_variant: Option<Box<EnumVariant>>,
}

/// `Permission::OrdersRead`: a name as an enum variant.
#[derive(Clone, Debug)]
pub(crate) struct EnumVariant {
    pub(crate) path: TokenStream,
    /// The enum: the path without its last word.
    pub(crate) of: TokenStream,
    pub(crate) variant: Ident,
}

/// `"a"`, `any("a", "b")` or `all("a", "b")`; for `auth` also `lenient(a, b)`.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) key: Ident,
    pub(crate) combine: Combine,
    pub(crate) names: Vec<Name>,
    /// Whether it is `lenient`: rejected credentials count as missing.
    pub(crate) is_lenient: bool,
    pub(crate) value: TokenStream,
}

impl Names {
    /// The setting that admits anonymous callers, as written; `None` if they are not admitted.
    pub(crate) fn admits_anonymous(&self) -> Option<&'static str> {
        if self.is_lenient {
            Some("auth = lenient(…)")
        } else {
            self.is_optional().then_some("auth = optional")
        }
    }

    /// Whether the value is the bare word `optional`.
    pub(crate) fn is_optional(&self) -> bool {
        self.combine == Combine::One
            && !self.is_lenient
            && self.names.iter().all(|name| name.bare && name.text == "optional")
    }
}

/// `action = "secrets:list"`, or `action` alone.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) key: Ident,
    pub(crate) name: Option<Name>,
}

/// `fresh = "5m"`
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) key: Ident,
    pub(crate) age: Age,
    pub(crate) text: Name,
}

/// How the names of a list combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combine {
    One,
    Any,
    All,
}

/// One `rate` or `quota` key.
#[derive(Debug)]
pub(crate) struct RateKey {
    pub(crate) key: Ident,
    pub(crate) everyone: Option<Quotas>,
    pub(crate) anonymous: Option<Quotas>,
    pub(crate) authenticated: Option<Quotas>,
    pub(crate) tiers: Option<Tiers>,
    pub(crate) by: Option<By>,
    pub(crate) burst: Option<Number>,
    pub(crate) cost: Option<Cost>,
    /// How requests over it are handled: a word, or a percentage.
    pub(crate) mode: Option<Name>,
    /// `refund = 5xx`
    pub(crate) refund: Option<Ident>,
    /// The name of the shared count.
    pub(crate) shared: Option<Name>,
    /// The condition of callers whose requests are not counted.
    pub(crate) unless: Option<Condition>,
    /// The time zone in which the periods of a `quota` begin; UTC by default.
    pub(crate) zone: Option<Name>,
    /// Whether every part of it was parsed.
    pub(crate) complete: bool,
}

/// `concurrency = 8`, or `concurrency(8, by = tenant, queue = 16, wait = "500ms")`.
#[derive(Debug)]
pub(crate) struct Concurrency {
    pub(crate) most: Number,
    pub(crate) by: Option<By>,
    pub(crate) queue: Option<Number>,
    pub(crate) wait: Option<(Wait, Name)>,
    /// How requests over it are handled: a word, or a percentage.
    pub(crate) mode: Option<Name>,
}

/// One `failures` key.
#[derive(Debug)]
pub(crate) struct FailuresKey {
    pub(crate) key: Ident,
    /// One rate, or those of a named rate: each is a budget.
    pub(crate) rates: Vec<Window>,
    /// The name of a rate; `None` once the vocabulary has resolved it.
    pub(crate) named: Option<Name>,
    /// The statuses that count as failures, if given.
    pub(crate) on: Option<Vec<Number>>,
    /// How clients over it are handled: a word, or a percentage.
    pub(crate) mode: Option<Name>,
    /// Whether every part of it could be read.
    pub(crate) complete: bool,
}

/// `tier(free = "100/h", pro = "10000/h")`.
#[derive(Debug)]
pub(crate) struct Tiers {
    pub(crate) key: Ident,
    pub(crate) quotas: Vec<(Name, Quotas)>,
}

/// `by = address`, or `by = (tenant, header("x-client"))`.
#[derive(Debug)]
pub(crate) struct By {
    /// Several parts are a combination.
    pub(crate) parts: Vec<Part>,
}

/// One part of the key by which requests are counted.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) tokens: TokenStream,
    pub(crate) kind: PartKind,
}

#[derive(Debug)]
pub(crate) enum PartKind {
    /// `address` and the like; not checked yet.
    Word(Name),
    /// `header("x-client")`.
    Header(Name),
    /// `claim("org.id")`, or `claim(["https://shop.example/org"])`: the path of the claim.
    Claim(Vec<Name>),
    /// `key(EXPR)`.
    Key(Expression),
}

/// The number of permits that a request takes.
#[derive(Debug)]
pub(crate) enum Cost {
    /// `cost = 5`
    Permits(Number),
    /// `cost = order.lines.len() as u32`
    Expression(Expression),
    /// `cost = response`
    Response(Ident),
}

impl RateKey {
    /// The cost, if it is the same for every request.
    pub(crate) fn permits(&self) -> Option<Number> {
        match &self.cost {
            Some(Cost::Permits(number)) => Some(*number),
            _ => None,
        }
    }

    /// The expression of the cost, if it has one.
    pub(crate) fn price(&self) -> Option<&Expression> {
        match &self.cost {
            Some(Cost::Expression(price)) => Some(price),
            _ => None,
        }
    }

    /// The rates for authenticated callers only.
    pub(crate) fn of_the_known(&self) -> impl Iterator<Item = &Quotas> {
        let tiers = self.tiers.iter().flat_map(|tiers| tiers.quotas.iter());
        self.authenticated.iter().chain(tiers.map(|(_, quotas)| quotas))
    }

    /// All rates.
    pub(crate) fn quotas(&self) -> impl Iterator<Item = &Quotas> {
        self.everyone.iter().chain(&self.anonymous).chain(self.of_the_known())
    }

    /// The same, mutable.
    pub(crate) fn quotas_mut(&mut self) -> impl Iterator<Item = &mut Quotas> {
        let tiers = self.tiers.iter_mut().flat_map(|tiers| tiers.quotas.iter_mut());
        let tiers = tiers.map(|(_, quotas)| quotas);
        let plain = [&mut self.everyone, &mut self.anonymous, &mut self.authenticated];
        plain.into_iter().flatten().chain(tiers)
    }
}

/// `"100/h"`, `login` or `["10/s", login]`, and the option's name or the first literal.
#[derive(Debug)]
pub(crate) struct Quotas {
    pub(crate) place: TokenStream,
    pub(crate) rates: Vec<Window>,
    /// The names of rates; empty once the vocabulary has resolved them.
    pub(crate) named: Vec<Name>,
}

/// One rate of a list.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) rate: Rate,
    pub(crate) span: Span,
    /// The vocabulary's name for it, if all endpoints that use the name share one count.
    pub(crate) shared: Option<String>,
}

/// An integer literal that fits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    pub(crate) value: u32,
    pub(crate) span: Span,
}

/// `unvalidated(parameter, reason = "…")`, or `unvalidated(any, reason = "…")`.
#[derive(Debug)]
pub(crate) struct Exemption {
    /// `any` means every body that no other key names.
    pub(crate) parameter: Name,
    /// Whether it is in the attribute of a module or in a policy.
    pub(crate) is_shared: bool,
    pub(crate) grounds: Grounds,
}

/// `objects = any`, or `objects(any, reason = "…")`.
#[derive(Debug)]
pub(crate) struct Objects {
    pub(crate) key: Ident,
    pub(crate) grounds: Option<Grounds>,
}

/// The reason for an exception, and its end: `reason = "…", until = "2026-12-31"`.
#[derive(Debug)]
pub(crate) struct Grounds {
    pub(crate) reason: Name,
    pub(crate) until: Option<Name>,
}

/// The function below the attribute; its body is not parsed.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Name {
    /// The name as an identifier, with its span.
    pub(crate) fn ident(&self) -> Ident {
        match syn::parse_str::<Ident>(&self.text) {
            Ok(_) => Ident::new(&self.text, self.span),
            Err(_) => Ident::new_raw(&self.text, self.span),
        }
    }
}

impl ToTokens for Name {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        // Only the span is used.
        match &self.enum_variant {
            Some(typed) => typed.path.to_tokens(tokens),
            None => Ident::new("name", self.span).to_tokens(tokens),
        }
    }
}
