//! A quota: so many permits in a window, so many at once.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

/// So many permits in a window of seconds, at most `burst` of them at one instant.
///
/// # What it admits
///
/// A quota is enforced with the generic cell rate algorithm (GCRA, ITU-T I.371 appendix A,
/// "virtual scheduling"), which is a leaky bucket that needs one time per key:
///
/// * The bucket holds `burst` permits and starts full.
/// * One permit comes back every [emission interval](Self::emission_interval), which is
///   `window / permits`, continuously: there is no boundary at which everything resets.
/// * A request of cost *c* is admitted when *c* permits are in the bucket, and takes them. A
///   refused request takes nothing.
///
/// So a client that stays below `permits` per window on average is never refused, at one instant
/// at most `burst` permits are given, and **no time span as long as the window admits more than
/// `burst + permits`**: the full bucket at its start, and what comes back until its end. With
/// `100/h` (burst 100) that is 200 in the worst hour, and 100 in every hour on average; with
/// `100/h` and a burst of 10, it is 110. A burst may be larger than the permits: with `100/h` and a
/// burst of 500, a client that stayed away for five hours has 500 at once, then 100 in an hour.
///
/// The interval is a whole number of nanoseconds, rounded up: a quota is never exceeded by
/// rounding, and falls short of its nominal rate by less than one nanosecond a permit. (More than
/// 10⁹ permits a second cannot be told apart from 10⁹.)
///
/// # Examples
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use secure_runtime::throttling::Quota;
///
/// let quota = Quota::per_hour(NonZeroU32::new(100).unwrap());
/// assert_eq!(quota.to_string(), "100/h");
/// assert_eq!(quota.emission_interval(), Duration::from_secs(36));
///
/// let smooth = quota.with_burst(NonZeroU32::new(10).unwrap());
/// assert_eq!(smooth.to_string(), "100/h burst 10");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    permits: NonZeroU32,
    window_seconds: NonZeroU32,
    burst: NonZeroU32,
    /// Derived, so that a decision divides nothing.
    interval_ns: u64,
    tolerance_ns: u64,
}

impl Quota {
    /// So many permits in a window. The burst is equal to the permits.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    /// use std::time::Duration;
    /// use secure_runtime::throttling::Quota;
    ///
    /// let ten = NonZeroU32::new(10).unwrap();
    /// let quota = Quota::with_window(ten, Duration::from_secs(15 * 60))?;
    /// assert_eq!(quota.to_string(), "10/15min");
    /// assert!(Quota::with_window(ten, Duration::from_millis(1_500)).is_err());
    /// # Ok::<(), secure_runtime::throttling::InvalidWindow>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The window is not a whole number of seconds, is zero, or is longer than 4,294,967,295 seconds.
    pub const fn with_window(permits: NonZeroU32, window: Duration) -> Result<Self, InvalidWindow> {
        let seconds = window.as_secs();
        if window.subsec_nanos() != 0 || seconds > u32::MAX as u64 {
            return Err(InvalidWindow { window });
        }
        match NonZeroU32::new(seconds as u32) {
            Some(seconds) => Ok(Self::new(permits, seconds)),
            None => Err(InvalidWindow { window }),
        }
    }

    pub(crate) const fn new(permits: NonZeroU32, window_seconds: NonZeroU32) -> Self {
        let interval_ns =
            (window_seconds.get() as u64 * NANOS_PER_SECOND).div_ceil(permits.get() as u64);
        let tolerance_ns = tolerance_ns(interval_ns, permits);
        Self { permits, window_seconds, burst: permits, interval_ns, tolerance_ns }
    }

    /// So many permits a second.
    #[must_use]
    pub const fn per_second(permits: NonZeroU32) -> Self {
        Self::new(permits, NonZeroU32::MIN)
    }

    /// So many permits a minute.
    #[must_use]
    pub const fn per_minute(permits: NonZeroU32) -> Self {
        Self::new(permits, NonZeroU32::MIN.saturating_add(59))
    }

    /// So many permits an hour.
    ///
    /// ```
    /// use std::num::NonZeroU32;
    /// use secure_runtime::throttling::Quota;
    ///
    /// let quota = Quota::per_hour(NonZeroU32::new(100).unwrap());
    /// assert_eq!("100/h".parse(), Ok(quota));
    /// ```
    #[must_use]
    pub const fn per_hour(permits: NonZeroU32) -> Self {
        Self::new(permits, NonZeroU32::MIN.saturating_add(3_599))
    }

    /// Sets how many permits may be taken at one instant.
    #[must_use]
    pub const fn with_burst(mut self, burst: NonZeroU32) -> Self {
        self.burst = burst;
        self.tolerance_ns = tolerance_ns(self.interval_ns, burst);
        self
    }

    /// How many permits come back in one window.
    #[must_use]
    pub const fn permits(&self) -> NonZeroU32 {
        self.permits
    }

    /// The window: the time in which as many permits come back as [`permits`](Self::permits).
    #[must_use]
    pub const fn window(&self) -> Duration {
        Duration::from_secs(self.window_seconds.get() as u64)
    }

    pub(crate) const fn window_seconds(&self) -> NonZeroU32 {
        self.window_seconds
    }

    /// How many permits may be taken at one instant.
    #[must_use]
    pub const fn burst(&self) -> NonZeroU32 {
        self.burst
    }

    /// What clients are told: so many permits, and the seconds in which as many come back. These are the
    /// permits of the window, or the whole burst where that is more: more is never left.
    pub(crate) fn advertised(&self) -> (NonZeroU32, u64) {
        if self.burst > self.permits {
            (self.burst, self.tolerance_ns.div_ceil(NANOS_PER_SECOND))
        } else {
            (self.permits, u64::from(self.window_seconds.get()))
        }
    }

