//! [`SharedLimitsBuilder`]: the configuration of shared limits.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::SharedLimits;
use super::engine::Engine;
use crate::support::redis_client::{NoAddress, Place};
use crate::support::time::{Clock, SystemClock};

/// What happens to requests under shared limits while Redis is unreachable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnStoreFailure {
    /// Every instance counts alone, at its share of the quotas: see
    /// [`instances`](SharedLimitsBuilder::instances).
    #[default]
    Local,
    /// Fail closed: requests under a shared limit are denied with
    /// [`StoreUnavailable`](super::StoreUnavailable).
    Deny,
    /// Fail open: requests are admitted without limits.
    Allow,
}

/// A configuration error of shared limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSharedLimits(String);

/// The configuration of shared limits; [`build`](Self::build) completes it.
///
/// Instances that count together need the same configuration: the same Redis, [`prefix`](Self::prefix) and
/// [`secret`](Self::secret).
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

    /// The prefix of all key names; `secure:limits:` by default. It must not contain braces, which have a
    /// meaning in a cluster.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The secret under which key names are hashed, the same in all instances; at least 16 bytes.
    ///
    /// Without a secret, anyone with read access to Redis can test whether a certain address or principal is
    /// counted there. With a secret, the test requires the secret.
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secret = Some(secret.as_ref().to_vec());
        self
    }

    /// How long a request waits for Redis, including a new connection; 100 ms by default, 1 ms to 10 s. A
    /// slower decision counts as a failure of Redis.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many permits of one key a round trip may lease in advance; 1 (none) by default, a million at most,
    /// and never more than a sixteenth of a quota's burst. This instance holds at most four times as many,
    /// and never more than an eighth of the burst.
    ///
    /// Most requests of frequent callers then need no round trip. In any time span, all instances together
    /// exceed the quota by at most the permits that they held at its beginning.
    pub fn leases(mut self, permits: u32) -> Self {
        self.leases = permits.max(1);
        self
    }

    /// How long a leased permit is valid, from the moment of its request; 1 second by default, 10 ms to 1
    /// minute. Permits that are not spent by then are lost.
    pub fn lease_life(mut self, life: Duration) -> Self {
        self.lease_life = life;
        self
    }

    /// The number of keys with leased permits at one time, at some 150 bytes each; 16,384 by default. Redis
    /// alone decides about other keys.
    pub fn lease_capacity_keys(mut self, keys: usize) -> Self {
        self.lease_capacity_keys = keys;
        self
    }

    /// What happens while Redis is unreachable; [`OnStoreFailure::Local`] by default.
    pub fn on_store_failure(mut self, what: OnStoreFailure) -> Self {
        self.on_failure = what;
        self
    }

    /// The number of instances that share the limits; 1 by default. While Redis is unreachable, each instance
    /// gets that part of a quota, with a burst of at least one permit.
    pub fn instances(mut self, instances: NonZeroU32) -> Self {
        self.instances = instances;
        self
    }

    /// The number of keys in the local limiter that counts while Redis is unreachable, at 20 bytes each;
    /// 100,000 by default.
    pub fn fallback_capacity_keys(mut self, keys: usize) -> Self {
        self.fallback_capacity_keys = keys;
        self
    }

    /// For tests: uses this clock instead of Redis' clock.
    ///
    /// In production only Redis' clock counts, so that no instance's clock matters.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Starts sharing. Redis need not be reachable yet.
    ///
    /// # Errors
    ///
    /// An address is not a Redis address, a value is outside of its range, or the thread for Redis cannot be
    /// started.
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

/// The parts of an engine.
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

/// Shows neither addresses, which may contain passwords, nor the secret.
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

/// Lua represents the bucket share of this number of permits exactly, at any quota.
const MOST_LEASES: u32 = 1_000_000;

const SHORTEST_SECRET: usize = 16;
