//! The authenticated caller.

mod kept;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;

use crate::authorization::Authorities;
use crate::throttling::Hashed;
pub(crate) use kept::{CountedClaims, VouchedBy};

/// The authenticated caller of a request: who, and what was granted.
///
/// An extractor: `Principal` as a handler's parameter is the caller, `Option<Principal>` the caller
/// if there is one (`auth = optional`). Cloning is cheap, the data is shared and immutable.
///
/// ```
/// use secure_runtime::Principal;
///
/// let caller = Principal::builder("alice").role("admin").scope("orders:write").build();
/// assert_eq!(caller.subject(), "alice");
/// assert!(caller.has_role("admin"));
/// assert!(!caller.has_scope("orders:read"));
/// ```
#[derive(Clone)]
pub struct Principal {
    inner: Arc<Inner>,
    /// The name of the authenticator that accepted the credentials, once they were accepted.
    authenticator: Option<&'static str>,
}

/// In this order: what a request touches lies beside the count of references, on the line of memory
/// that cloning has to fetch.
#[repr(C)]
struct Inner {
    /// The version of the revocations under which these credentials were last found good.
    cleared_at: AtomicU64,
    /// The bit set of one [`crate::Security`], computed at the first decision.
    authorities: OnceLock<Authorities>,
    /// For the limiter that counted it first, and the authenticator that accepted it then.
    hashed: OnceLock<(Option<&'static str>, Hashed)>,
    data: PrincipalBuilder,
    /// The claims that limits count by, for the limiter that counted them first.
    counted_claims: OnceLock<CountedClaims>,
}

/// Builds a [`Principal`]; what an [`Authenticator`](crate::authentication::Authenticator) does
/// once it has verified the credentials.
#[derive(Clone, Default)]
pub struct PrincipalBuilder {
    subject: Box<str>,
    issuer: Option<Box<str>>,
    tenant: Option<Box<str>>,
    tier: Option<Box<str>>,
    roles: Vec<Box<str>>,
    scopes: Vec<Box<str>>,
    permissions: Vec<Box<str>>,
    expires_at: Option<u64>,
    authenticated_at: Option<u64>,
    acr: Option<Box<str>>,
    amr: Vec<Box<str>>,
    issued_at: Option<u64>,
    token_id: Option<Box<str>>,
    session: Option<Box<str>>,
    claims: Option<Box<str>>,
    api_key: Option<Box<str>>,
}

impl Principal {
    /// Starts a principal with this subject and nothing granted.
    #[must_use]
    pub fn builder(subject: impl Into<Box<str>>) -> PrincipalBuilder {
        PrincipalBuilder { subject: subject.into(), ..PrincipalBuilder::default() }
    }

    /// Who the caller is: the `sub` claim (RFC 7519 section 4.1.2). Unique within its issuer.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.inner.data.subject
    }

