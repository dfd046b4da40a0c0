//! Limits how often an error that affects every request is logged at `error`, for example while an
//! identity provider is down.
//!
//! The first one is logged at `error`, and again after a minute. Those in between are logged at
//! `info`, as other refusals are.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The causes that were logged at `error` within the last minute.
static LOGGED: Mutex<Vec<(Box<str>, Instant)>> = Mutex::new(Vec::new());

/// Whether this cause was logged at `error` within the last minute. If not, it is recorded as
/// logged now.
pub(super) fn is_repeated(cause: &str) -> bool {
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    is_known(&mut logged, cause, Instant::now())
}

fn is_known(logged: &mut Vec<(Box<str>, Instant)>, cause: &str, now: Instant) -> bool {
    logged.retain(|(_, at)| now.saturating_duration_since(*at) < PAUSE);
    if logged.iter().any(|(known, _)| **known == *cause) {
        return true;
    }
    // An application may have a different cause for each request. Then each is logged at `error`.
    if logged.len() < MOST {
        logged.push((cause.into(), now));
    }
    false
}

const PAUSE: Duration = Duration::from_secs(60);
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_an_error_once_a_minute() {
        let (mut logged, start) = (Vec::new(), Instant::now());
        let mut is_known = |cause: &str, seconds| {
            super::is_known(&mut logged, cause, start + Duration::from_secs(seconds))
        };
        assert!(!is_known("down", 0));
        assert!(is_known("down", 59));
        assert!(!is_known("other", 59));
        assert!(!is_known("down", 60));
        assert!(is_known("down", 61));
        for number in 0..1000 {
            assert!(!is_known(&format!("{number}"), 61));
        }
        assert!(logged.len() <= MOST);
    }
}
