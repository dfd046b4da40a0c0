//! Tells the operator of tokens with a valid signature that are refused because of their claims or `typ`:
//! perhaps the service is configured for other tokens than its clients have.

use std::sync::{Mutex, PoisonError};

use crate::time::Moment;

/// One line a minute for each cause: a client may send such tokens as often as it likes.
#[derive(Debug, Default)]
pub(super) struct Unexpected(Mutex<Vec<(&'static str, u64)>>);

const PAUSE_NANOS: u64 = 60_000_000_000;

impl Unexpected {
    /// Writes a line about this cause, if one is due and the token is one of the issuer's: nobody else can
    /// have it written.
    pub(super) fn tell(
        &self,
        issuer: &str,
        cause: &'static str,
        now: Moment,
        is_of_the_issuer: impl FnOnce() -> bool,
    ) {
        if self.is_due(cause, now.monotonic_nanos(), is_of_the_issuer) {
            tracing::warn!(
                expected_issuer = issuer,
                cause,
                "refused a token with a valid signature that the configuration of `Jwt` does not \
                 accept; logged once a minute for each cause"
            );
        }
    }

    /// Whether a line is due; it counts as written then. Causes are few, and known.
    fn is_due(
        &self,
        cause: &'static str,
        now_nanos: u64,
        is_of_the_issuer: impl FnOnce() -> bool,
    ) -> bool {
        let is_recent = |told: &[(&str, u64)]| {
            let mut told = told.iter().filter(|(known, _)| *known == cause);
            told.any(|(_, last)| now_nanos.saturating_sub(*last) < PAUSE_NANOS)
        };
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A signature is verified without the lock.
        if is_recent(&lock()) || !is_of_the_issuer() {
            return false;
        }
        let mut told = lock();
        if is_recent(&told) {
            return false;
        }
        told.retain(|(known, _)| *known != cause);
        told.push((cause, now_nanos));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_a_line_a_minute() {
        let unexpected = Unexpected::default();
        let is_due = |cause, second: u64, is_of_the_issuer| {
            unexpected.is_due(cause, second * 1_000_000_000, || is_of_the_issuer)
        };
        let due = |cause, second| is_due(cause, second, true);
        assert!(!is_due("type", 0, false));
        assert!(due("type", 0));
        assert!(!due("type", 59));
        assert!(due("audience", 59));
        assert!(due("type", 60));
        assert!(!due("type", 119));
    }
}
