//! The mode of a limit, which may change while the program runs.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::throttling::LimitMode;

/// The mode that holds at this moment: for how many of a hundred keys (of a budget for failures,
/// addresses) whatever is beyond the limit is refused.
///
/// Nothing else hangs on it, so a change is ordered with nothing: a request sees the mode of before or
/// that of after.
pub(crate) struct LiveMode(AtomicU8);

impl LiveMode {
    /// What holds where an attribute and the configuration say this.
    pub(crate) fn new(attribute: Option<LimitMode>, configuration: Option<LimitMode>) -> Self {
        Self(AtomicU8::new(LimitMode::stricter(attribute, configuration).percent()))
    }

    pub(crate) fn set(&self, mode: LimitMode) {
        self.0.store(mode.percent(), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> LimitMode {
        LimitMode::of_percent(self.percent())
    }

    /// 0 is nobody, 100 is everybody.
    #[inline]
    pub(crate) fn percent(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether it is for everybody.
    #[inline]
    pub(crate) fn is_enforced(&self) -> bool {
        self.percent() >= 100
    }
}
