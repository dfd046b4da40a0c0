//! The record of an API key: owner, grants, expiry, last use.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use jiff::Timestamp;
use serde::Serialize;

use super::key::is_id;
use super::{KeyError, KeyHash};
use crate::authentication::claim_path::is_name;
use crate::principal::{Principal, PrincipalBuilder};
use crate::support::time::Moment;
use crate::support::unix_time::{system_time, unix_seconds};

/// What a [`KeyStore`](super::KeyStore) keeps of a key.
///
/// The principal is the caller that sends the key: its subject is the key's owner, its roles, scopes and
/// permissions are what the key grants, and its `expires_at` is when the key ends. Cloning is cheap:
/// clones are one record, and one last use.
#[derive(Clone)]
pub struct KeyRecord(Arc<Inner>);

struct Inner {
    id: Box<str>,
    hash: KeyHash,
    principal: Principal,
    /// In seconds since the Unix epoch; 0: never.
    last_used: AtomicU64,
}

impl KeyRecord {
    /// A record as some other store kept it; new ones come from
    /// [`ApiKey::generate`](super::ApiKey::generate).
    ///
    /// # Errors
    ///
    /// When the id is not that of a key, the principal has no subject, or the documentation shows the key.
    pub fn new(
        id: impl Into<Box<str>>,
        hash: KeyHash,
        principal: PrincipalBuilder,
    ) -> Result<Self, KeyError> {
        Self::of(id, hash, principal.build())
    }

    pub(super) fn of(
        id: impl Into<Box<str>>,
        hash: KeyHash,
        principal: Principal,
    ) -> Result<Self, KeyError> {
        let id = id.into();
        if !is_id(&id) {
            return Err(KeyError::InvalidId);
        }
        if !is_name(principal.subject()) {
            return Err(KeyError::NoOwner);
        }
        if hash.is_published() {
            return Err(KeyError::Published);
        }
        let principal = principal.by_api_key(&id);
        Ok(Self(Arc::new(Inner { id, hash, principal, last_used: AtomicU64::new(0) })))
    }

    /// Sets the time of the last use, as another store kept it, rounded down to whole seconds.
    #[must_use]
    pub fn with_last_use(self, time: SystemTime) -> Self {
        self.note(unix_seconds(time));
        self
    }

    pub(super) fn note(&self, last_use: u64) {
        self.0.last_used.fetch_max(last_use, Ordering::Relaxed);
    }

    /// The public part of the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// What is kept of the key itself.
    #[must_use]
    pub fn hash(&self) -> &KeyHash {
        &self.0.hash
    }

    /// Who sends the key: its owner, and what it grants.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// When the key was used last; up to a minute late.
    #[must_use]
    pub fn last_used(&self) -> Option<SystemTime> {
        self.last_used_unix().map(system_time)
    }

    pub(super) fn last_used_unix(&self) -> Option<u64> {
        Some(self.0.last_used.load(Ordering::Relaxed)).filter(|seconds| *seconds > 0)
    }

    /// The record as an element of the file that [`FileKeyStore`](super::FileKeyStore) reads.
    ///
    /// ```
    /// use secure_runtime::Principal;
    /// use secure_runtime::authentication::api_key::ApiKey;
    ///
    /// let generated = ApiKey::generate("shop", Principal::builder("billing").role("reader"))?;
    /// let json = generated.record().to_json();
    /// assert!(json.contains(r#""owner":"billing""#));
    /// assert!(!json.contains(generated.expose()));
    /// # Ok::<(), secure_runtime::authentication::api_key::KeyError>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let principal = self.principal();
        let element = Element {
            id: self.id(),
            hash: self.hash().to_string(),
            owner: principal.subject(),
            issuer: principal.issuer(),
            roles: principal.roles().collect(),
            scopes: principal.scopes().collect(),
            permissions: principal.permissions().collect(),
            tenant: principal.tenant(),
            tier: principal.tier(),
            expires_at: principal.expires_at_unix().map(timestamp),
        };
        // Texts and lists of texts can always be written.
        serde_json::to_string(&element).unwrap_or_default()
    }

    /// Whether the key has ended.
    pub(super) fn is_over(&self, now: Moment) -> bool {
        self.0.principal.expires_at_unix().is_some_and(|end| now.unix_seconds() >= end)
    }

    /// Notes a use; whether the last one that was noted is a minute away. It is looked at each time
    /// and written once a minute, so that cores do not take it from each other.
    pub(super) fn touch(&self, now: Moment) -> bool {
        let now = now.unix_seconds();
        let noted = self.0.last_used.load(Ordering::Relaxed);
        // Away in either direction: clocks are set back, too.
        now.abs_diff(noted) >= INTERVAL_SECONDS
            && (self.0.last_used)
                .compare_exchange(noted, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// The same key with an earlier end.
    pub(super) fn ending(&self, unix_seconds: u64) -> Self {
        let Inner { id, hash, principal, last_used } = &*self.0;
        let end = principal.expires_at_unix().map_or(unix_seconds, |end| end.min(unix_seconds));
        Self(Arc::new(Inner {
            id: id.clone(),
            hash: *hash,
            principal: principal.until(Some(end)),
            last_used: AtomicU64::new(last_used.load(Ordering::Relaxed)),
        }))
    }
}

/// A record in a file.
#[derive(Serialize)]
struct Element<'a> {
    id: &'a str,
    hash: String,
    owner: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// As RFC 3339 writes it; the end of time is in the year 9999.
fn timestamp(unix_seconds: u64) -> String {
    let seconds = i64::try_from(unix_seconds).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX).to_string()
}

/// The key's public part, its owner, and what it grants; not its hash.
impl fmt::Debug for KeyRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KeyRecord")
            .field("id", &self.0.id)
            .field("principal", &self.0.principal)
            .field("last_used", &self.last_used_unix())
            .finish_non_exhaustive()
    }
}

const INTERVAL_SECONDS: u64 = 60;

/// Whether all of these name an issuer; `None` if there are none.
pub(super) fn name_issuers(records: &[KeyRecord]) -> Option<bool> {
    let all = records.iter().all(|record| record.principal().issuer().is_some());
    (!records.is_empty()).then_some(all)
}

/// By owner, then by id.
pub(super) fn sort(records: &mut [KeyRecord]) {
    let order =
        |record: &KeyRecord| (record.principal().subject().to_owned(), record.id().to_owned());
    records.sort_by_cached_key(order);
}
