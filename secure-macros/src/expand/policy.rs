//! Writes the policy of an endpoint as JSON text, which the runtime reads at startup. Only members
//! that differ from `Policy::AUTHENTICATED` are written.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::json::{self, Object};
use super::{limits, rule, service};
use crate::model::legal::{Access, Authenticators, Endpoint, Exception, StepUp};
use crate::paths;
use crate::policy_members as members;

/// The routes and the policy.
pub(super) fn text(endpoint: &Endpoint) -> Literal {
    let policy = &endpoint.policy;
    let mut parts = Object::default();
    if !endpoint.routes.is_empty() {
        parts.add(members::ROUTES, service::routes(endpoint));
    }
    if policy.access != Access::Authenticated(Authenticators::Default) {
        parts.add(members::ACCESS, access(&policy.access));
    }
    if let Some(rule) = rule::rule(endpoint) {
        parts.add(members::RULE, rule);
    }
    if let Some(wanted) = &policy.step_up {
        parts.add(members::STEP_UP, step_up(wanted));
    }
    if let Some(actions) = &policy.actions {
        parts.add(members::ACTIONS, json::strings(actions));
    }
    if policy.hides {
        parts.add(members::HIDES, true);
    }
    if policy.is_callable {
        parts.add(members::CALLABLE, true);
    }
    if !policy.limits.is_empty() {
        parts.add(
            members::LIMITS,
            json::list(policy.limits.iter().map(|limit| limits::text(endpoint, limit))),
        );
    }
    if !policy.concurrency.is_empty() {
        let all = policy.concurrency.iter().map(|it| limits::concurrency(endpoint, it));
        parts.add(members::CONCURRENCY, json::list(all));
    }
    if let Some(name) = &policy.priority {
        parts.add(members::PRIORITY, json::string(name));
    }
    if !policy.failures.is_empty() {
        parts.add(members::FAILURES, json::list(policy.failures.iter().map(limits::failures)));
    }
    if let Some(bytes) = policy.max_body {
        parts.add(members::MAX_BODY, bytes);
    }
    if let Some(milliseconds) = policy.body_timeout {
        parts.add(members::BODY_TIMEOUT, milliseconds);
    }
    if policy.websocket {
        parts.add(members::WEBSOCKET, true);
    }
    if let Some(media_type) = &policy.content_type {
        parts.add(members::CONTENT_TYPE, json::string(media_type));
    }
    if !policy.content_encodings.is_empty() {
        parts.add(members::CONTENT_ENCODINGS, json::strings(&policy.content_encodings));
    }
    if endpoint.bodies != 0 {
        parts.add(members::BODIES, endpoint.bodies);
    }
    if endpoint.resources != 0 {
        parts.add(members::RESOURCES, endpoint.resources);
    }
    if !endpoint.validated.is_empty() {
        parts.add(members::VALIDATES, json::strings(endpoint.validated.iter().map(|it| &it.name)));
    }
    if !policy.unvalidated.is_empty() {
        let exemptions = policy.unvalidated.iter();
        let exemptions = exemptions.map(|(parameter, reason)| json::strings([parameter, reason]));
        parts.add(members::UNVALIDATED, json::list(exemptions));
    }
    if !policy.undecided.is_empty() {
        parts.add(members::UNDECIDED, json::strings(&policy.undecided));
    }
    if !policy.validated_by.is_empty() {
        let pairs = policy.validated_by.iter();
        let pairs = pairs.map(|(parameter, extractor)| json::strings([parameter, extractor]));
        parts.add(members::VALIDATED_BY, json::list(pairs));
    }
    if !policy.layers.is_empty() {
        parts.add(members::LAYERS, json::strings(&policy.layers));
    }
    if policy.modules > 0 {
        parts.add(members::MODULES, policy.modules);
    }
    if !policy.exceptions.is_empty() {
        parts.add(members::EXCEPTIONS, json::list(policy.exceptions.iter().map(exception)));
    }
    literal(&parts.finish())
}

/// Values that cannot be text, if there are any: types, functions and `cfg` predicates.
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

/// A raw string, so that the expansion is readable.
fn literal(text: &str) -> Literal {
    let mut hashes = String::from("#");
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}").parse().unwrap_or_else(|_| Literal::string(text))
}

fn access(access: &Access) -> String {
    match access {
        Access::Public => json::string(members::PUBLIC),
        Access::Optional => json::named(members::OPTIONAL, &json::string(members::DEFAULT)),
        Access::Lenient(wanted) => json::named(members::LENIENT, &authenticators(wanted)),
        Access::Authenticated(wanted) => {
            json::named(members::AUTHENTICATED, &authenticators(wanted))
        }
    }
}

fn authenticators(wanted: &Authenticators) -> String {
    match wanted {
        Authenticators::Default => json::string(members::DEFAULT),
        Authenticators::Any(names) => json::named(members::ANY, &json::strings(names)),
        Authenticators::All(names) => json::named(members::ALL, &json::strings(names)),
    }
}

fn step_up(step_up: &StepUp) -> String {
    let mut parts = Object::default();
    if let Some(seconds) = step_up.max_age_seconds {
        parts.add(members::FRESH, seconds);
    }
    if !step_up.acr.is_empty() {
        parts.add(members::ACR, json::strings(&step_up.acr));
    }
    if !step_up.amr.is_empty() {
        parts.add(members::AMR, json::list(step_up.amr.iter().map(json::strings)));
    }
    parts.finish()
}

fn exception(exception: &Exception) -> String {
    let Exception { key, reason, until } = exception;
    json::strings([key, reason.as_str()].into_iter().chain(until.as_deref()))
}
