//! Writes limits into the text of the policy, and their expressions as functions.

use proc_macro2::{Delimiter, Ident, Literal, TokenStream, TokenTree};
use quote::quote;

use super::json::{self, Object};
use super::rule_closure::{bound, words};
use super::{local, rule, spans};
use crate::model::legal::{
    AppExpression, Audience, Concurrency, Cost, Endpoint, Evaluated, Failures, Limit, Mode,
    Partition,
};
use crate::paths;
use crate::policy_members as members;

/// One limit; default values are omitted.
pub(super) fn text(endpoint: &Endpoint, limit: &Limit) -> String {
    let Limit { permits, window_seconds, burst, cost, by, audience, .. } = limit;
    let Limit { shared, refunds, unless, period, mode, .. } = limit;
    let mut parts = Object::default();
    parts.add(members::RATE, format_args!("[{permits},{window_seconds}]"));
    if burst != permits {
        parts.add(members::BURST, burst);
    }
    match cost {
        Cost::Permits(1) => {}
        Cost::Permits(number) => parts.add(members::COST, number),
        Cost::Response => parts.add(members::COST, json::string(members::RESPONSE)),
        Cost::Arguments(number) => {
            parts.add(
                members::COST,
                json::named(members::ARGUMENTS, &expression(&endpoint.costs, *number)),
            );
        }
    }
    if *by != Partition::Caller {
        parts.add(members::BY, partition(endpoint, by));
    }
    match audience {
        Audience::Everyone => {}
        Audience::Anonymous => parts.add(members::OF, json::string(members::ANONYMOUS)),
        Audience::Authenticated => parts.add(members::OF, json::string(members::AUTHENTICATED)),
        Audience::Tier(name) => {
            parts.add(members::OF, json::named(members::TIER, &json::string(name)))
        }
        Audience::LeastTier(name, others) => {
            let names = json::strings(std::iter::once(name).chain(others));
            parts.add(members::OF, json::named(members::LEAST_TIER, &names));
        }
    }
    if let Some(name) = shared {
        parts.add(members::SHARED, json::string(name));
    }
    if *refunds {
        parts.add(members::REFUNDS, true);
    }
    if let Some(unless) = unless {
        parts.add(members::UNLESS, rule::clause(endpoint, unless));
    }
    if let Some((period, zone)) = period {
        parts.add(members::PERIOD, json::strings([period.name(), zone.as_str()]));
    }
    if let Some(mode) = mode {
        parts.add(members::MODE, percent(*mode));
    }
    parts.finish()
}

/// One limit of requests in flight: how many, the key, and the queue with its longest wait.
pub(super) fn concurrency(endpoint: &Endpoint, concurrency: &Concurrency) -> String {
    let Concurrency { most, by, queue, mode } = concurrency;
    let by = partition(endpoint, by);
    let queue = queue.map(|(places, millis)| format!("[{places},{millis}]"));
    match (queue, mode.map(percent)) {
        (None, None) => format!("[{most},{by}]"),
        (Some(queue), None) => format!("[{most},{by},{queue}]"),
        (queue, Some(mode)) => {
            format!("[{most},{by},{},{mode}]", queue.as_deref().unwrap_or("null"))
        }
    }
}

/// One budget for failures.
pub(super) fn failures(failures: &Failures) -> String {
    let Failures { permits, window_seconds, on, shared, mode } = failures;
    let mut parts = Object::default();
    parts.add(members::RATE, format_args!("[{permits},{window_seconds}]"));
    if !on.is_empty() {
        parts.add(members::ON, json::list(on.iter().map(ToString::to_string)));
    }
    if let Some(name) = shared {
        parts.add(members::SHARED, json::string(name));
    }
    if let Some(mode) = mode {
        parts.add(members::MODE, percent(*mode));
    }
    parts.finish()
}

/// The percentage of the keys for which it is enforced.
fn percent(mode: Mode) -> u8 {
    match mode {
        Mode::Enforce => 100,
        Mode::Observe => 0,
        Mode::Percent(share) => share,
    }
}

fn partition(endpoint: &Endpoint, by: &Partition) -> String {
    match by {
        Partition::Caller => json::string(members::CALLER),
        Partition::Address => json::string(members::ADDRESS),
        Partition::Principal => json::string(members::PRINCIPAL),
        Partition::Tenant => json::string(members::TENANT),
        Partition::ApiKey => json::string(members::API_KEY),
        Partition::Endpoint => json::string(members::ENDPOINT),
        Partition::Header(name) => json::named(members::HEADER, &json::string(name)),
        Partition::Claim(names) => json::named(members::CLAIM, &json::strings(names)),
        Partition::Key(number) => json::named(members::KEY, &expression(&endpoint.keys, *number)),
        Partition::Each(parts) => json::named(
            members::EACH,
            &json::list(parts.iter().map(|part| partition(endpoint, part))),
        ),
    }
}

/// An expression's number, and its source for display.
fn expression(asked: &[AppExpression], number: usize) -> String {
    let text = asked.get(number).map_or("", |question| question.text.as_str());
    format!("[{number},{}]", json::string(text))
}

/// A function for each expression of `key(…)`, which hashes its value.
pub(super) fn keys(endpoint: &Endpoint) -> impl Iterator<Item = TokenStream> {
    endpoint.keys.iter().map(move |question| {
        let [asked, state] = ["asked", "state"].map(local);
        let paths = question.apart().unwrap_or(&endpoint.paths);
        let support = paths.support();
        let words = words(endpoint, question, paths, &asked);
        let (tokens, ok, result) = (expression_of(question), paths::ok(), paths::result());
        // An error about a value without `Hash` appears at the expression.
        let place = spans::Place::of(&tokens);
        let value = match is_in_parentheses(&tokens) {
            true => place.frame(quote!(&#tokens)),
            false => place.frame(quote!(&(#tokens))),
        };
        let hashed = place.cover_call(quote!(#support::count_by), quote!(#value, #state));
        if question.apart().is_none() {
            return quote!(|#asked, #state| { #words #hashed; #ok(()) });
        }
        let apart = local("apart");
        quote!({
            mod #apart {
                pub(super) fn key(
                    #asked: &#support::Asked<'_>,
                    #state: &mut dyn #support::Hasher,
                ) -> #result<(), #support::Error> {
                    #words
                    #hashed;
                    #ok(())
                }
            }
            #apart::key
        })
    })
}

/// The costs of a request, once its arguments are valid: a statement for each expression.
pub(super) fn costs<'a>(
    endpoint: &'a Endpoint,
    arguments: &'a Ident,
    violations: &'a Ident,
) -> impl Iterator<Item = TokenStream> + 'a {
    endpoint.costs.iter().enumerate().map(move |(number, question)| {
        let number = Literal::u8_suffixed(u8::try_from(number).unwrap_or(u8::MAX));
        let (tokens, u32) = (expression_of(question), paths::u32());
        // All arguments exist here; an unknown cost is larger than any limit.
        let bound = bound(endpoint, question, arguments, &quote!(#u32::MAX));
        quote! {
            #violations.cost(#number, || -> #u32 {
                #bound
                #tokens
            });
        }
    })
}

fn expression_of(question: &AppExpression) -> TokenStream {
    match &question.evaluated {
        Evaluated::Expression(tokens) => tokens.clone(),
        Evaluated::Checker(..) | Evaluated::CheckerByType(_) => TokenStream::new(),
    }
}

/// Whether the expression is in parentheses already, such as a tuple; rustc warns of a second pair.
fn is_in_parentheses(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    matches!(tokens.as_slice(), [TokenTree::Group(group)]
        if group.delimiter() == Delimiter::Parenthesis)
}
