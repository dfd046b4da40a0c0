//! Tells the operator that tokens are refused because of what they are, not of what somebody did to them:
//! another `typ`, issuer or audience than the configuration expects. At a service that was set up for
//! other tokens these are all there are.

use std::sync::{Mutex, PoisonError};

use crate::time::Moment;

/// One line a minute for each cause: a client may send such tokens as often as it likes.
#[derive(Debug, Default)]
pub(super) struct Unexpected(Mutex<Vec<(&'static str, u64)>>);

const PAUSE_NANOS: u64 = 60_000_000_000;

impl Unexpected {
    pub(super) fn tell(&self, issuer: &str, cause: &'static str, now: Moment) {
        if self.is_due(cause, now.monotonic_nanos()) {
            tracing::warn!(
                issuer,
                cause,
                "tokens are refused that the configuration of `Jwt` does not expect"
            );
        }
    }

    /// Whether a line about this cause is due; it counts as written then. Causes are few, and known.
    fn is_due(&self, cause: &'static str, now_nanos: u64) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, last)) if now_nanos.saturating_sub(*last) < PAUSE_NANOS => return false,
            Some((_, last)) => *last = now_nanos,
            None => told.push((cause, now_nanos)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_a_line_a_minute() {
        let unexpected = Unexpected::default();
        let due = |cause, second: u64| unexpected.is_due(cause, second * 1_000_000_000);
        assert!(due("type", 0));
        assert!(!due("type", 59));
        assert!(due("audience", 59));
        assert!(due("type", 60));
        assert!(!due("type", 119));
    }
}
