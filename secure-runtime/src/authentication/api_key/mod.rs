//! API keys: secrets that machines send with each request.
//!
//! 1. A key is taken from the header `x-api-key`, or from the one that is configured. It is taken
//!    from the query only where [`ApiKeys::dangerously_from_query`] says so. A key that is sent
//!    twice is refused with 400.
//! 2. What has not the form of a key, checksum included, is refused before any store is asked. No
//!    key has more than 75 characters.
//! 3. The key's public part finds its [`KeyRecord`]; the SHA-256 of the whole key must equal the
//!    record's, compared in constant time. An unknown id gets the same answer as a wrong secret,
//!    after the same hash and the same comparison.
//! 4. A key ends with its `expires_at`: at that second it is not good any more.
//! 5. A store that cannot answer refuses the request with 503.
//! 6. An accepted use is noted, at most once a minute.
//!
//! The client sees `WWW-Authenticate: ApiKey` with the name of the header, and no error code: those
//! belong to the schemes that define them. The cause goes to the log, without the key.
//!
//! A stolen key can be used by anybody: send keys over TLS only, keep them out of URLs, and let them expire.

mod document;
mod file;
mod generate;
mod hash;
mod key;
mod launch;
mod memory;
mod place;
mod record;
mod store;
#[cfg(test)]
mod tests;
mod verify;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

#[cfg(any(test, feature = "testing"))]
pub(crate) use document::Document;
pub use file::FileKeyStore;
pub use generate::{GeneratedKey, KeyError};
pub use hash::{InvalidHash, KeyHash};
pub use key::{ApiKey, KeyFault};
pub use memory::{MemoryKeyStore, Rotation};
pub use record::KeyRecord;
pub use store::{Found, KeyStore, Lookup, StoreFault};

/// How API keys are verified: a description, checked when the service starts.
///
/// ```
/// use secure_runtime::{Principal, Security};
/// use secure_runtime::authentication::api_key::{ApiKey, ApiKeys, MemoryKeyStore};
///
/// let store = MemoryKeyStore::new();
/// let generated = ApiKey::generate("shop", Principal::builder("billing").scope("orders:read"))?;
/// store.add(generated.record())?;
/// println!("your key, shown this once: {}", generated.expose());
///
/// let builder = Security::builder().authenticator("api_key", ApiKeys::new(store));
/// # drop(builder);
/// # Ok::<(), secure_runtime::authentication::api_key::KeyError>(())
/// ```
#[must_use = "a description does nothing until it is given to the security's builder"]
pub struct ApiKeys {
    store: Arc<dyn KeyStore>,
    place: Place,
    query: Option<String>,
    realm: String,
    patience: Duration,
}

/// Where keys are looked for, as the description says it.
enum Place {
    Header(String),
    Authorization(&'static str),
}

impl ApiKeys {
    /// Accepts the keys of this store, from the header `x-api-key`.
    pub fn new(store: impl KeyStore) -> Self {
        Self {
            store: Arc::new(store),
            place: Place::Header("x-api-key".to_owned()),
            query: None,
            realm: "api".to_owned(),
            patience: Duration::from_secs(5),
        }
    }

    /// Takes keys from this header instead.
    pub fn header(mut self, name: impl Into<String>) -> Self {
        self.place = Place::Header(name.into());
        self
    }

    /// Takes keys from the `Authorization` header instead, after this scheme: `ApiKey`, say, or
    /// `Bearer`, under which challenges have the error codes of RFC 6750.
    ///
    /// ```
    /// # use secure_runtime::authentication::api_key::{ApiKeys, MemoryKeyStore};
    /// let keys = ApiKeys::new(MemoryKeyStore::new()).authorization("Bearer");
    /// ```
    pub fn authorization(mut self, scheme: &'static str) -> Self {
        self.place = Place::Authorization(scheme);
        self
    }

    /// Takes keys from this parameter of the query too.
    ///
    /// Queries are written to access logs, histories and `Referer` lines, and everybody who reads one has the
    /// key. Only for clients that cannot send a header, and for keys with few grants.
    pub fn dangerously_from_query(mut self, name: impl Into<String>) -> Self {
        self.query = Some(name.into());
        self
    }

    /// Sets the timeout of a store that returns [`Lookup::Pending`]: at most a minute. After that the response
    /// is 503. Default: 5 seconds.
    pub fn store_timeout(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The `realm` of the challenge (RFC 9110 section 11.5); `api` by default.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }
}

/// Shows where keys are looked for.
impl fmt::Debug for ApiKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut output = formatter.debug_struct("ApiKeys");
        match &self.place {
            Place::Header(name) => output.field("header", name),
            Place::Authorization(scheme) => output.field("authorization", scheme),
        };
        output.field("query", &self.query).finish_non_exhaustive()
    }
}
