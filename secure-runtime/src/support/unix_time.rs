//! Conversions between `SystemTime` and whole seconds since the Unix epoch, in which claims state times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::time::Moment;

/// Whole seconds since the Unix epoch, rounded down; 0 for a time before it.
pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The time so many seconds after the Unix epoch; the end of the year 9999 if the platform cannot represent
/// it.
pub(crate) fn system_time(unix_seconds: u64) -> SystemTime {
    let since = |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    since(unix_seconds).or_else(|| since(END_OF_9999)).unwrap_or(UNIX_EPOCH)
}

/// The wall-clock part of the reading.
impl From<Moment> for SystemTime {
    fn from(now: Moment) -> Self {
        let since = Duration::from_nanos(now.unix_nanos());
        UNIX_EPOCH.checked_add(since).unwrap_or_else(|| system_time(now.unix_seconds()))
    }
}

const END_OF_9999: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_round_down_and_saturate() {
        for seconds in [0, 1, 1_767_225_600, END_OF_9999] {
            assert_eq!(unix_seconds(system_time(seconds)), seconds);
        }
        assert_eq!(unix_seconds(UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert_eq!(unix_seconds(UNIX_EPOCH + Duration::from_millis(1999)), 1);
        assert_eq!(system_time(u64::MAX), system_time(END_OF_9999));
        let now = Moment::new(Duration::ZERO, Duration::from_millis(1500));
        assert_eq!(SystemTime::from(now), UNIX_EPOCH + Duration::from_millis(1500));
    }
}
