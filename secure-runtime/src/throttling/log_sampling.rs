//! Log sampling: limits the log lines about keys, and shows keys as marks.
//!
//! One line for each key and window, and a few a minute for all keys of a limit, so that an attack does not
//! fill the log. Events without a line are counted all the same.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::num::NonZeroU32;

use serde::{Serialize, Serializer};

use super::rate::limiter::{LimitKey, Limiter};
use super::rate::quota::Quota;
use crate::support::time::Moment;

/// The lines that were written recently, in fixed memory.
#[derive(Debug)]
pub(crate) struct Notices {
    keys: Limiter,
    /// Separate, so that a flood of keys cannot evict the count of a limit.
    limits: Limiter,
    marks: RandomState,
}

/// The mark of a key in statistics and logs: a keyed hash that is meaningless outside of the process, and
/// different in every process. Equal marks of one limit are one key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyMark(u64);

/// 4,096 keys. A key that is evicted early gets another line, within the lines of its limit.
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

    /// Whether a line about this key is due, under a limit with this number and window. It then counts as
    /// written.
    pub(crate) fn is_due(
        &self,
        limit: usize,
        key: LimitKey,
        window: NonZeroU32,
        now: Moment,
    ) -> bool {
        let one = NonZeroU32::MIN;
        let of_limit = self.limits.key(0, &limit);
        // First without taking a permit: a key whose line is not written may get it later.
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

/// As text, because not every JSON parser reads numbers of 64 bits exactly.
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
