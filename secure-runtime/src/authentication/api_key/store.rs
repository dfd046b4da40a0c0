//! The trait for stores of API keys.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::KeyRecord;
use crate::authentication::ConfigurationErrors;
use crate::support::time::Moment;

/// Finds the record of a key by the key's public part.
///
/// [`MemoryKeyStore`](super::MemoryKeyStore) and [`FileKeyStore`](super::FileKeyStore) are there; a
/// store of an application answers at once where it can, without boxing, and with
/// [`Lookup::Pending`] where it must ask a database. It keeps no key: a [`KeyHash`](super::KeyHash)
/// is enough.
///
/// ```
/// use secure_runtime::{Moment, Principal};
/// use secure_runtime::authentication::api_key::{ApiKeys, KeyHash, KeyRecord, KeyStore, Lookup, StoreFault};
///
/// struct Database;
///
/// impl Database {
///     /// The hash and the owner, `SELECT … WHERE id = $1`.
///     async fn row(_id: &str) -> Result<Option<([u8; 32], String)>, std::io::Error> {
///         Ok(None)
///     }
/// }
///
/// impl KeyStore for Database {
///     fn find(&self, id: &str, _now: Moment) -> Lookup {
///         let id = id.to_owned();
///         Lookup::Pending(Box::pin(async move {
///             let Some((hash, owner)) = Database::row(&id).await.map_err(|_| StoreFault::new("no answer"))? else {
///                 return Ok(None);
///             };
///             let principal = Principal::builder(owner).scope("orders:read");
///             let record = KeyRecord::new(id, KeyHash::from_bytes(hash), principal);
///             record.map(Some).map_err(|error| StoreFault::new(error.to_string()))
///         }))
///     }
/// }
///
/// let keys = ApiKeys::new(Database);
/// ```
pub trait KeyStore: Send + Sync + 'static {
    /// Finds the record of this id, even if it has expired: the expiry and the secret are checked afterwards.
    fn find(&self, id: &str, now: Moment) -> Lookup;

    /// Called after an accepted use, at most once a minute for a record and its clones. A store that
    /// wants to know when keys were used keeps it from here; it must not wait.
    fn used(&self, record: &KeyRecord, now: Moment) {
        let _ = (record, now);
    }

    /// Whether the principals of its records name an [issuer](crate::Principal::issuer), all of them;
    /// `None` if that is not known. See
    /// [`Capabilities::names_issuers`](crate::authentication::Capabilities::names_issuers).
    fn names_issuers(&self) -> Option<bool> {
        None
    }

    /// Checks the store's configuration. Called when the service is built.
    ///
    /// # Errors
    ///
    /// Everything that keeps the store from working.
    fn check(&self) -> Result<(), ConfigurationErrors> {
        Ok(())
    }
}

/// The result of [`KeyStore::find`].
#[non_exhaustive]
pub enum Lookup {
    /// The result.
    Ready(Found),
    /// The result is not known yet.
    Pending(Pin<Box<dyn Future<Output = Found> + Send>>),
}

/// The record, if there is one; or the reason why the store cannot decide. After a fault, the response is 503.
pub type Found = Result<Option<KeyRecord>, StoreFault>;

/// The reason why a store cannot decide; for the log only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFault(Cow<'static, str>);

impl StoreFault {
    /// A fault with this cause, which must not contain secrets.
    pub fn new(cause: impl Into<Cow<'static, str>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for StoreFault {}

impl<S: KeyStore + ?Sized> KeyStore for Arc<S> {
    fn find(&self, id: &str, now: Moment) -> Lookup {
        (**self).find(id, now)
    }

    fn used(&self, record: &KeyRecord, now: Moment) {
        (**self).used(record, now);
    }

    fn names_issuers(&self) -> Option<bool> {
        (**self).names_issuers()
    }

    fn check(&self) -> Result<(), ConfigurationErrors> {
        (**self).check()
    }
}

crate::support::opaque_debug!(Lookup);
