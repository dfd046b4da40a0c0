//! Probes of [`crate::testing::mounted_routes`]: requests that are answered with the endpoint that
//! they reach, and run nothing.

use actix_web::http::Version;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use crate::policy::Endpoint;

/// The HTTP version of probes. No connection has requests of this version, so other requests need
/// no look at their extensions.
pub(crate) const VERSION: Version = Version::HTTP_09;

/// In the extensions of a probe. No client can set it.
pub(crate) struct Probe;

/// In the extensions of the response to a probe: the endpoint that was reached.
#[derive(Default)]
pub(crate) struct Reached {
    /// `None`: a service of this crate without an endpoint.
    pub(crate) endpoint: Option<&'static Endpoint>,
    /// The policies of the scopes around it, from the outermost to the innermost.
    pub(crate) scope_policies: Vec<&'static Endpoint>,
}

/// The response to a probe; `None` for any other request.
#[inline]
pub(super) fn answer(request: &HttpRequest, endpoint: &'static Endpoint) -> Option<HttpResponse> {
    if request.version() != VERSION {
        return None;
    }
    is_probe(request).then(|| reached_behind(endpoint, Vec::new()))
}

/// The response of an endpoint with these scope policies around it.
pub(super) fn reached_behind(
    endpoint: &'static Endpoint,
    scope_policies: Vec<&'static Endpoint>,
) -> HttpResponse {
    let reached = Reached { endpoint: Some(endpoint), scope_policies };
    with(HttpResponse::NoContent().finish(), reached)
}

/// The endpoint that answered a probe.
pub(super) fn endpoint_in(response: &HttpResponse) -> Option<&'static Endpoint> {
    response.extensions().get::<Reached>()?.endpoint
}

/// Marks the response of a service of this crate, if the request is a probe.
pub(crate) fn mark(request: &HttpRequest, response: HttpResponse) -> HttpResponse {
    if is_probe(request) { with(response, Reached::default()) } else { response }
}

pub(super) fn is_probe(request: &HttpRequest) -> bool {
    request.version() == VERSION && request.extensions().contains::<Probe>()
}

#[cold]
fn with(mut response: HttpResponse, reached: Reached) -> HttpResponse {
    response.extensions_mut().insert(reached);
    response
}
