//! Principals from a middleware of the application that has already authenticated the request.

use std::fmt;

use super::{Attempt, Authenticator, Capabilities, Challenge, Presented};
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::support::time::Moment;

/// Turns what an existing middleware has put into the request's extensions into a caller, so that routes
/// can move to `#[secure]` one by one while the middleware stays.
///
/// 1. A request without a `T` in its extensions carries no credentials: 401, or an anonymous caller with
///    `auth = optional`.
/// 2. **The middleware is trusted**: nothing is verified here. It has to wrap the routes (`App::wrap` or
///    `Scope::wrap`), and must insert a `T` only for credentials that it has verified.
/// 3. The user counts as credentials of the connection ([`Presented::Connection`]): other credentials may
///    stand beside it, so that `auth = any(session, jwt)` works, and the first that accepts names the
///    caller. Where the middleware reads a cookie, say so ([`cookie`](Self::cookie)).
/// 4. Limits, bans and rules begin behind the middleware: what it spends on bad credentials is its own
///    affair.
///
/// ```
/// use secure_runtime::authentication::FromMiddleware;
/// use secure_runtime::{Principal, Security};
///
/// #[derive(Clone)]
/// struct User { id: i64, is_admin: bool }
///
/// let session = FromMiddleware::<User>::new(|user| {
///     let principal = Principal::builder(user.id.to_string()).extension(user.clone());
///     if user.is_admin { principal.role("admin").build() } else { principal.build() }
/// });
/// let security = Security::builder().authenticator("session", session.cookie("id")).build()?;
/// # Ok::<(), secure_runtime::LaunchError>(())
/// ```
pub struct FromMiddleware<T> {
    principal: Box<dyn Fn(&T) -> Principal + Send + Sync>,
    challenge: Challenge,
    cookie: Option<Box<str>>,
}

impl<T: 'static> FromMiddleware<T> {
    /// Makes the caller of the middleware's user. It runs for each request: it copies, and does not wait.
    /// What has to be loaded is for [`Enrich::enrich`](super::Enrich::enrich), which may refuse as well.
    #[must_use]
    pub fn new(principal: impl Fn(&T) -> Principal + Send + Sync + 'static) -> Self {
        Self {
            principal: Box::new(principal),
            challenge: Challenge::new("Session").parameter("realm", "api"),
            cookie: None,
        }
    }

    /// Sets the `WWW-Authenticate` challenge of a 401 (RFC 9110 section 11.6.1). Default:
    /// `Session realm="api"`, which is no registered scheme, so that browsers show no dialog.
    #[must_use]
    pub fn challenge(mut self, challenge: Challenge) -> Self {
        self.challenge = challenge;
        self
    }

    /// Names the one cookie that the middleware reads, if it reads nothing else. A browser sends it by
    /// itself, so where any of several schemes will do, credentials that were sent on purpose are asked
    /// about first, and the cookie is not looked at where they are refused ([`Presented::Cookie`]).
    #[must_use]
    pub fn cookie(mut self, name: impl Into<Box<str>>) -> Self {
        self.cookie = Some(name.into());
        self
    }
}

impl<T: 'static> Authenticator for FromMiddleware<T> {
    fn challenge(&self) -> Challenge {
        self.challenge.clone()
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        match (request.extension::<T>(), &self.cookie) {
            (None, _) => Presented::Absent,
            (Some(_), None) => Presented::Connection,
            (Some(_), Some(name)) => Presented::Cookie(name),
        }
    }

    /// The function of the application can set any of them.
    fn capabilities(&self) -> Capabilities {
        Capabilities::new().names_tenants().names_tiers().names_sign_in()
    }

    fn authenticate(&self, request: &RequestHead<'_>, _now: Moment) -> Attempt {
        match request.extension::<T>() {
            Some(user) => Attempt::Accepted((self.principal)(&user)),
            None => Attempt::Absent,
        }
    }
}

impl<T> fmt::Debug for FromMiddleware<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FromMiddleware")
            .field("user", &std::any::type_name::<T>())
            .field("challenge", &self.challenge)
            .field("cookie", &self.cookie)
            .finish_non_exhaustive()
    }
}
