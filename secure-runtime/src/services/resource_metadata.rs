//! Publishes the metadata of the protected resource (RFC 9728 section 3).

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::guard::{Any, Get, Head};
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use crate::denial::Denial;
use crate::pipeline::probe;
use crate::scope::SecuredService;
use crate::scope::mounted::{KnownPaths, Shape};
use crate::security::{Security, WELL_KNOWN};

/// Answers with the metadata of the protected resource; see
/// [`Security::resource_metadata`](crate::Security::resource_metadata).
#[derive(Clone, Debug)]
#[must_use = "a service does nothing until it is mounted"]
pub struct ResourceMetadata {
    path: &'static str,
    /// `None`: no protected resource is configured.
    document: Option<Bytes>,
}

impl ResourceMetadata {
    pub(crate) fn new(path: &'static str, document: Option<Bytes>) -> Self {
        Self { path, document }
    }
}

impl Security {
    /// A service that publishes the metadata of the [protected
    /// resource](crate::SecurityBuilder::protected_resource) at its well-known path (RFC 9728
    /// section 3). Mount it at the root: in the `App`, before a scope without a path, or in such a
    /// scope. It needs no authentication.
    ///
    /// Without a configured resource it answers 500.
    ///
    /// ```
    /// use actix_web::App;
    /// use secure_runtime::{Security, authentication::Jwt};
    ///
    /// let api = "https://api.example/shop";
    /// let jwt = Jwt::discover("https://issuer.example").audience(api);
    /// let security = Security::builder().authenticator("jwt", jwt).protected_resource(api).build()?;
    /// let app = App::new().app_data(security.clone()).service(security.resource_metadata());
    /// # drop(app);
    /// # Ok::<(), secure_runtime::LaunchError>(())
    /// ```
    pub fn resource_metadata(&self) -> ResourceMetadata {
        match &self.inner().published {
            Some(published) => {
                let document = Bytes::copy_from_slice(published.document.as_bytes());
                ResourceMetadata::new(published.path, Some(document))
            }
            None => ResourceMetadata::new(WELL_KNOWN, None),
        }
    }
}

impl HttpServiceFactory for ResourceMetadata {
    fn register(self, config: &mut AppService) {
        let Self { path, document } = self;
        let answer = move || std::future::ready(answer(document.clone()));
        serve_publicly(path, answer, config);
    }
}

/// Answers `GET` and `HEAD` at this path with the response, and other methods with 405.
pub(crate) fn serve_publicly<F: Future<Output = HttpResponse> + 'static>(
    path: &str,
    answer: impl Fn() -> F + Clone + 'static,
    config: &mut AppService,
) {
    let answer = move |request: HttpRequest| {
        let answer = answer();
        async move { probe::mark(&request, answer.await) }
    };
    let refused =
        || async { HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")).finish() };
    web::resource(path)
        .route(web::route().guard(Any(Get()).or(Head())).to(answer))
        .default_service(web::to(refused))
        .register(config);
}

fn answer(document: Option<Bytes>) -> HttpResponse {
    let Some(document) = document else {
        let denial =
            Denial::internal("no protected resource is configured: see `protected_resource`");
        tracing::error!(cause = denial.cause(), "refused");
        return denial.error_response();
    };
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(document)
}

/// Public: a client without a token learns here where to get one.
impl SecuredService for ResourceMetadata {
    const POLICED: crate::scope::Policed = crate::scope::Policed::BY_THE_ATTRIBUTE;

    fn shape(&self) -> Shape {
        Shape::resource(KnownPaths::exact(vec![self.path.to_owned()]))
    }
}
