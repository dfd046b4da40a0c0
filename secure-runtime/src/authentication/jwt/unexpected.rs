//! Tells the operator why tokens are refused that are perhaps good: the configuration expects others, the
//! key is not known, or the clocks differ.

use std::sync::{Mutex, PoisonError};

use super::Rules;
use super::explain::{Check, UNKNOWN_KEY};
use super::header::Header;
use super::json::Object;
use super::keys::{Keys, Unverified};
use crate::support::time::Moment;

/// One line a minute for each cause: a client may send such tokens as often as it likes.
#[derive(Debug, Default)]
pub(super) struct Unexpected(Mutex<Vec<(&'static str, u64)>>);

const PAUSE_NANOS: u64 = 60_000_000_000;

/// A token that was refused.
pub(super) struct RefusedToken<'a> {
    pub(super) token: &'a [u8],
    pub(super) fault: Unverified,
    pub(super) rules: &'a Rules,
    pub(super) keys: &'a Keys,
}

impl Unexpected {
    /// Writes a line about this refusal, if one is due. `is_claimed`: whether the token names an issuer
    /// whose tokens are accepted.
    pub(super) fn tell(
        &self,
        refused: &RefusedToken<'_>,
        now: Moment,
        is_claimed: impl FnOnce() -> bool,
    ) {
        let RefusedToken { token, fault, keys, .. } = refused;
        let is_signed = || keys.open(token, |_| Ok(())).is_ok();
        let nanos = now.monotonic_nanos();
        match fault {
            // Nobody else can have it written.
            Unverified::Unexpected(cause) | Unverified::Early(cause) => {
                if self.is_due(cause, nanos, is_signed) {
                    refused.tell_signed(cause, now);
                }
            }
            Unverified::UnknownKey(cause) => {
                if self.is_due(cause, nanos, is_claimed) {
                    refused.tell_unknown(cause);
                }
            }
            Unverified::Bad(_) | Unverified::Remembered(_) => {}
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

impl RefusedToken<'_> {
    #[cold]
    fn tell_signed(&self, cause: &str, now: Moment) {
        let Check { found, expected, change, .. } = self.first_failed(now).unwrap_or_default();
        tracing::warn!(
            issuer = self.rules.issuer(),
            found,
            expected,
            change,
            "a token with a valid signature was refused: {cause}; logged once a minute for each cause"
        );
    }

    #[cold]
    fn tell_unknown(&self, cause: &str) {
        let header = Keys::unverified_header(self.token).unwrap_or_default();
        let kid = Header::parse(&header).ok().and_then(|header| header.key_id);
        tracing::warn!(
            issuer = self.rules.issuer(),
            found = %kid.as_deref().map_or("no `kid`", |kid| kid).escape_debug(),
            expected = %self.keys,
            change = UNKNOWN_KEY,
            "a token that names this issuer was refused: {cause}; logged once a minute for each cause"
        );
    }

    /// The first check that the token fails.
    fn first_failed(&self, now: Moment) -> Option<Check> {
        let header = Keys::unverified_header(self.token)?;
        let claims = String::from_utf8(Keys::unverified_claims(self.token)?).ok()?;
        let (header, claims) = (Header::parse(&header).ok()?, Object::parse(&claims).ok()?);
        let checks = self.rules.checks(&header, &claims, now);
        checks.into_iter().find(|check| check.fault.is_some())
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
