//! Bearer tokens in JWT form, under the strict profile of RFC 8725 and RFC 9068.
//!
//! 1. A token is taken from the `Authorization` header, or from the one configured place, in compact form,
//!    of at most 8 KiB.
//! 2. Its header selects one of the configured keys; each key has exactly one algorithm. `crit`,
//!    `b64`, `enc` and `zip` (other than the text `NONE`) are refused; `jwk`, `jku`,
//!    `x5c` and `x5u` are never read.
//! 3. Its signature is verified before any claim is used.
//! 4. Header and claims are JSON objects without a duplicate member.
//! 5. `typ`, `iss`, `aud`, `sub`, `exp`, `nbf`, `iat`, `jti` and `client_id` are checked in type and
//!    value; the [`Profile`] decides which of them may be missing. A token that is bound to a key
//!    (`cnf`) is rejected: as a plain bearer token, it proves nothing.
//! 6. A verified token is cached until it expires, with published keys at most until they are due to be
//!    fetched again. Its times are checked at each use.
//! 7. With [`Jwt::revocations`], each use also checks whether it was revoked.
//!
//! The client receives `WWW-Authenticate: Bearer` and an error code of RFC 6750 section 3.1; the cause
//! is logged. A token that is not revoked stays valid until its `exp`: keep lifetimes short.

mod algorithm;
mod audience;
mod caller;
mod check_keys;
mod claims;
#[cfg(feature = "introspection")]
mod document;
mod expectations;
mod explain;
mod fetched;
mod header;
mod issuers;
mod jwk;
mod key;
mod key_set;
mod keys;
mod launch;
mod locations;
mod prepared;
#[cfg(feature = "discovery")]
mod presets;
mod profile;
mod public_key;
mod published;
mod requested_grants;
mod required_claims;
mod roca;
mod rules;
mod shown;
mod source;
mod test_keys;
mod unexpected;
mod unknown_keys;
mod verify;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use algorithm::Algorithm;
pub(crate) use audience::CLIENT_CLAIMS;
#[cfg(any(test, feature = "testing"))]
pub(crate) use claim_mapping::vocabulary_claims;
pub use explain::TokenExplanation;
pub use key::Key;
#[cfg(any(test, feature = "testing"))]
pub(crate) use key_set::read_key_set;
#[cfg(feature = "introspection")]
pub(crate) use keys::Unverified;
#[cfg(any(test, feature = "testing"))]
pub(crate) use keys::open_with;
pub use profile::Profile;
pub use required_claims::{ClaimValue, DemandedClaim};
pub(crate) use rules::Rules;
#[cfg(feature = "discovery")]
pub(crate) use test_keys::contains_test_key;
#[cfg(feature = "introspection")]
pub(crate) use test_keys::{TEST_KEY, is_test_material};

use super::claim_path::ClaimPath;
#[cfg(feature = "discovery")]
use super::http::Address;
use super::revocation::Revocations;
use super::token_location::TokenPlace;
use super::{claim_mapping, json, provider};
use claim_mapping::Places;
#[cfg(feature = "introspection")]
pub(crate) use claims::time;
use issuers::Tenants;
#[cfg(feature = "introspection")]
pub(crate) use launch::Expected;
#[cfg(feature = "discovery")]
use presets::Preset;
#[cfg(feature = "introspection")]
pub(crate) use public_key::pem;
use required_claims::Demand;
use source::Source;
#[cfg(feature = "introspection")]
pub(crate) use verify::JwtAuthenticator;

/// The configuration of the authenticator for JWT bearer tokens, checked at startup.
///
/// A key, an issuer and an audience are required; everything else has a strict default.
///
/// ```
/// use std::time::Duration;
/// use secure_runtime::authentication::Jwt;
///
/// let jwt = Jwt::hs256(b"a secret of 32 bytes or still more")
///     .issuer("https://issuer.example")
///     .audience("shop")
///     .roles_claim("realm_access.roles")
///     .leeway(Duration::from_secs(5));
/// ```
#[derive(Clone)]
#[must_use = "a description does nothing until it is given to the security's builder"]
pub struct Jwt {
    keys: Vec<Key>,
    test_keys: bool,
    source: Option<Source>,
    fetching: source::How,
    accepted: Option<Vec<Algorithm>>,
    refresh: Duration,
    longest: Duration,
    issuer: Option<String>,
    audiences: Vec<String>,
    any_audience: bool,
    profile: Profile,
    types: Vec<String>,
    leeway: Option<Duration>,
    places: Places,
    max_token_bytes: usize,
    realm: String,
    cache_capacity_bytes: usize,
    required: Vec<String>,
    demands: Vec<Demand>,
    client_ids: Vec<String>,
    subject: Option<ClaimPath>,
    client_as_subject: bool,
    other_issuers: Vec<String>,
    tenants: Option<Tenants>,
    /// Whether a claim must name the client.
    names_client: bool,
    place: TokenPlace,
    #[cfg(feature = "discovery")]
    preset: Option<&'static Preset>,
    /// What is wrong with arguments that were given.
    faults: Vec<String>,
    pub(crate) revocations: Option<Revocations>,
}

