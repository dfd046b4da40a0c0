//! The mode of a limit, which may change while the program runs.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::throttling::LimitMode;

/// The current mode: the percentage of keys (for a failure budget, of addresses) for which the limit is
/// enforced.
///
/// No other data depends on it, so a change needs no ordering: a request sees the mode before or after the
/// change.
pub(crate) struct LiveMode(AtomicU8);

impl LiveMode {
    /// The mode from the attribute and the configuration.
    pub(crate) fn new(attribute: Option<LimitMode>, configuration: Option<LimitMode>) -> Self {
        Self(AtomicU8::new(LimitMode::stricter(attribute, configuration).percent()))
    }

    pub(crate) fn set(&self, mode: LimitMode) {
        self.0.store(mode.percent(), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> LimitMode {
        LimitMode::of_percent(self.percent())
    }

    /// 0 for no key, 100 for all keys.
    #[inline]
    pub(crate) fn percent(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether it is enforced for all keys.
    #[inline]
    pub(crate) fn is_enforced(&self) -> bool {
        self.percent() >= 100
    }
}
