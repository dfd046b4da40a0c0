//! `FakeClock`: a clock for tests that only moves when a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::time::{Clock, Moment};
use crate::support::unix_time::system_time;

/// A [`Clock`] for tests. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use secure_runtime::Clock;
/// use secure_runtime::testing::FakeClock;
///
/// let clock = FakeClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().unix_seconds(), before.unix_seconds() + 60);
///
/// clock.jump_wall(-3600);
/// assert_eq!(clock.now().unix_seconds(), before.unix_seconds() + 60 - 3600);
/// assert_eq!(clock.now().monotonic_nanos(), before.monotonic_nanos() + 60_000_000_000);
/// ```
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    monotonic_nanos: AtomicU64,
    unix_nanos: AtomicU64,
}

impl FakeClock {
    /// A clock at 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn new() -> Self {
        Self::at(system_time(1_767_225_600))
    }

    /// A clock at this time.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        let parts = Parts { monotonic_nanos: AtomicU64::new(0), unix_nanos: AtomicU64::new(0) };
        let clock = Self(Arc::new(parts));
        clock.set_wall(time);
        clock
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        let passed = nanos(duration);
        self.0.monotonic_nanos.fetch_add(passed, Ordering::SeqCst);
        self.0.unix_nanos.fetch_add(passed, Ordering::SeqCst);
    }

    /// Sets the wall clock; no time passes. A time before the Unix epoch sets it to the epoch.
    pub fn set_wall(&self, time: SystemTime) {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0.unix_nanos.store(nanos(since), Ordering::SeqCst);
    }

    /// Moves the wall clock by so many seconds, back if negative; no time passes. What an operator or a
    /// time server does to a machine.
    pub fn jump_wall(&self, seconds: i64) {
        let distance = nanos(Duration::from_secs(seconds.unsigned_abs()));
        let now = self.0.unix_nanos.load(Ordering::SeqCst);
        let then =
            if seconds < 0 { now.saturating_sub(distance) } else { now.saturating_add(distance) };
        self.0.unix_nanos.store(then, Ordering::SeqCst);
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Moment {
        Moment::new(
            Duration::from_nanos(self.0.monotonic_nanos.load(Ordering::SeqCst)),
            Duration::from_nanos(self.0.unix_nanos.load(Ordering::SeqCst)),
        )
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
