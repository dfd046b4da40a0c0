//! What the pipeline leaves in a request for extractors: the caller, and what may be granted.

use std::any::TypeId;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::admission::Gate;
use super::response::challenge;
use crate::denial::{Denial, DenialKind};
use crate::policy::Endpoint;
use crate::principal::Principal;

/// Left in the request by the pipeline: it passed the stages of this endpoint.
pub(super) struct Passed {
    pub(super) endpoint: &'static Endpoint,
    pub(super) principal: Option<Principal>,
}

/// The caller that the pipeline authenticated.
///
/// Without a caller (`auth = optional`) the request is refused with 401; in a handler without
/// `#[secure(...)]` nothing authenticated anybody, and the request is refused with 500.
impl FromRequest for Principal {
    type Error = Denial;
    type Future = Ready<Result<Self, Denial>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let extensions = request.extensions();
        ready(match extensions.get::<Passed>() {
            Some(Passed { principal: Some(principal), .. }) => Ok(principal.clone()),
            Some(Passed { endpoint, .. }) => Err(without_caller(request, endpoint)),
            None => Err(Denial::internal(
                "`Principal` was asked for where `#[secure(...)]` authenticated nobody",
            )),
        })
    }
}

/// The challenges are here already, for a denial that a handler passes on by itself.
fn without_caller(request: &HttpRequest, endpoint: &'static Endpoint) -> Denial {
    let cause = "the handler asks for a caller, and the request has none";
    let mut denial = Denial::new(DenialKind::Unauthenticated, cause);
    if let Ok(gate) = Gate::find(request, endpoint) {
        challenge(&gate, &mut denial);
    }
    denial
}

/// The values that may still be extracted as granted: the endpoint's own arguments, each once, and
/// only while the pipeline extracts them.
struct Grants(Vec<TypeId>);

/// Lets the endpoint's arguments be extracted as granted.
pub(super) fn offer_grants(request: &HttpRequest, endpoint: &'static Endpoint) {
    let grants = endpoint.policy.grants;
    if !grants.is_empty() {
        let grants = grants.iter().map(|resource| resource()).collect();
        request.extensions_mut().insert(Grants(grants));
    }
}

/// What was not extracted by now is never granted.
pub(super) fn withdraw_grants(request: &HttpRequest, endpoint: &'static Endpoint) {
    if !endpoint.policy.grants.is_empty() {
        request.extensions_mut().remove::<Grants>();
    }
}

/// Takes the one permission to extract a resource of this type as granted.
pub(crate) fn claim_grant(request: &HttpRequest, resource: TypeId) -> bool {
    let mut extensions = request.extensions_mut();
    let Some(Grants(grants)) = extensions.get_mut() else { return false };
    let place = grants.iter().position(|granted| *granted == resource);
    place.map(|place| grants.swap_remove(place)).is_some()
}