macro_rules! short_forms {
    ($($name:ident, $argument:ident;)*) => {
        $(
            #[doc = concat!("Verifies with [`Key::", stringify!($name), "`].")]
            pub fn $name($argument: impl AsRef<[u8]>) -> Self {
                Self::with_key(Key::$name($argument))
            }
        )*
    };
}

impl Jwt {
    short_forms! {
        hs256, secret;
        hs384, secret;
        hs512, secret;
        rs256, public_key;
        rs384, public_key;
        rs512, public_key;
        ps256, public_key;
        ps384, public_key;
        ps512, public_key;
        es256, public_key;
        es384, public_key;
        eddsa, public_key;
    }

    /// Verifies with this key.
    pub fn with_key(key: Key) -> Self {
        Self { keys: vec![key], ..Self::with_source(None) }
    }

    /// Verifies with the keys that this issuer publishes, and accepts its tokens alone.
    ///
    /// Its metadata are at `/.well-known/openid-configuration` below its name (OpenID Connect
    /// Discovery 1.0 section 4), or where RFC 8414 section 3 has them if that address answers 404.
    /// They must name this issuer, and the address of its keys. Both are fetched when the
    /// service starts, every five minutes after that, and immediately if a token names an unknown key: see [`refresh_every`](Self::refresh_every) and
    /// [`keys_last`](Self::keys_last). HTTPS is needed, except on this machine's loopback.
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let jwt = Jwt::discover("https://issuer.example/realms/shop").audience("shop");
    /// ```
    #[cfg(feature = "discovery")]
    pub fn discover(issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        Self::with_source(Some(Source::Metadata(Address(issuer.clone())))).issuer(issuer)
    }

    /// Verifies with the key set at this address (RFC 7517 section 5), fetched as by
    /// [`discover`](Self::discover).
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let jwt = Jwt::jwks_url("https://issuer.example/keys")
    ///     .issuer("https://issuer.example")
    ///     .audience("shop");
    /// ```
    #[cfg(feature = "discovery")]
    pub fn jwks_url(address: impl Into<String>) -> Self {
        Self::with_source(Some(Source::Address(Address(address.into()))))
    }

    /// Verifies with the keys that the metadata at this address lead to: for providers whose metadata
    /// are not below their issuer. The metadata must be about the [issuer](Self::issuer), which has to
    /// be given, and are fetched as by [`discover`](Self::discover).
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let tenant = "https://shop.b2clogin.com/0d5c3b1e-0000-0000-0000-000000000000";
    /// let jwt = Jwt::metadata_url(format!("{tenant}/b2c_1_signin/v2.0/.well-known/openid-configuration"))
    ///     .issuer(format!("{tenant}/v2.0/"))
    ///     .audience("shop");
    /// ```
    #[cfg(feature = "discovery")]
    pub fn metadata_url(address: impl Into<String>) -> Self {
        Self::with_source(Some(Source::MetadataAt(Address(address.into()))))
    }

    /// Verifies with the key set in this file (RFC 7517 section 5), which may be replaced while the
    /// service runs: it is read as often as [`discover`](Self::discover) fetches.
    pub fn jwks_file(path: impl Into<PathBuf>) -> Self {
        Self::with_source(Some(Source::File(path.into())))
    }

    /// The expectations about tokens that an introspection endpoint verifies.
    #[cfg(feature = "introspection")]
    pub(crate) fn of_others() -> Self {
        Self::with_source(None).profile(Profile::Jwt)
    }

    /// The issuer, unless another one is named.
    #[cfg(feature = "introspection")]
    pub(crate) fn issuer_if_none(mut self, issuer: Option<&str>) -> Self {
        self.issuer = self.issuer.or_else(|| issuer.map(str::to_owned));
        self
    }

    #[cfg(feature = "introspection")]
    pub(crate) fn named_issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    fn with_source(source: Option<Source>) -> Self {
        Self {
            keys: Vec::new(),
            test_keys: false,
            source,
            fetching: Default::default(),
            accepted: None,
            refresh: provider::REFRESH,
            longest: provider::LONGEST,
            issuer: None,
            audiences: Vec::new(),
            any_audience: false,
            profile: Profile::default(),
            types: Vec::new(),
            leeway: None,
            places: Places::default(),
            max_token_bytes: 8 * 1024,
            realm: "api".to_owned(),
            cache_capacity_bytes: 16 * 1024 * 1024,
            required: Vec::new(),
            demands: Vec::new(),
            client_ids: Vec::new(),
            subject: None,
            client_as_subject: false,
            other_issuers: Vec::new(),
            tenants: None,
            names_client: false,
            place: TokenPlace::default(),
            #[cfg(feature = "discovery")]
            preset: None,
            faults: Vec::new(),
            revocations: None,
        }
    }
}

/// Shows the expectations about tokens, never a key.
impl fmt::Debug for Jwt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Jwt")
            .field("keys", &self.keys)
            .field("source", &self.source)
            .field("fetching", &self.fetching)
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .field("profile", &self.profile)
            .field("leeway", &self.leeway)
            .finish_non_exhaustive()
    }
}
