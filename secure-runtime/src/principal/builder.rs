//! The builder of a principal.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use super::extensions::Extensions;
use super::{Inner, Principal};
use crate::support::unix_time::unix_seconds;

/// Builds a [`Principal`], after an [`Authenticator`](crate::authentication::Authenticator) has verified the
/// credentials.
#[derive(Clone, Default)]
pub struct PrincipalBuilder {
    pub(super) subject: Box<str>,
    pub(super) issuer: Option<Box<str>>,
    pub(super) tenant: Option<Box<str>>,
    pub(super) tier: Option<Box<str>>,
    pub(super) roles: Vec<Box<str>>,
    pub(super) scopes: Vec<Box<str>>,
    pub(super) permissions: Vec<Box<str>>,
    pub(super) expires_at: Option<u64>,
    pub(super) authenticated_at: Option<u64>,
    pub(super) acr: Option<Box<str>>,
    pub(super) amr: Vec<Box<str>>,
    pub(super) issued_at: Option<u64>,
    pub(super) token_id: Option<Box<str>>,
    pub(super) session: Option<Box<str>>,
    pub(super) claims: Option<Box<str>>,
    pub(super) api_key: Option<Box<str>>,
    pub(super) extensions: Extensions,
}

impl PrincipalBuilder {
    /// Sets the issuer of the credentials.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<Box<str>>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Sets the tenant the caller acts for.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<Box<str>>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the tier of service the caller has.
    #[must_use]
    pub fn tier(mut self, name: impl Into<Box<str>>) -> Self {
        self.tier = Some(name.into());
        self
    }

    /// Grants a role.
    #[must_use]
    pub fn role(mut self, name: impl Into<Box<str>>) -> Self {
        self.roles.push(name.into());
        self
    }

    /// Grants several roles.
    #[must_use]
    pub fn roles<T: Into<Box<str>>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.roles.extend(names.into_iter().map(Into::into));
        self
    }

    /// Grants a scope.
    #[must_use]
    pub fn scope(mut self, name: impl Into<Box<str>>) -> Self {
        self.scopes.push(name.into());
        self
    }

    /// Grants several scopes.
    #[must_use]
    pub fn scopes<T: Into<Box<str>>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.scopes.extend(names.into_iter().map(Into::into));
        self
    }

    /// Grants a permission.
    #[must_use]
    pub fn permission(mut self, name: impl Into<Box<str>>) -> Self {
        self.permissions.push(name.into());
        self
    }

    /// Grants several permissions.
    #[must_use]
    pub fn permissions<T: Into<Box<str>>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.permissions.extend(names.into_iter().map(Into::into));
        self
    }

    /// Sets when the credentials end, rounded down to whole seconds.
    #[must_use]
    pub fn expires_at(self, time: SystemTime) -> Self {
        self.expires_at_unix(unix_seconds(time))
    }

    pub(crate) fn expires_at_unix(mut self, seconds: u64) -> Self {
        self.expires_at = Some(seconds);
        self
    }

    /// Sets when the caller signed in, rounded down to whole seconds.
    #[must_use]
    pub fn authenticated_at(self, time: SystemTime) -> Self {
        self.authenticated_at_unix(unix_seconds(time))
    }

    pub(crate) fn authenticated_at_unix(mut self, seconds: u64) -> Self {
        self.authenticated_at = Some(seconds);
        self
    }

    /// Sets the authentication context class of the sign-in.
    #[must_use]
    pub fn acr(mut self, class: impl Into<Box<str>>) -> Self {
        self.acr = Some(class.into());
        self
    }

    /// Adds methods of the sign-in.
    #[must_use]
    pub fn amr<T: Into<Box<str>>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.amr.extend(methods.into_iter().map(Into::into));
        self
    }

    /// Sets when the credentials were issued, rounded down to whole seconds.
    #[must_use]
    pub fn issued_at(self, time: SystemTime) -> Self {
        self.issued_at_unix(unix_seconds(time))
    }

    pub(crate) fn issued_at_unix(mut self, seconds: u64) -> Self {
        self.issued_at = Some(seconds);
        self
    }

    /// Names the token, uniquely within its issuer.
    #[must_use]
    pub fn token_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.token_id = Some(id.into());
        self
    }

    /// Names the session in which the token was issued, uniquely within its issuer.
    #[must_use]
    pub fn session(mut self, id: impl Into<Box<str>>) -> Self {
        self.session = Some(id.into());
        self
    }

    /// Names the API key, by its public id, that the caller sent.
    #[must_use]
    pub fn api_key(mut self, id: impl Into<Box<str>>) -> Self {
        self.api_key = Some(id.into());
        self
    }

    /// Keeps the claim set, a JSON object, for [`Principal::claims`].
    #[must_use]
    pub fn claims_json(mut self, json: impl Into<Box<str>>) -> Self {
        self.claims = Some(json.into());
        self
    }

    /// Adds a value of the application, for example the user's row. [`Principal::get`] and the extractor
    /// [`Caller`](crate::Caller) find it by its type. A second value of the same type replaces the first.
    ///
    /// ```
    /// use secure_runtime::Principal;
    ///
    /// struct User { is_moderator: bool }
    ///
    /// let caller = Principal::builder("alice").extension(User { is_moderator: true }).build();
    /// assert!(caller.get::<User>().is_some_and(|user| user.is_moderator));
    /// ```
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(Arc::new(value));
        self
    }

    /// Replaces the subject.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<Box<str>>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Finishes the principal.
    #[must_use]
    pub fn build(self) -> Principal {
        let inner = Arc::new(Inner {
            data: self,
            authorities: OnceLock::new(),
            hashed: OnceLock::new(),
            counted_claims: OnceLock::new(),
            cleared_at: AtomicU64::new(0),
            identity: AtomicU64::new(0),
        });
        Principal { inner, authenticator: None }
    }
}

crate::support::opaque_debug!(PrincipalBuilder);
