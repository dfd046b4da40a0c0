//! What the endpoint demands, as a text that the runtime reads at launch: only what differs from
//! `Policy::AUTHENTICATED` is written.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::json::{self, Object};
use super::{limits, rule, service};
use crate::model::legal::{Access, Authenticators, Endpoint, Exception, StepUp};
use crate::paths;

/// The routes and the policy.
pub(super) fn text(endpoint: &Endpoint) -> Literal {
    let policy = &endpoint.policy;
    let mut parts = Object::default();
    if !endpoint.routes.is_empty() {
        parts.add("routes", service::routes(endpoint));
    }
    if policy.access != Access::Authenticated(Authenticators::Default) {
        parts.add("access", access(&policy.access));
    }
    if let Some(rule) = rule::rule(endpoint) {
        parts.add("rule", rule);
    }
    if let Some(wanted) = &policy.step_up {
        parts.add("step_up", step_up(wanted));
    }
    if let Some(actions) = &policy.actions {
        parts.add("actions", json::strings(actions));
    }
    if policy.hides {
        parts.add("hides", true);
    }
    if policy.is_callable {
        parts.add("callable", true);
    }
    if !policy.limits.is_empty() {
        parts.add(
            "limits",
            json::list(policy.limits.iter().map(|limit| limits::text(endpoint, limit))),
        );
    }
    if !policy.concurrency.is_empty() {
        let all = policy.concurrency.iter().map(|it| limits::concurrency(endpoint, it));
        parts.add("concurrency", json::list(all));
    }
    if let Some(name) = &policy.priority {
        parts.add("priority", json::string(name));
    }
    if !policy.failures.is_empty() {
        parts.add("failures", json::list(policy.failures.iter().map(limits::failures)));
    }
    if let Some(bytes) = policy.max_body {
        parts.add("max_body", bytes);
    }
    if let Some(milliseconds) = policy.body_timeout {
        parts.add("body_timeout", milliseconds);
    }
    if policy.websocket {
        parts.add("websocket", true);
    }
    if let Some(media_type) = &policy.content_type {
        parts.add("content_type", json::string(media_type));
    }
    if !policy.content_encodings.is_empty() {
        parts.add("content_encodings", json::strings(&policy.content_encodings));
    }
    if endpoint.bodies != 0 {
        parts.add("bodies", endpoint.bodies);
    }
    if endpoint.resources != 0 {
        parts.add("resources", endpoint.resources);
    }
    if !endpoint.validated.is_empty() {
        parts.add("validates", json::strings(endpoint.validated.iter().map(|it| &it.name)));
    }
    if !policy.unvalidated.is_empty() {
        let exemptions = policy.unvalidated.iter();
        let exemptions = exemptions.map(|(parameter, reason)| json::strings([parameter, reason]));
        parts.add("unvalidated", json::list(exemptions));
    }
    if !policy.undecided.is_empty() {
        parts.add("undecided", json::strings(&policy.undecided));
    }
    if !policy.validated_by.is_empty() {
        let pairs = policy.validated_by.iter();
        let pairs = pairs.map(|(parameter, extractor)| json::strings([parameter, extractor]));
        parts.add("validated_by", json::list(pairs));
    }
    if !policy.layers.is_empty() {
        parts.add("layers", json::strings(&policy.layers));
    }
    if policy.modules > 0 {
        parts.add("modules", policy.modules);
    }
    if !policy.exceptions.is_empty() {
        parts.add("exceptions", json::list(policy.exceptions.iter().map(exception)));
    }
    literal(&parts.finish())
}

/// What no text can say, where there is some of it.
pub(super) fn known(endpoint: &Endpoint) -> Option<TokenStream> {
    let (support, grants) = (endpoint.paths.support(), &endpoint.policy.grants);
    let is_plain = grants.is_empty() && endpoint.keys.is_empty();
    if is_plain && endpoint.routes.iter().all(|route| route.condition.is_none()) {
        return None;
    }
    let compiled = endpoint.routes.iter().map(|route| match &route.condition {
        Some(predicate) => quote!(::core::cfg!(#predicate)),
        None => quote!(true),
    });
    let grants = quote!(&[#(::core::any::TypeId::of::<#grants>),*]);
    let keys = limits::keys(endpoint);
    let known = quote! {
        &#support::Known { grants: #grants, routes: &[#(#compiled),*], keys: &[#(#keys),*] }
    };
    Some(paths::option(Some(&known)))
}

/// A raw string, so that people can read the expansion.
fn literal(text: &str) -> Literal {
    let mut hashes = String::from("#");
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}").parse().unwrap_or_else(|_| Literal::string(text))
}

fn access(access: &Access) -> String {
    match access {
        Access::Public => json::string("public"),
        Access::Optional => json::named("optional", "\"default\""),
        Access::Lenient(wanted) => json::named("lenient", &authenticators(wanted)),
        Access::Authenticated(wanted) => json::named("authenticated", &authenticators(wanted)),
    }
}

fn authenticators(wanted: &Authenticators) -> String {
    match wanted {
        Authenticators::Default => json::string("default"),
        Authenticators::Any(names) => json::named("any", &json::strings(names)),
        Authenticators::All(names) => json::named("all", &json::strings(names)),
    }
}

fn step_up(step_up: &StepUp) -> String {
    let mut parts = Object::default();
    if let Some(seconds) = step_up.max_age_seconds {
        parts.add("fresh", seconds);
    }
    if !step_up.acr.is_empty() {
        parts.add("acr", json::strings(&step_up.acr));
    }
    if !step_up.amr.is_empty() {
        parts.add("amr", json::list(step_up.amr.iter().map(json::strings)));
    }
    parts.finish()
}

fn exception(exception: &Exception) -> String {
    let Exception { key, reason, until } = exception;
    json::strings([key, reason.as_str()].into_iter().chain(until.as_deref()))
}
