//! Where limits are shared, and how.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::SharedLimits;
use super::engine::Engine;
use crate::support::redis_client::{NoAddress, Place};
use crate::support::time::{Clock, SystemClock};

/// What happens to requests under shared limits while Redis is out of reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnStoreFailure {
    /// Each instance counts alone, at its share of the quotas: see
    /// [`instances`](SharedLimitsBuilder::instances).
    #[default]
    Local,
    /// No request under a shared limit is let through: they end in [`StoreUnavailable`](super::StoreUnavailable).
    Deny,
    /// Nothing is limited.
    Allow,
}

/// Why limits cannot be shared like that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSharedLimits(String);

/// How limits are shared; [`build`](Self::build) ends it.
///
/// Whatever instances are to count together must be built alike: with one Redis, one
/// [`prefix`](Self::prefix) and one [`secret`](Self::secret).
#[must_use = "nothing is shared until `build`"]
pub struct SharedLimitsBuilder {
    place: Result<Place, NoAddress>,
    prefix: String,
    secret: Option<Vec<u8>>,
    deadline: Duration,
    leases: u32,
    lease_life: Duration,
    lease_capacity_keys: usize,
    on_failure: OnStoreFailure,
    instances: NonZeroU32,
    fallback_capacity_keys: usize,
    clock: Option<Arc<dyn Clock>>,
}

impl SharedLimitsBuilder {
    pub(super) fn new(place: Result<Place, NoAddress>) -> Self {
        Self {
            place,
            prefix: "secure:limits:".to_owned(),
            secret: None,
            deadline: Duration::from_millis(100),
            leases: 1,
            lease_life: Duration::from_secs(1),
            lease_capacity_keys: 16_384,
            on_failure: OnStoreFailure::default(),
            instances: NonZeroU32::MIN,
            fallback_capacity_keys: 100_000,
            clock: None,
        }
    }

    /// What the names of all keys begin with; `secure:limits:` unless said otherwise. No braces: they
    /// mean something to a cluster.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The secret under which the names of keys are hashed, the same in all instances; 16 bytes at
    /// least.
    ///
    /// Without one, whoever can read Redis can find out by trying whether some address or principal is
    /// counted there. With one, that takes the secret.
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secret = Some(secret.as_ref().to_vec());
        self
    }

    /// How long a request waits for Redis, a new connection included; 100 ms unless said otherwise, 1 ms
    /// to 10 s. A decision that takes longer counts as a failure of Redis.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many permits of one key a trip may bring in advance; 1 (none) unless said otherwise, a million
    /// at most, and never more than a sixteenth of a quota's burst. This instance holds four times as
    /// many at most, and never more than an eighth of the burst.
    ///
    /// Callers who ask often are then decided about without a trip each. In any time span all
    /// instances together admit at most so many more than the quota does as they held at its
    /// beginning.
    pub fn leases(mut self, permits: u32) -> Self {
        self.leases = permits.max(1);
        self
    }

    /// How long a leased permit may be spent, from the moment at which it was asked for; 1 second unless
    /// said otherwise, 10 ms to 1 minute. What is not spent by then is lost.
    pub fn lease_life(mut self, life: Duration) -> Self {
        self.lease_life = life;
        self
    }

    /// For how many keys at once permits may be held, at some 150 bytes each; 16,384 unless said
    /// otherwise. Other keys are decided about by Redis alone.
    pub fn lease_capacity_keys(mut self, keys: usize) -> Self {
        self.lease_capacity_keys = keys;
        self
    }

    /// What happens while Redis is out of reach; [`OnStoreFailure::Local`] unless said otherwise.
    pub fn on_store_failure(mut self, what: OnStoreFailure) -> Self {
        self.on_failure = what;
        self
    }

    /// How many instances share the limits; 1 unless said otherwise. While Redis is out of reach, each
    /// gets that part of a quota, and at least one permit at once.
    pub fn instances(mut self, instances: NonZeroU32) -> Self {
        self.instances = instances;
        self
    }

    /// For how many keys the limiter of this instance has room that counts while Redis is out of reach,
    /// at 20 bytes each; 100,000 unless said otherwise.
    pub fn fallback_capacity_keys(mut self, keys: usize) -> Self {
        self.fallback_capacity_keys = keys;
        self
    }

    /// For tests: all time is that of this clock, Redis' own is not asked.
    ///
    /// In production the time of permits is Redis' alone, so that no instance's clock matters.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Starts sharing. A Redis that is not there now may come later.
    ///
    /// # Errors
    ///
    /// When an address is not one of Redis, when something is outside of its range, or when the thread
    /// that talks to Redis cannot be started.
    pub fn build(self) -> Result<SharedLimits, InvalidSharedLimits> {
        let place = self.place.map_err(|fault| InvalidSharedLimits(fault.to_string()))?;
        if self.prefix.contains(['{', '}']) {
            return Err(InvalidSharedLimits("the prefix has braces".to_owned()));
        }
        if self.secret.as_ref().is_some_and(|secret| secret.len() < SHORTEST_SECRET) {
            let fault = format!("the secret is shorter than {SHORTEST_SECRET} bytes");
            return Err(InvalidSharedLimits(fault));
        }
        for (what, found, least, most) in [
            ("the deadline", self.deadline, Duration::from_millis(1), Duration::from_secs(10)),
            ("a lease's life", self.lease_life, Duration::from_millis(10), Duration::from_secs(60)),
        ] {
            if found < least || found > most {
                let fault = format!("{what} is {found:?}, expected {least:?} to {most:?}");
                return Err(InvalidSharedLimits(fault));
            }
        }
        if self.leases > MOST_LEASES {
            let fault = format!("{} leases at a time, expected at most {MOST_LEASES}", self.leases);
            return Err(InvalidSharedLimits(fault));
        }
        let secret = self.secret.unwrap_or_else(|| self.prefix.clone().into_bytes());
        let parts = Parts {
            place,
            prefix: self.prefix,
            secret,
            deadline: self.deadline,
            leases: self.leases,
            lease_life: self.lease_life,
            lease_capacity_keys: self.lease_capacity_keys,
            on_failure: self.on_failure,
            instances: self.instances,
            fallback_capacity_keys: self.fallback_capacity_keys,
            is_time_given: self.clock.is_some(),
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
        };
        Engine::start(parts)
            .map(SharedLimits)
            .map_err(|error| InvalidSharedLimits(format!("no thread for shared limits: {error}")))
    }
}

/// What an engine is made of.
pub(super) struct Parts {
    pub(super) place: Place,
    pub(super) prefix: String,
    pub(super) secret: Vec<u8>,
    pub(super) deadline: Duration,
    pub(super) leases: u32,
    pub(super) lease_life: Duration,
    pub(super) lease_capacity_keys: usize,
    pub(super) on_failure: OnStoreFailure,
    pub(super) instances: NonZeroU32,
    pub(super) fallback_capacity_keys: usize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) is_time_given: bool,
}

/// Neither addresses, which may have passwords in them, nor the secret.
impl fmt::Debug for SharedLimitsBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("SharedLimitsBuilder");
        shown.field("prefix", &self.prefix).field("leases", &self.leases).finish_non_exhaustive()
    }
}

impl fmt::Display for InvalidSharedLimits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for InvalidSharedLimits {}

/// What so many permits take of a bucket is a number that Lua has exactly, at any quota.
const MOST_LEASES: u32 = 1_000_000;

const SHORTEST_SECRET: usize = 16;
