//! Local time in a time zone, from the database that the feature `time-rules` puts into the program.

/// Whether this program knows time zones.
pub(crate) const IS_KNOWN: bool = cfg!(feature = "time-rules");

/// The feature that is missing, for the messages of startup errors.
pub(crate) const MISSING_FEATURE: &str =
    "needs the feature `time-rules` of `secure-runtime`, which this program was built without";

/// A moment on the clocks of a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LocalTime {
    /// The minutes since midnight.
    pub(crate) minute_of_day: u16,
    /// 0 is Monday.
    pub(crate) weekday: u8,
}

/// A period whose next beginning is looked for: a day, a week from Monday, or a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
    Day,
    Week,
    Month,
}

pub(crate) use imp::TimeZone;

#[cfg(feature = "time-rules")]
mod imp {
    use jiff::{Timestamp, ToSpan};

    use super::{Boundary, LocalTime};

    /// One time zone.
    #[derive(Clone, Debug)]
    pub(crate) struct TimeZone(jiff::tz::TimeZone);

    impl TimeZone {
        /// The zone of this name of the IANA database, or `UTC`.
        pub(crate) fn named(name: &str) -> Option<Self> {
            let utc = (name == "UTC").then_some(jiff::tz::TimeZone::UTC);
            utc.or_else(|| jiff::tz::TimeZone::get(name).ok()).map(Self)
        }

        /// The local time at a number of nanoseconds since 1970.
        pub(crate) fn local(&self, unix_nanos: u64) -> Option<LocalTime> {
            let local = self.0.to_datetime(Timestamp::from_nanosecond(unix_nanos.into()).ok()?);
            let minute_of_day = i32::from(local.hour()) * 60 + i32::from(local.minute());
            Some(LocalTime {
                minute_of_day: minute_of_day.try_into().ok()?,
                weekday: local.weekday().to_monday_zero_offset().try_into().ok()?,
            })
        }

        /// The first midnight after a second since 1970 at which a period of the calendar begins.
        pub(crate) fn next(&self, unix_seconds: u64, boundary: Boundary) -> Option<u64> {
            let now = Timestamp::from_second(unix_seconds.try_into().ok()?).ok()?;
            let today = self.0.to_datetime(now).date();
            let date = match boundary {
                Boundary::Day => today.tomorrow().ok()?,
                Boundary::Week => {
                    let days = 7 - i64::from(today.weekday().to_monday_zero_offset());
                    today.checked_add(days.days()).ok()?
                }
                Boundary::Month => today.first_of_month().checked_add(1.month()).ok()?,
            };
            let midnight = self.0.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
            midnight.as_second().try_into().ok()
        }
    }
}

#[cfg(not(feature = "time-rules"))]
mod imp {
    use super::{Boundary, LocalTime};

    /// No time zone is known.
    #[derive(Clone, Debug)]
    pub(crate) enum TimeZone {}

    impl TimeZone {
        pub(crate) fn named(_: &str) -> Option<Self> {
            None
        }

        pub(crate) fn local(&self, _: u64) -> Option<LocalTime> {
            match *self {}
        }

        pub(crate) fn next(&self, _: u64, _: Boundary) -> Option<u64> {
            match *self {}
        }
    }
}
