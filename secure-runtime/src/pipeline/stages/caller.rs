//! The caller in the request's extensions, for extractors; and the permission to extract resources
//! as [`crate::Granted`].

use std::any::TypeId;
use std::future::{Ready, ready};
use std::sync::Once;

use actix_web::dev::{Extensions, Payload};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::progress::Progress;
use crate::pipeline::response::challenge;
use crate::plan::Mode;
use crate::policy::{Endpoint, Needs};
use crate::principal::Principal;
use crate::request::extensions;
use crate::support::time::Moment;

/// In the extensions of a request that passed authentication, rules and limits of this endpoint.
pub(super) struct PublishedCaller {
    pub(super) endpoint: &'static Endpoint,
    pub(super) principal: Option<Principal>,
    /// When the request entered.
    pub(super) entered: Option<Moment>,
}

/// The caller that the pipeline authenticated.
///
/// An anonymous request (`auth = optional`) is refused with 401. In a handler without
/// `#[secure(...)]`, no caller was authenticated, and the request is refused with 500. The first
/// time that happens, a warning is logged.
impl FromRequest for Principal {
    type Error = Denial;
    type Future = Ready<Result<Self, Denial>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(extract_caller(request, "Principal"))
    }
}

/// The caller, for the extractor of this name.
pub(super) fn extract_caller(request: &HttpRequest, extractor: &str) -> Result<Principal, Denial> {
    let Some(extensions) = extensions(request) else {
        return Err(Denial::internal(format!(
            "`{extractor}` was extracted while other code holds the request's extensions"
        )));
    };
    match extensions.get::<PublishedCaller>() {
        Some(PublishedCaller { principal: Some(principal), .. }) => Ok(principal.clone()),
        Some(PublishedCaller { endpoint, .. }) => {
            let endpoint = *endpoint;
            drop(extensions);
            Err(without_caller(request, endpoint))
        }
        None => Err(without_pipeline(request, extractor)),
    }
}

/// Outside of the pipeline, nothing else logs the denial.
#[cold]
fn without_pipeline(request: &HttpRequest, extractor: &str) -> Denial {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            extractor,
            method = %request.method(),
            route = request.match_pattern(),
            "a handler without `#[secure(...)]`, or a public one, extracts the caller, so its \
             requests get 500: write `#[secure]` above its route attribute (logged once)"
        );
    });
    Denial::internal(format!(
        "`{extractor}` was extracted in a handler without authentication by `#[secure(...)]`"
    ))
}

/// Adds the challenges here, because a handler may return the denial itself.
fn without_caller(request: &HttpRequest, endpoint: &'static Endpoint) -> Denial {
    let cause = "the handler asks for a caller, and the request has none";
    let mut denial = Denial::new(DenialKind::Unauthenticated, cause);
    if let Ok(gate) = Gate::find(request, endpoint) {
        challenge(&gate, &mut denial);
    }
    denial
}

/// The caller, after [`publish`].
pub(in crate::pipeline) fn published(extensions: &Extensions) -> Option<&Principal> {
    extensions.get::<PublishedCaller>().and_then(|passed| passed.principal.as_ref())
}

/// Puts the caller where the [`Principal`] extractor finds it. A copy stays in `request` if rules
/// about arguments need it, or for a scope policy, because the endpoint replaces the published
/// caller.
#[inline]
pub(in crate::pipeline) fn publish(gate: &Gate<'_>, request: &mut Progress) {
    if gate.plan.authentication.mode == Mode::Nobody {
        return;
    }
    let is_asked_about = gate.plan.rule.as_ref().is_some_and(|rule| rule.needs() > Needs::Nothing);
    let principal = match is_asked_about || request.is_scope_policy {
        true => request.caller.clone(),
        false => request.caller.take(),
    };
    let passed =
        PublishedCaller { endpoint: gate.plan.endpoint, principal, entered: request.entered };
    gate.request.extensions_mut().insert(passed);
}

/// Removes the published caller, before another endpoint authenticates for itself.
pub(in crate::pipeline) fn withdraw(request: &HttpRequest) {
    drop(request.extensions_mut().remove::<PublishedCaller>());
}

/// The resource types that may still be extracted as granted: the endpoint's own arguments, each
/// once, and only while the pipeline extracts them.
struct Grants(Vec<TypeId>);

/// Allows the endpoint's arguments to be extracted as granted.
#[inline]
pub(in crate::pipeline) fn offer_grants(gate: &Gate<'_>) {
    let grants = gate.plan.endpoint.policy.grants;
    if !grants.is_empty() {
        let grants = grants.iter().map(|resource| resource()).collect();
        gate.request.extensions_mut().insert(Grants(grants));
    }
}

/// Arguments that are not extracted by now are never granted.
#[inline]
pub(in crate::pipeline) fn withdraw_grants(gate: &Gate<'_>) {
    if !gate.plan.endpoint.policy.grants.is_empty() {
        gate.request.extensions_mut().remove::<Grants>();
    }
}

/// Uses up the permission to extract a resource of this type as granted; `false` if there is none.
pub(crate) fn claim_grant(request: &HttpRequest, resource: TypeId) -> bool {
    let mut extensions = request.extensions_mut();
    let Some(Grants(grants)) = extensions.get_mut() else { return false };
    let place = grants.iter().position(|granted| *granted == resource);
    place.map(|place| grants.swap_remove(place)).is_some()
}
