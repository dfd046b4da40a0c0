//! The response type of a secured handler.

use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, Responder};

/// The response of a secured handler. Only the pipeline can create one.
#[derive(Debug)]
pub struct SecuredResponse(HttpResponse);

impl SecuredResponse {
    pub(crate) fn new(response: HttpResponse) -> Self {
        Self(response)
    }

    pub(crate) fn into_inner(self) -> HttpResponse {
        self.0
    }

    pub(crate) fn map(self, change: impl FnOnce(HttpResponse) -> HttpResponse) -> Self {
        Self(change(self.0))
    }
}

impl Responder for SecuredResponse {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}
