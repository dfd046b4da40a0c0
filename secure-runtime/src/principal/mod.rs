//! The authenticated caller.

mod authorities;
mod builder;
mod cache;
mod extensions;
mod identity;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use serde::de::DeserializeOwned;

use crate::support::prehashed::Hashed;
use crate::support::unix_time::system_time;
pub(crate) use authorities::{Authorities, Bits, Name, Names};
pub use builder::PrincipalBuilder;
pub(crate) use cache::{CountedClaims, VouchedBy};

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
    /// A hash of the data, for the cache that was asked first; 0: none was.
    identity: AtomicU64,
}

impl Principal {
    /// Starts a principal with this subject and nothing granted.
    #[must_use]
    pub fn builder(subject: impl Into<Box<str>>) -> PrincipalBuilder {
        PrincipalBuilder { subject: subject.into(), ..PrincipalBuilder::default() }
    }

    /// The caller's identifier: the `sub` claim (RFC 7519 section 4.1.2). Unique within its issuer.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.inner.data.subject
    }

    /// The issuer of the credentials: the `iss` claim (RFC 7519 section 4.1.1). Limits count callers
    /// without one by the name of the authenticator that accepted them.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.inner.data.issuer.as_deref()
    }

    /// The tenant the caller acts for, if the authenticator is configured with the claim that names it.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.inner.data.tenant.as_deref()
    }

    /// The caller's tier of service, for example `"free"`, if the authenticator is configured with the claim
    /// that names it.
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

    /// When the credentials end, in whole seconds (the `exp` claim).
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at_unix().map(system_time)
    }

    pub(crate) fn expires_at_unix(&self) -> Option<u64> {
        self.inner.data.expires_at
    }

    /// When the caller signed in, in whole seconds (the `auth_time` claim, OpenID Connect Core 1.0
    /// section 2), if the credentials state it.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<SystemTime> {
        self.authenticated_at_unix().map(system_time)
    }

    pub(crate) fn authenticated_at_unix(&self) -> Option<u64> {
        self.inner.data.authenticated_at
    }

    /// The authentication context class of the caller's sign-in (the `acr` claim, OpenID Connect Core 1.0
    /// section 2), if the credentials state it.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.inner.data.acr.as_deref()
    }

    /// The methods of the caller's sign-in (the `amr` claim, RFC 8176), if the credentials state them.
    pub fn amr(&self) -> impl Iterator<Item = &str> {
        self.inner.data.amr.iter().map(AsRef::as_ref)
    }

    /// When the credentials were issued, rounded down to whole seconds (the `iat` claim, RFC 7519
    /// section 4.1.6).
    #[must_use]
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.issued_at_unix().map(system_time)
    }

    pub(crate) fn issued_at_unix(&self) -> Option<u64> {
        self.inner.data.issued_at
    }

    /// The identifier of the token: the `jti` claim (RFC 7519 section 4.1.7). Unique within its issuer.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.inner.data.token_id.as_deref()
    }

    /// The session at the issuer in which the token was issued: the `sid` claim (OpenID Connect
    /// Back-Channel Logout 1.0 section 2.1). Unique within its issuer.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.inner.data.session.as_deref()
    }

    /// The public id of the API key that the caller sent, if the credentials are an API key.
    #[must_use]
    pub fn api_key(&self) -> Option<&str> {
        self.inner.data.api_key.as_deref()
    }

    /// The value of this type that the application added with
    /// [`PrincipalBuilder::extension`], for example the user's row.
    ///
    /// ```
    /// use secure_runtime::Principal;
    ///
    /// struct User { id: i64 }
    ///
    /// let caller = Principal::builder("alice").extension(User { id: 7 }).build();
    /// assert_eq!(caller.get::<User>().map(|user| user.id), Some(7));
    /// assert!(caller.get::<String>().is_none());
    /// ```
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.inner.data.extensions.get()
    }

    /// The same value, shared.
    pub(crate) fn shared<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.inner.data.extensions.shared()
    }

    /// A builder with everything that this principal has, the values of the application included, to
    /// add to it or to change it.
    ///
    /// ```
    /// use secure_runtime::Principal;
    ///
    /// let caller = Principal::builder("alice").role("reader").build();
    /// let editor = caller.to_builder().role("editor").build();
    /// assert!(editor.has_role("reader") && editor.has_role("editor"));
    /// assert!(!caller.has_role("editor"));
    /// ```
    #[must_use]
    pub fn to_builder(&self) -> PrincipalBuilder {
        self.inner.data.clone()
    }

    /// The whole claim set, read into a type of the application.
    ///
    /// # Errors
    ///
    /// If the claims do not have the shape of `T`, or the credentials have no claims.
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

/// Names the caller and what was granted; the claims and the application's values stay out of logs.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_leaves_the_claims_out() {
        let caller = Principal::builder("alice").claims_json(r#"{"secret":"s3cr3t"}"#).build();
        assert!(!format!("{caller:?}").contains("s3cr3t"));
    }

    #[test]
    fn debug_output_leaves_extensions_out() {
        let caller = Principal::builder("alice").extension(String::from("s3cr3t")).build();
        assert!(!format!("{caller:?} {:?}", caller.to_builder().build()).contains("s3cr3t"));
    }

    #[test]
    fn a_builder_of_a_principal_has_all_of_it_and_nothing_that_was_computed() {
        let caller = Principal::builder("alice")
            .issuer("https://issuer.example")
            .role("reader")
            .api_key("k1")
            .claims_json("{}")
            .extension(7_u32)
            .build()
            .accepted_by("jwt");
        caller.clear_at(3);
        assert!(caller.cached_authorities().get().is_none());
        let copy = caller.to_builder().extension(8_u32).extension("text").build();
        assert_eq!(format!("{copy:?}"), format!("{caller:?}"));
        assert_eq!((copy.get::<u32>(), caller.get::<u32>()), (Some(&8), Some(&7)));
        assert_eq!(copy.get::<&str>(), Some(&"text"));
        assert!(!copy.is_cleared_at(3));
        assert_eq!(copy.vouched_by(), caller.vouched_by());
        assert!(copy.footprint() > Principal::builder("alice").build().footprint());
    }
}
