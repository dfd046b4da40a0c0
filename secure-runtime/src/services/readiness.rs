//! Readiness: whether every authenticator can verify credentials now, for operators and for
//! readiness probes.

use std::fmt;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::resource_metadata::serve_publicly;
use crate::problem;
use crate::scope::SecuredService;
use crate::scope::mounted::{KnownPaths, Shape};
use crate::security::Security;

/// Why a [`Security`] is not [ready](Security::ready): the authenticators that cannot verify
/// credentials now, each with its cause.
#[derive(Clone, Debug)]
pub struct NotReady(Vec<(&'static str, Arc<str>)>);

impl NotReady {
    /// The authenticators that cannot verify credentials now, each with its cause.
    pub fn causes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, cause)| (*name, &**cause))
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, cause)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}`{name}`: {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for NotReady {}

impl Security {
    /// Whether every authenticator can verify credentials now: whether published keys have been
    /// fetched and are not too old, and whether an introspection endpoint answered its last
    /// request. Keys that are due are fetched in the background, so a program becomes ready before
    /// its first request.
    ///
    /// # Errors
    ///
    /// The authenticators that cannot, each with its cause: for operators, not for clients.
    ///
    /// ```
    /// use secure_runtime::{Security, authentication::Jwt};
    ///
    /// # let secret = b"an HS256 secret of at least 32 bytes, from your configuration";
    /// # let jwt = Jwt::hs256(secret).issuer("https://issuer.example").audience("shop");
    /// let security = Security::builder().authenticator("jwt", jwt).build()?;
    /// assert!(security.ready().is_ok());
    /// # Ok::<(), secure_runtime::LaunchError>(())
    /// ```
    pub fn ready(&self) -> Result<(), NotReady> {
        let now = self.inner().clock.now();
        let asked = self.inner().authenticators.iter();
        let causes = asked.filter_map(|(name, it)| Some((*name, it.ready(now).err()?)));
        match causes.collect::<Vec<_>>() {
            causes if causes.is_empty() => Ok(()),
            causes => Err(NotReady(causes)),
        }
    }

    /// A service for a readiness probe. It answers 200 at this path while the program is
    /// [ready](Self::ready), and 503 otherwise. It needs no authentication, and reveals nothing
    /// else.
    ///
    /// Do not use it for a liveness probe: while the identity provider is down, a restart does not
    /// help.
    ///
    /// ```
    /// use actix_web::App;
    /// use secure_runtime::{Security, authentication::Jwt};
    ///
    /// let jwt = Jwt::discover("https://issuer.example").audience("shop");
    /// let security = Security::builder().authenticator("jwt", jwt).build()?;
    /// let app = App::new().app_data(security.clone()).service(security.readiness("/ready"));
    /// # drop(app);
    /// # Ok::<(), secure_runtime::LaunchError>(())
    /// ```
    pub fn readiness(&self, path: &'static str) -> Readiness {
        Readiness { path, security: self.clone() }
    }
}

/// Answers whether the program is ready; see [`Security::readiness`].
#[derive(Clone, Debug)]
#[must_use = "a service does nothing until it is mounted"]
pub struct Readiness {
    path: &'static str,
    security: Security,
}

impl HttpServiceFactory for Readiness {
    fn register(self, config: &mut AppService) {
        let Self { path, security } = self;
        let answer = move || std::future::ready(answer(security.ready().is_ok()));
        serve_publicly(path, answer, config);
    }
}

fn answer(is_ready: bool) -> HttpResponse {
    let (mut response, content_type, body) = if is_ready {
        (HttpResponse::Ok(), "application/json", r#"{"status":"ready"}"#)
    } else {
        let body = r#"{"type":"about:blank","title":"Service Unavailable","status":503}"#;
        (HttpResponse::ServiceUnavailable(), problem::CONTENT_TYPE, body)
    };
    response
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body)
}

/// Public: it reveals only whether the program is ready.
impl SecuredService for Readiness {
    const POLICED: crate::scope::Policed = crate::scope::Policed::BY_THE_ATTRIBUTE;

    fn shape(&self) -> Shape {
        Shape::resource(KnownPaths::exact(vec![self.path.to_owned()]))
    }
}
