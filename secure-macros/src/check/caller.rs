//! Rules about the caller: what `public`, `optional` and `lenient` exclude.

use proc_macro2::Ident;
use quote::ToTokens;

use super::parameters::Parameter;
use super::partitions::{self, shown_part};
use super::unless;
use crate::diagnostics::Diagnostics;
use crate::model::raw::{Declaration, Names, RateKey};

/// A public endpoint has no caller to demand something of, or to count requests by.
pub(super) fn public_needs_no_caller(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    if declaration.public.is_none() {
        return;
    }
    for names in super::names::lists(declaration) {
        needs_a_caller(&names.key, &format!("`{}`", names.key), diagnostics);
    }
    if let Some(fresh) = &declaration.fresh {
        needs_a_caller(&fresh.key, "`fresh`", diagnostics);
    }
    for action in &declaration.actions {
        needs_a_caller(&action.key, "`action`", diagnostics);
    }
    for rate in &declaration.rates {
        rate_needs_no_caller(rate, diagnostics);
    }
    for concurrency in &declaration.concurrency {
        if let Some(part) = partitions::part_with_a_caller(concurrency.by.as_ref()) {
            needs_a_caller(&part.tokens, &format!("`by = {}`", shown_part(part)), diagnostics);
        }
    }
    for parameter in parameters {
        let (found, optional) = match parameter {
            it if it.is_principal() => ("Principal", "Option<Principal>"),
            it if it.is_typed_caller() => ("Caller", "Option<Caller<…>>"),
            _ => continue,
        };
        let message = format!("a `public` handler cannot take the caller, found `{found}`");
        diagnostics
            .error(parameter.ty, message)
            .help(format!("`auth = optional`, and `{optional}`, if callers may be anonymous"))
            .note("types are recognised by name: import your own type under another name");
    }
}

fn rate_needs_no_caller(rate: &RateKey, diagnostics: &mut Diagnostics) {
    unless::public_spares_networks_alone(rate, diagnostics);
    if let Some(part) = partitions::part_with_a_caller(rate.by.as_ref()) {
        needs_a_caller(&part.tokens, &format!("`by = {}`", shown_part(part)), diagnostics);
    }
    // One mistake for all of them.
    let split = rate.anonymous.iter().chain(&rate.authenticated).next();
    if let Some(place) = split.map(|quotas| &quotas.place) {
        needs_a_caller(place, &format!("`{place}`"), diagnostics);
    } else if let Some(tiers) = &rate.tiers {
        needs_a_caller(&tiers.key, "`tier`", diagnostics);
    }
}

fn needs_a_caller(place: &dyn ToTokens, found: &str, diagnostics: &mut Diagnostics) {
    diagnostics
        .error(place, format!("`public` cannot be combined with {found}"))
        .help("remove one of the two")
        .note("a public endpoint ignores credentials");
}

/// An anonymous caller has no role, scope or permission, and has not signed in.
pub(super) fn optional_demands_nothing(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    let Some(open) = declaration.auth.as_ref().and_then(Names::admits_anonymous) else { return };
    let message = |key: &Ident| {
        format!("`{open}` admits anonymous callers, and `{key}` demands an authenticated one")
    };
    for (fact, names) in &declaration.demands {
        let name = names.names.first().map_or("…", |name| &name.text);
        let word = fact.word();
        diagnostics.error(&names.key, message(&names.key)).help(format!(
            "remove one of the two, or demand it only of authenticated callers: \
             `allow = caller.is_none_or(|caller| caller.has_{word}(\"{name}\"))`"
        ));
    }
    let lists = declaration.acr.iter().chain(&declaration.amr).map(|names| &names.key);
    for key in declaration.fresh.iter().map(|fresh| &fresh.key).chain(lists) {
        diagnostics.error(key, message(key)).help("remove one of the two");
    }
}
