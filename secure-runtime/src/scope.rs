//! The deny-by-default scope: mounts secured endpoints only.

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody};

/// A service whose every request passes a security policy.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no security policy",
    label = "this handler is not annotated with `#[secure(...)]`",
    note = "put `#[secure(...)]` above its route attribute; `#[secure(public)]` makes it public on purpose"
)]
pub trait SecuredService: actix_web::dev::HttpServiceFactory + 'static {}

/// The response of a secured handler; only the pipeline makes one.
#[derive(Debug)]
pub struct SecuredResponse(HttpResponse);

impl SecuredResponse {
    pub(crate) fn new(response: HttpResponse) -> Self {
        Self(response)
    }
}

impl Responder for SecuredResponse {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}
