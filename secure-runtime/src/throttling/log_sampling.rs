//! When something about a key is worth a line in a log, and how the key is shown there.
//!
//! A line a key and window, and no more than a few a minute for all keys of a limit: an attack must not
//! fill the log. What is not told is counted all the same.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::num::NonZeroU32;

use serde::{Serialize, Serializer};

use super::rate::limiter::{LimitKey, Limiter};
use super::rate::quota::Quota;
use crate::support::time::Moment;

/// Which lines were written lately, in fixed memory.
#[derive(Debug)]
pub(crate) struct Notices {
    keys: Limiter,
    /// Apart, so that no flood of keys makes a limit's count be forgotten.
    limits: Limiter,
    marks: RandomState,
}

/// Stands for a key where people look: a keyed hash that means nothing outside of the process, and
/// another one in the next. Equal marks of one limit are one key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyMark(u64);

/// 4,096 keys. One that is forgotten early has another line, within what a limit may write.
const BYTES: usize = 64 * 1024;

/// Lines a minute for each limit.
const FEW: Quota = Quota::new(non_zero(10), non_zero(60));

impl Notices {
    /// For so many limits.
    pub(crate) fn new(limits: usize) -> Self {
        Self {
            keys: Limiter::with_capacity_bytes(BYTES),
            limits: Limiter::with_capacity_keys(limits),
            marks: RandomState::new(),
        }
    }

    /// Whether a line about this key is due, under a limit with this number and window; it counts as
    /// written then.
    pub(crate) fn is_due(
        &self,
        limit: usize,
        key: LimitKey,
        window: NonZeroU32,
        now: Moment,
    ) -> bool {
        let one = NonZeroU32::MIN;
        let of_limit = self.limits.key(0, &limit);
        // First without taking it: a key whose line is not written may have it later.
        self.limits.peek(of_limit, &FEW, one, now).is_allowed()
            && self.keys.check(key, &Quota::new(one, window), one, now).is_allowed()
            && self.limits.check(of_limit, &FEW, one, now).is_allowed()
    }

    pub(crate) fn mark(&self, key: LimitKey) -> KeyMark {
        KeyMark(self.marks.hash_one(key.bits()))
    }
}

const fn non_zero(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// Sixteen hexadecimal digits.
impl fmt::Display for KeyMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for KeyMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyMark({self})")
    }
}

/// As it is shown: numbers of 64 bits are not safe in every reader of JSON.
impl Serialize for KeyMark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(second: u64) -> Moment {
        Moment::new(Duration::from_secs(second), Duration::ZERO)
    }

    #[test]
    fn a_key_has_one_line_a_window_and_a_limit_ten_a_minute() {
        let (notices, keys) = (Notices::new(3), Limiter::with_capacity_bytes(0));
        let hour = non_zero(3600);
        let is_due = |limit, name: &str, now| {
            notices.is_due(limit, keys.key(limit as u64, name), hour, at(now))
        };
        assert!(is_due(0, "ada", 0));
        assert!(!is_due(0, "ada", 0) && !is_due(0, "ada", 3599));
        assert!(is_due(1, "ada", 0), "another limit");
        assert!(is_due(0, "ada", 3600));
        let written = (0..10_000).filter(|n| is_due(2, &n.to_string(), 0)).count();
        assert_eq!(written, 10);
        assert_eq!((0..10_000).filter(|n| is_due(2, &format!("b{n}"), 6)).count(), 1);
    }

    #[test]
    fn a_mark_is_one_keys_and_another_ones_in_another_process() {
        let keys = Limiter::with_capacity_bytes(0);
        let (ada, grace) = (keys.key(0, "ada"), keys.key(0, "grace"));
        let (here, there) = (Notices::new(0), Notices::new(0));
        assert_eq!(here.mark(ada), here.mark(ada));
        assert_ne!(here.mark(ada), here.mark(grace));
        assert_ne!(here.mark(ada), there.mark(ada));
        assert_eq!(here.mark(ada).to_string().len(), 16);
    }
}
