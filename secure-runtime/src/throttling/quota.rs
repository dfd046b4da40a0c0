//! A quota: so many permits in a window, so many at once.

use std::num::NonZeroU32;

/// So many permits in a window of seconds, at most `burst` of them at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    permits: NonZeroU32,
    window_seconds: NonZeroU32,
    burst: NonZeroU32,
}

impl Quota {
    /// `permits` in `window_seconds`, all of which may come at once.
    #[must_use]
    pub const fn new(permits: NonZeroU32, window_seconds: NonZeroU32) -> Self {
        Self { permits, window_seconds, burst: permits }
    }

    /// Sets how many permits may be taken at one instant.
    #[must_use]
    pub const fn with_burst(mut self, burst: NonZeroU32) -> Self {
        self.burst = burst;
        self
    }
}