    /// The time in which one permit comes back, in whole nanoseconds, rounded up.
    #[must_use]
    pub const fn emission_interval(&self) -> Duration {
        Duration::from_nanos(self.interval_ns)
    }

    pub(crate) const fn emission_interval_ns(&self) -> u64 {
        self.interval_ns
    }

    /// The time in which an empty bucket becomes full: `burst` emission intervals.
    ///
    /// At most `u64::MAX - 1` nanoseconds: a bucket that takes more than 584 years to fill counts as
    /// this one.
    #[must_use]
    pub const fn burst_tolerance(&self) -> Duration {
        Duration::from_nanos(self.tolerance_ns)
    }

    pub(crate) const fn burst_tolerance_ns(&self) -> u64 {
        self.tolerance_ns
    }
}

/// A window that a [`Quota`] cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidWindow {
    window: Duration,
}

impl fmt::Display for InvalidWindow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (most, window) = (u32::MAX, self.window);
        write!(
            formatter,
            "a window is a whole number of seconds from 1 to {most}, found {window:?}"
        )
    }
}

impl std::error::Error for InvalidWindow {}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Stays below `u64::MAX`, which [`super::gcra::Demand`] reserves for "can never be admitted".
const fn tolerance_ns(interval_ns: u64, burst: NonZeroU32) -> u64 {
    match interval_ns.checked_mul(burst.get() as u64) {
        Some(tolerance) if tolerance < u64::MAX => tolerance,
        _ => u64::MAX - 1,
    }
}

/// The form of the attribute, with the largest unit that divides the window: `100/h`, `10/15min`;
/// a burst that differs from the permits is added, `100/h burst 10`.
impl fmt::Display for Quota {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = self.window_seconds.get();
        let (count, unit) = [(86_400, "d"), (3_600, "h"), (60, "min")]
            .into_iter()
            .find(|(seconds, _)| window.is_multiple_of(*seconds))
            .map_or((window, "s"), |(seconds, unit)| (window / seconds, unit));
        write!(formatter, "{}/", self.permits)?;
        if count != 1 {
            write!(formatter, "{count}")?;
        }
        formatter.write_str(unit)?;
        if self.burst != self.permits {
            write!(formatter, " burst {}", self.burst)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Quota({self})")
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;

    fn quota(permits: u32, window: u32) -> Quota {
        Quota::new(NonZeroU32::new(permits).unwrap(), NonZeroU32::new(window).unwrap())
    }

    fn check(permits: u32, window: u32, text: &str, interval_ns: u64) {
        let quota = quota(permits, window);
        assert_eq!(quota.to_string(), text);
        assert_eq!(quota.emission_interval_ns(), interval_ns, "{text}");
    }

    #[test]
    fn the_text_is_canonical_and_the_interval_is_rounded_up() {
        check(100, 3600, "100/h", 36_000_000_000);
        check(10, 900, "10/15min", 90_000_000_000);
        check(1, 1, "1/s", 1_000_000_000);
        check(7, 1, "7/s", 142_857_143);
        check(5, 90, "5/90s", 18_000_000_000);
        check(1, 604_800, "1/7d", 604_800_000_000_000);
        check(u32::MAX, 1, "4294967295/s", 1);
        check(1, u32::MAX, "1/4294967295s", 4_294_967_295_000_000_000);
    }

    #[test]
    fn a_window_is_a_whole_number_of_seconds() {
        let of = |window| Quota::with_window(NonZeroU32::MIN, window);
        assert_eq!(of(Duration::from_secs(90)), Ok(quota(1, 90)));
        assert_eq!(of(Duration::from_secs(u32::MAX.into())), Ok(quota(1, u32::MAX)));
        for window in [
            Duration::ZERO,
            Duration::from_nanos(1_000_000_001),
            Duration::from_secs(1 << 32),
            Duration::MAX,
        ] {
            assert_eq!(of(window), Err(InvalidWindow { window }));
        }
        assert_eq!(
            of(Duration::from_millis(1_500)).unwrap_err().to_string(),
            "a window is a whole number of seconds from 1 to 4294967295, found 1.5s"
        );
    }

    #[test]
    fn a_burst_is_shown_when_it_differs() {
        let burst = |burst| quota(100, 3600).with_burst(NonZeroU32::new(burst).unwrap());
        assert_eq!(burst(100).to_string(), "100/h");
        assert_eq!(burst(10).to_string(), "100/h burst 10");
        assert_eq!(format!("{:?}", burst(10)), "Quota(100/h burst 10)");
        assert_eq!(burst(10).burst_tolerance_ns(), 360_000_000_000);
    }

    #[test]
    fn clients_are_told_of_as_many_permits_as_there_can_be() {
        let told = |permits, window, burst| {
            let quota = quota(permits, window).with_burst(NonZeroU32::new(burst).unwrap());
            let (permits, seconds) = quota.advertised();
            (permits.get(), seconds)
        };
        assert_eq!(told(100, 3600, 10), (100, 3600));
        assert_eq!(told(100, 3600, 100), (100, 3600));
        assert_eq!(told(60, 60, 600), (600, 600));
        assert_eq!(told(50, 1, 100), (100, 2));
        assert_eq!(told(7, 1, 8), (8, 2));
    }

    #[test]
    fn a_tolerance_beyond_64_bits_saturates_below_the_reserved_value() {
        let quota = quota(1, u32::MAX).with_burst(NonZeroU32::MAX);
        assert_eq!(quota.burst_tolerance_ns(), u64::MAX - 1);
    }
}
