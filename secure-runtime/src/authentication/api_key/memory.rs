//! API keys in memory, for applications that store the records themselves.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use super::{GeneratedKey, KeyError, KeyRecord, KeyStore, Lookup};
use crate::support::time::Moment;
use crate::support::unix_time::unix_seconds;

/// Keys in memory. Clones are the same store: keep one to change it, each change counts at once.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use secure_runtime::Principal;
/// use secure_runtime::authentication::api_key::{ApiKey, ApiKeys, MemoryKeyStore, Rotation};
///
/// let store = MemoryKeyStore::new();
/// let keys = ApiKeys::new(store.clone());
///
/// let old = ApiKey::generate("shop", Principal::builder("billing").scope("orders:read"))?;
/// store.add(old.record())?;
///
/// // A new key for the same owner; the old one is good for two more days.
/// let id = old.record().id().to_owned();
/// let old_until = SystemTime::now() + Duration::from_secs(2 * 24 * 3600);
/// let new = store.rotate(&id, Rotation::old_until(old_until))?;
/// assert_eq!(new.record().principal().subject(), "billing");
///
/// store.revoke(&id);
/// assert_eq!(store.list().len(), 1);
/// # drop(keys);
/// # Ok::<(), secure_runtime::authentication::api_key::KeyError>(())
/// ```
#[derive(Clone)]
pub struct MemoryKeyStore(Arc<[Shard; SHARDS]>);

type Records = HashMap<Box<str>, KeyRecord, ahash::RandomState>;
type Shard = RwLock<Records>;

/// How long two keys of one owner overlap; see [`MemoryKeyStore::rotate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rotation {
    /// When the old key ends at the latest. A time in the past ends it at once.
    pub old_until: SystemTime,
    /// When the new key ends. `None`: when it is revoked.
    pub new_until: Option<SystemTime>,
}

impl Rotation {
    /// The old key ends at this time at the latest, the new one when it is revoked.
    #[must_use]
    pub fn old_until(time: SystemTime) -> Self {
        Self { old_until: time, new_until: None }
    }

    /// Ends the new key at this time.
    #[must_use]
    pub fn new_until(mut self, time: SystemTime) -> Self {
        self.new_until = Some(time);
        self
    }
}

impl MemoryKeyStore {
    /// A store without keys.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(std::array::from_fn(|_| Shard::default())))
    }

    /// Adds a key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Duplicate`] when there is one of this id.
    pub fn add(&self, record: KeyRecord) -> Result<(), KeyError> {
        let mut records = self.write(record.id());
        if records.contains_key(record.id()) {
            return Err(KeyError::Duplicate);
        }
        records.insert(record.id().into(), record);
        Ok(())
    }

    /// Removes a key: what it was, if it was there. Requests that come from now on are refused.
    pub fn revoke(&self, id: &str) -> Option<KeyRecord> {
        self.write(id).remove(id)
    }

    /// Removes every key of this owner: what they were. The account is closed, say; a
    /// [rotation](Self::rotate) that is under way leaves no key behind.
    pub fn revoke_owner(&self, owner: &str) -> Vec<KeyRecord> {
        // All at once, so that no key moves from where was looked to where was not yet.
        let mut shards: Vec<_> =
            self.0.iter().map(|it| it.write().unwrap_or_else(PoisonError::into_inner)).collect();
        let mut revoked = Vec::new();
        for records in &mut shards {
            let removed = records.extract_if(|_, record| record.principal().subject() == owner);
            revoked.extend(removed.map(|(_, record)| record));
        }
        super::record::sort(&mut revoked);
        revoked
    }

    /// Makes a new key with the prefix, the owner and the grants of an old one, and lets the old one
    /// end.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unknown`] when there is no such key; [`KeyError::NoRandomness`].
    pub fn rotate(&self, id: &str, rotation: Rotation) -> Result<GeneratedKey, KeyError> {
        let old = self.record(id).ok_or(KeyError::Unknown)?;
        let (prefix, _) = id.rsplit_once('_').ok_or(KeyError::InvalidId)?;
        let new =
            GeneratedKey::new(prefix, old.principal().until(rotation.new_until.map(unix_seconds)))?;
        {
            // One that was revoked meanwhile has no successor.
            let mut records = self.write(id);
            let old = records.get_mut(id).ok_or(KeyError::Unknown)?;
            *old = old.ending(unix_seconds(rotation.old_until));
        }
        let id_of_new = new.record().id().to_owned();
        self.add(new.record())?;
        // Nobody knows the new key yet.
        if self.record(id).is_none() {
            self.revoke(&id_of_new);
            return Err(KeyError::Unknown);
        }
        Ok(new)
    }

    /// The record of this id.
    #[must_use]
    pub fn record(&self, id: &str) -> Option<KeyRecord> {
        self.read(id).get(id).cloned()
    }

    /// Every key, by owner and id; expired ones too, until they are revoked.
    #[must_use]
    pub fn list(&self) -> Vec<KeyRecord> {
        let shards =
            self.0.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner));
        let mut records: Vec<_> =
            shards.flat_map(|records| records.values().cloned().collect::<Vec<_>>()).collect();
        super::record::sort(&mut records);
        records
    }

    fn read(&self, id: &str) -> RwLockReadGuard<'_, Records> {
        self.shard(id).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, id: &str) -> RwLockWriteGuard<'_, Records> {
        self.shard(id).write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the record is; the end of an id is random already.
    fn shard(&self, id: &str) -> &Shard {
        let [first, others @ ..] = &*self.0;
        let place = id.bytes().next_back().map_or(0, usize::from) % SHARDS;
        place.checked_sub(1).and_then(|place| others.get(place)).unwrap_or(first)
    }
}

impl KeyStore for MemoryKeyStore {
    fn find(&self, id: &str, _: Moment) -> Lookup {
        Lookup::Ready(Ok(self.record(id)))
    }

    fn names_issuers(&self) -> Option<bool> {
        super::record::name_issuers(&self.list())
    }
}

impl Default for MemoryKeyStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryKeyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryKeyStore").field("keys", &self.list().len()).finish()
    }
}

/// So that many cores read different keys without touching the same lock.
const SHARDS: usize = 64;
