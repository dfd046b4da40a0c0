//! Rules about endpoints with many callers: limits (OWASP API4:2023) and reasons (API5:2023).

use quote::ToTokens;
use syn::Ident;

use super::context::{Callers, Context};
use super::modes;
use super::partitions::chosen_by_the_client;
use crate::diagnostics::Diagnostics;
use crate::lints::{
    AUTHENTICATED_WITHOUT_LIMIT, CLIENT_CHOSEN_KEY, Finding, PUBLIC_WITHOUT_REASON,
    PUBLIC_WRITE_WITHOUT_LIMIT,
};

/// Writes by anonymous callers need a rate limit. A handler without a visible route counts as a
/// write if it reads a body.
pub(super) fn public_writes_are_limited(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    // The safe methods (RFC 9110 section 9.2.1); an unknown method may write.
    let safe = ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"];
    let mut methods = context.routes.iter().flat_map(|route| &route.methods);
    let what = match methods.find(|method| !safe.contains(&method.as_str())) {
        Some(method) => format!("`{method}`"),
        None => match body_without_a_route(context) {
            Some(extractor) => format!("a handler with a `{extractor}` body"),
            None => return,
        },
    };
    if context.callers() != Callers::Anybody || context.counts(false) {
        return;
    }
    let auth = context.declaration.auth.as_ref().map(|auth| &auth.key);
    let Some(place) = context.declaration.public.as_ref().or(auth) else { return };
    let spares = context.spares(false);
    let expected = if spares.is_some() { "a `rate` that is enforced" } else { "a `rate` for them" };
    let place: &dyn ToTokens = spares.map_or(place, |mode| mode);
    let finding = Finding {
        lint: &PUBLIC_WRITE_WITHOUT_LIMIT,
        place,
        message: format!("{what} is open to anonymous callers, expected {expected}"),
        help: String::from("`rate(\"10/min\", by = address)`"),
        note: "one client could use up what all clients share (OWASP API4:2023)",
    };
    context.levels.report(finding, diagnostics);
}

/// The extractor of a body, if no route attribute shows the methods of the handler.
fn body_without_a_route<'a>(context: &Context<'a>) -> Option<&'a str> {
    if !context.routes.is_empty() || context.declaration.websocket.is_some() {
        return None;
    }
    context.parameters.iter().find_map(|parameter| Some(parameter.body.as_ref()?.extractor()))
}

/// In the profile `strict`, a public endpoint needs a reason.
pub(super) fn public_has_a_reason(context: &Context<'_>, diagnostics: &mut Diagnostics) {
    let Some(public) = &context.declaration.public else { return };
    if context.declaration.public_grounds.is_some() {
        return;
    }
    let finding = Finding {
        lint: &PUBLIC_WITHOUT_REASON,
        place: public,
        message: String::from("`public` expects a reason, found none"),
        help: String::from("`public(reason = \"…\")`"),
        note: "a reviewer must see that the endpoint is public on purpose (OWASP API5:2023)",
    };
    context.levels.report(finding, diagnostics);
}

/// In the profile `strict`, requests of authenticated callers need a rate limit.
pub(super) fn known_callers_are_limited(
    context: &Context<'_>,
    handler: &Ident,
    diagnostics: &mut Diagnostics,
) {
    if context.declaration.public.is_some() || context.counts(true) {
        return;
    }
    let spares = context.spares(true);
    let found = if spares.is_some() { "one that is not enforced" } else { "none" };
    let finding = Finding {
        lint: &AUTHENTICATED_WITHOUT_LIMIT,
        place: spares.map_or(handler, |mode| mode),
        message: format!("`{handler}` expects a `rate` for authenticated callers, found {found}"),
        help: String::from("`rate = \"100/h\"`"),
        note: "one caller, or a stolen token, could use up what all callers share (OWASP API4:2023)",
    };
    context.levels.report(finding, diagnostics);
}

/// A client that sends a new value each time starts a new count each time. A limit by a value that
/// the client chooses needs another limit beside it.
pub(super) fn keys_are_not_the_clients_choice(
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) {
    let mut chosen = Vec::new();
    for rate in &context.declaration.rates {
        match chosen_by_the_client(rate) {
            Some(part) => chosen.push(part),
            None if modes::is_enforced(rate) => return,
            None => {}
        }
    }
    let Some(part) = chosen.first() else { return };
    let finding = Finding {
        lint: &CLIENT_CHOSEN_KEY,
        place: &part.tokens,
        message: String::from(
            "the client chooses the key of `by`, expected another limit beside it",
        ),
        help: String::from("a second `rate(\"100/min\", by = address)`"),
        note: "a client that sends a new value each time is never refused",
    };
    context.levels.report(finding, diagnostics);
}
