//! API keys in a file, which can be replaced while the service runs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use super::document::Document;
use super::{Found, KeyRecord, KeyStore, Lookup, StoreFault};
use crate::authentication::provider::{LONGEST, Look, Provider, Terms, supply};
use crate::authentication::{ConfigurationError, ConfigurationErrors, local_file};
use crate::support::time::Moment;

/// Keys in a JSON file, with their hashes only.
///
/// ```json
/// {
///   "keys": [
///     {
///       "id": "shop_4kPzX0aVbQ2e",
///       "hash": "sha256:f107a3f5dc4dc514a52d289b8b129181c806146ab0a0eaceac51ca519f814bf1",
///       "owner": "billing",
///       "scopes": ["orders:read"],
///       "expires_at": "2027-01-01T00:00:00Z"
///     }
///   ]
/// }
/// ```
///
/// `roles`, `permissions`, `tenant` and `tier` may stand there too. [`KeyRecord::to_json`] writes an
/// element. A key is rotated by a second element for the same owner, and an `expires_at` in the first.
///
/// 1. The file is read when the service is built, and must be without fault then: anything that is
///    unknown, missing, doubled or of the wrong type refuses it as a whole, with its place.
/// 2. It is read again every ten seconds while requests come; after twice that time without any,
///    the next one waits for it. So a key that was removed is refused ten seconds later.
/// 3. While the file is broken or gone, the keys of the last good one serve for an hour, with a
///    warning in the log; then the answer is 503.
/// 4. It has at most 16 MiB, is a plain file, and not writable for everybody.
///
/// Replace it by renaming a new one, so that nobody reads half of it. Last uses are kept in memory
/// only, and survive a new file. Clones are the same store.
#[derive(Clone)]
#[must_use = "a description does nothing until it is given to `ApiKeys`"]
pub struct FileKeyStore {
    path: PathBuf,
    refresh: Duration,
    longest: Duration,
    provider: Arc<OnceLock<Arc<Provider<Document>>>>,
}

impl FileKeyStore {
    /// The keys in this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), refresh: REFRESH, longest: LONGEST, provider: Arc::default() }
    }

    /// How often the file is read again; 10 seconds unless said otherwise, a second at least.
    pub fn refresh_every(mut self, interval: Duration) -> Self {
        self.refresh = interval;
        self
    }

    /// How long keys serve while the file cannot be read; an hour unless said otherwise.
    pub fn keys_last(mut self, duration: Duration) -> Self {
        self.longest = duration;
        self
    }

    /// The records of the last good file, by owner and id; none before the service is built.
    #[must_use]
    pub fn list(&self) -> Vec<KeyRecord> {
        let keys = self.provider.get().and_then(|provider| provider.last());
        let mut records: Vec<KeyRecord> =
            keys.iter().flat_map(|held| held.keys.records().cloned()).collect();
        super::record::sort(&mut records);
        records
    }
}

impl KeyStore for FileKeyStore {
    fn find(&self, id: &str, now: Moment) -> Lookup {
        let Some(provider) = self.provider.get() else {
            return Lookup::Ready(Err(StoreFault::new("the file of keys was not read yet")));
        };
        if let Some(record) = provider.fresh(now, |keys| keys.record(id)) {
            return Lookup::Ready(Ok(record));
        }
        match provider.look(now) {
            Look::Use(held) => Lookup::Ready(Ok(held.keys.record(id))),
            Look::Nothing => Lookup::Ready(too_old()),
            Look::Wait(wait) => {
                let (provider, id) = (Arc::clone(provider), id.to_owned());
                Lookup::Pending(Box::pin(async move {
                    wait.over().await;
                    provider.usable(now).map_or_else(too_old, |held| Ok(held.keys.record(&id)))
                }))
            }
        }
    }

    fn names_issuers(&self) -> Option<bool> {
        super::record::name_issuers(&self.list())
    }

    fn check(&self) -> Result<(), ConfigurationErrors> {
        if self.refresh < SHORTEST_REFRESH || self.longest < self.refresh {
            return Err(ConfigurationErrors::new(ConfigurationError::invalid(format!(
                "the file of keys is read again after {:?} and lasts for {:?}, expected at least a \
                 second, and no less than the former",
                self.refresh, self.longest
            ))));
        }
        let keys = match read(&self.path) {
            Ok(keys) => keys,
            Err(faults) => {
                let place = self.path.display();
                let faults = faults.iter().map(|fault| format!("`{place}`: {fault}"));
                let faults = faults.map(ConfigurationError::unreadable).collect();
                return ConfigurationErrors::collected(faults).map_or(Ok(()), Err);
            }
        };
        if self.provider.get().is_some() {
            return Ok(());
        }
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let terms =
            Terms { refresh_nanos: nanos(self.refresh), longest_nanos: nanos(self.longest) };
        let (orders, received) = channel();
        let provider = Arc::new(Provider::new(terms, orders));
        // As old as the clock: where that is old already, the first request reads it again.
        provider.absorb(0, Ok(keys));
        let (path, told) = (self.path.clone(), Arc::downgrade(&provider));
        let read = move || read(&path).map_err(|faults| faults.join("; "));
        supply(self.path.display().to_string(), received, read, move |since, keys| {
            tell(&told, since, keys)
        })
        .map_err(ConfigurationError::other)?;
        // Another clone may have been faster; its thread reads on, and this one ends.
        drop(self.provider.set(provider));
        Ok(())
    }
}

fn tell(provider: &Weak<Provider<Document>>, since: u64, keys: Result<Document, String>) -> bool {
    let provider = provider.upgrade();
    if let Some(provider) = &provider {
        provider.absorb(since, keys);
        provider.announce();
    }
    provider.is_some()
}

fn too_old() -> Found {
    Err(StoreFault::new("the file of keys cannot be read, and its last good keys are too old"))
}

fn read(path: &Path) -> Result<Document, Vec<String>> {
    let text = local_file::read(path, MOST_BYTES).map_err(|fault| vec![fault])?;
    Document::read(&text)
}

impl fmt::Debug for FileKeyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FileKeyStore").field("path", &self.path).finish_non_exhaustive()
    }
}

/// How often the file is read again, unless said otherwise.
const REFRESH: Duration = Duration::from_secs(10);
const SHORTEST_REFRESH: Duration = Duration::from_secs(1);
const MOST_BYTES: u64 = 16 * 1024 * 1024;
