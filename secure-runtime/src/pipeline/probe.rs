//! Requests of [`crate::testing::mounted_routes`], which ask which endpoint they reach and run nothing.

use actix_web::http::Version;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use crate::policy::Endpoint;

/// The version of probes. No connection has requests of it: it saves all others the look at their extensions.
pub(crate) const VERSION: Version = Version::HTTP_09;

/// In the extensions of a probe, where no client can put anything.
pub(crate) struct Probe;

/// In the extensions of the response: what was reached. `None`: a service of this crate that has no
/// endpoint.
pub(crate) struct Reached(pub(crate) Option<&'static Endpoint>);

/// The answer to a probe; nothing to any other request.
#[inline]
pub(super) fn answer(request: &HttpRequest, endpoint: &'static Endpoint) -> Option<HttpResponse> {
    if request.version() != VERSION {
        return None;
    }
    is_probe(request).then(|| reached(HttpResponse::NoContent().finish(), Some(endpoint)))
}

/// Marks the response of a service of this crate, if the request is a probe.
pub(crate) fn mark(request: &HttpRequest, response: HttpResponse) -> HttpResponse {
    if is_probe(request) { reached(response, None) } else { response }
}

fn is_probe(request: &HttpRequest) -> bool {
    request.version() == VERSION && request.extensions().contains::<Probe>()
}

#[cold]
fn reached(mut response: HttpResponse, endpoint: Option<&'static Endpoint>) -> HttpResponse {
    response.extensions_mut().insert(Reached(endpoint));
    response
}