    /// Who vouches for the caller: the `iss` claim (RFC 7519 section 4.1.1). Limits count callers
    /// without one by the name of the authenticator that accepted them.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.inner.data.issuer.as_deref()
    }

    /// The tenant the caller acts for, where the authenticator was told which claim names it.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.inner.data.tenant.as_deref()
    }

    /// The tier of service the caller has, `"free"` say, where the authenticator was told which
    /// claim names it.
    #[must_use]
    pub fn tier(&self) -> Option<&str> {
        self.inner.data.tier.as_deref()
    }

    /// The roles granted.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.inner.data.roles.iter().map(AsRef::as_ref)
    }

    /// The scopes granted (RFC 6749 section 3.3).
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.inner.data.scopes.iter().map(AsRef::as_ref)
    }

    /// The permissions granted.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        self.inner.data.permissions.iter().map(AsRef::as_ref)
    }

    /// Whether this role was granted. Case matters.
    #[must_use]
    pub fn has_role(&self, name: &str) -> bool {
        self.roles().any(|role| role == name)
    }

    /// Whether this scope was granted. Case matters (RFC 6749 section 3.3).
    #[must_use]
    pub fn has_scope(&self, name: &str) -> bool {
        self.scopes().any(|scope| scope == name)
    }

    /// Whether this permission was granted. Case matters.
    #[must_use]
    pub fn has_permission(&self, name: &str) -> bool {
        self.permissions().any(|permission| permission == name)
    }

    /// When the credentials end, in seconds since the Unix epoch (the `exp` claim).
    #[must_use]
    pub fn expires_at(&self) -> Option<u64> {
        self.inner.data.expires_at
    }

    /// When the caller signed in, in seconds since the Unix epoch (the `auth_time` claim, OpenID
    /// Connect Core 1.0 section 2), where the credentials say so.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<u64> {
        self.inner.data.authenticated_at
    }

    /// The authentication context class that the caller's way of signing in came to (the `acr`
    /// claim, OpenID Connect Core 1.0 section 2), where the credentials say so.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.inner.data.acr.as_deref()
    }

    /// The methods by which the caller signed in (the `amr` claim, RFC 8176), as far as the
    /// credentials say so.
    pub fn amr(&self) -> impl Iterator<Item = &str> {
        self.inner.data.amr.iter().map(AsRef::as_ref)
    }

    /// When the credentials were issued, in seconds since the Unix epoch, rounded down (the `iat`
    /// claim, RFC 7519 section 4.1.6).
    #[must_use]
    pub fn issued_at(&self) -> Option<u64> {
        self.inner.data.issued_at
    }

    /// Which token the caller presented: the `jti` claim (RFC 7519 section 4.1.7). Unique within its
    /// issuer.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.inner.data.token_id.as_deref()
    }

    /// In which session at the issuer the token was issued: the `sid` claim (OpenID Connect
    /// Back-Channel Logout 1.0 section 2.1). Unique within its issuer.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.inner.data.session.as_deref()
    }

    /// The public id of the API key that the caller sent, where the credentials are one.
    #[must_use]
    pub fn api_key(&self) -> Option<&str> {
        self.inner.data.api_key.as_deref()
    }

    /// The whole claim set, read into a type of the application.
    ///
    /// # Errors
    ///
    /// When the claims do not have the shape of `T`, or the credentials carried none.
    ///
    /// ```
    /// # use secure_runtime::Principal;
    /// #[derive(serde::Deserialize)]
    /// struct Department { department: String }
    ///
    /// let caller = Principal::builder("alice").claims_json(r#"{"department":"sales"}"#).build();
    /// assert_eq!(caller.claims::<Department>().unwrap().department, "sales");
    /// ```
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.inner.data.claims.as_deref().unwrap_or("null"))
    }
}

/// Names the caller and what was granted; the claims stay out of logs.
impl fmt::Debug for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = &self.inner.data;
        formatter
            .debug_struct("Principal")
            .field("subject", &data.subject)
            .field("issuer", &data.issuer)
            .field("tenant", &data.tenant)
            .field("tier", &data.tier)
            .field("roles", &data.roles)
            .field("scopes", &data.scopes)
            .field("permissions", &data.permissions)
            .field("expires_at", &data.expires_at)
            .field("authenticated_at", &data.authenticated_at)
            .field("acr", &data.acr)
            .field("amr", &data.amr)
            .finish_non_exhaustive()
    }
}

impl PrincipalBuilder {
    /// Sets who vouches for the caller.
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

    /// Sets when the credentials end, in seconds since the Unix epoch.
    #[must_use]
    pub fn expires_at(mut self, unix_seconds: u64) -> Self {
        self.expires_at = Some(unix_seconds);
        self
    }

    /// Sets when the caller signed in, in seconds since the Unix epoch.
    #[must_use]
    pub fn authenticated_at(mut self, unix_seconds: u64) -> Self {
        self.authenticated_at = Some(unix_seconds);
        self
    }

    /// Sets the authentication context class that signing in came to.
    #[must_use]
    pub fn acr(mut self, class: impl Into<Box<str>>) -> Self {
        self.acr = Some(class.into());
        self
    }

    /// Adds methods by which the caller signed in.
    #[must_use]
    pub fn amr<T: Into<Box<str>>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.amr.extend(methods.into_iter().map(Into::into));
        self
    }

    /// Sets when the credentials were issued, in seconds since the Unix epoch.
    #[must_use]
    pub fn issued_at(mut self, unix_seconds: u64) -> Self {
        self.issued_at = Some(unix_seconds);
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

    /// Finishes the principal.
    #[must_use]
    pub fn build(self) -> Principal {
        let inner = Arc::new(Inner {
            data: self,
            authorities: OnceLock::new(),
            hashed: OnceLock::new(),
            counted_claims: OnceLock::new(),
            cleared_at: AtomicU64::new(0),
        });
        Principal { inner, authenticator: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_leaves_the_claims_out() {
        let caller = Principal::builder("alice").claims_json(r#"{"secret":"s3cr3t"}"#).build();
        assert!(!format!("{caller:?}").contains("s3cr3t"));
    }
}
