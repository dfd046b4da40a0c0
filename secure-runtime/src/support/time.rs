//! [`Moment`] and [`Clock`]: one clock reading for each request, replaceable in tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One reading of the clock, taken once for each request.
///
/// Limits use the monotonic part, which never jumps; token lifetimes use the wall-clock part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    monotonic_nanos: u64,
    unix_nanos: u64,
}

impl Moment {
    /// A reading from the time since a fixed start and the time since the Unix epoch.
    #[must_use]
    pub const fn new(monotonic: Duration, since_epoch: Duration) -> Self {
        Self { monotonic_nanos: nanos(monotonic), unix_nanos: nanos(since_epoch) }
    }

    /// Nanoseconds since the clock's own start; never decreases.
    #[must_use]
    pub const fn monotonic_nanos(self) -> u64 {
        self.monotonic_nanos
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_nanos(self) -> u64 {
        self.unix_nanos
    }

    /// Whole seconds since 1970-01-01T00:00:00Z (RFC 7519 section 2, `NumericDate`), rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.unix_nanos / NANOS_PER_SECOND
    }
}

/// A source of time.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Moment;
}

/// The machine's clock.
///
/// It reads the monotonic clock, and measures the offset of the wall clock once a second. So it follows a
/// step of the system clock within a second, and limits never see the step.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    /// Unix time at `start`, in nanoseconds.
    origin: AtomicU64,
    /// Monotonic time at which `origin` is measured again.
    refresh_at: AtomicU64,
}

impl SystemClock {
    /// Starts the clock.
    #[must_use]
    pub fn new() -> Self {
        let clock = Self {
            start: Instant::now(),
            origin: AtomicU64::new(0),
            refresh_at: AtomicU64::new(0),
        };
        clock.measure_origin(0);
        clock
    }

    fn measure_origin(&self, monotonic_nanos: u64) -> u64 {
        // A clock set before 1970 reads as 1970: every token is then not valid yet, and `nbf` and `iat`
        // reject it.
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos);
        let origin = unix.saturating_sub(monotonic_nanos);
        self.origin.store(origin, Ordering::Relaxed);
        self.refresh_at.store(monotonic_nanos + NANOS_PER_SECOND, Ordering::Relaxed);
        origin
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let monotonic_nanos = nanos(self.start.elapsed());
        let origin = if monotonic_nanos >= self.refresh_at.load(Ordering::Relaxed) {
            self.measure_origin(monotonic_nanos)
        } else {
            self.origin.load(Ordering::Relaxed)
        };
        Moment { monotonic_nanos, unix_nanos: origin.saturating_add(monotonic_nanos) }
    }
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Saturates after 584 years.
const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_is_close_to_the_wall_clock_and_never_goes_back() {
        let clock = SystemClock::new();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos);
        let first = clock.now();
        let second = clock.now();
        assert!(first.unix_nanos().abs_diff(wall) < NANOS_PER_SECOND);
        assert!(second.monotonic_nanos() >= first.monotonic_nanos());
    }
}
