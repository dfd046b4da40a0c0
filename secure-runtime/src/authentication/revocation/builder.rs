//! Builder of a revocation list: capacity, longest token life, clock.

use std::sync::Arc;
use std::time::Duration;

use super::list::{List, Terms};
use super::{Inner, Revocations};
use crate::support::time::{Clock, SystemClock};

/// Describes a list of [`Revocations`].
///
/// ```
/// use std::time::Duration;
/// use secure_runtime::authentication::Revocations;
///
/// let revocations = Revocations::builder()
///     .longest_token_life(Duration::from_secs(15 * 60))
///     .capacity(200_000)
///     .in_memory();
/// ```
#[must_use = "a description revokes nothing"]
pub struct RevocationsBuilder {
    pub(super) longest: Duration,
    pub(super) capacity: usize,
    pub(super) clock: Box<dyn Clock>,
    #[cfg(feature = "redis")]
    pub(super) shared: super::store::Sharing,
}

impl RevocationsBuilder {
    pub(super) fn new() -> Self {
        Self {
            longest: LONGEST,
            capacity: CAPACITY,
            clock: Box::new(SystemClock::new()),
            #[cfg(feature = "redis")]
            shared: super::store::Sharing::default(),
        }
    }

    /// How long a token may live, from `iat` to `exp`; 24 hours unless said otherwise. A token that
    /// lives longer is refused, and a revocation is kept for so long and ten minutes more: it need
    /// not outlive what it revokes. The shorter, the less memory revocations take.
    pub fn longest_token_life(mut self, life: Duration) -> Self {
        self.longest = life;
        self
    }

    /// How many revocations are kept exactly; a million unless said otherwise, which take at most
    /// 130 MB once they are there.
    ///
    /// One more revokes everything that its issuer has issued until then: its clients have to get
    /// new tokens, and nothing that was revoked counts again.
    pub fn capacity(mut self, revocations: usize) -> Self {
        self.capacity = revocations;
        self
    }

    /// Replaces the machine's clock, in tests by a [`FakeClock`](crate::testing::FakeClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// A list of this process alone; a restart forgets it.
    #[must_use]
    pub fn in_memory(self) -> Revocations {
        let list = List::new(self.terms(), true);
        Revocations(Arc::new(Inner {
            list,
            longest_seconds: self.longest.as_secs(),
            clock: self.clock,
            #[cfg(feature = "redis")]
            store: None,
        }))
    }

    /// How long a revocation is kept.
    pub(super) fn life(&self) -> Duration {
        self.longest.saturating_add(MARGIN)
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            capacity: self.capacity,
            life_nanos: u64::try_from(self.life().as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

/// Longer than nearly every issuer lets an access token live.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Twice the largest leeway: a token may come from a clock that is ahead, and be accepted after its
/// end.
const MARGIN: Duration = Duration::from_secs(2 * 300);

const CAPACITY: usize = 1_000_000;

crate::support::opaque_debug!(RevocationsBuilder);
