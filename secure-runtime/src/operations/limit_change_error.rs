//! [`LimitChangeError`]: why a limit was not changed.

use std::fmt;
use std::num::NonZeroU32;

use super::{LimitId, Queue};

/// Why a limit was not changed. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitChangeError {
    /// No limit has this id.
    UnknownLimit(LimitId),
    /// No handler has this path.
    UnknownHandler(String),
    /// A mode is for more than 100 percent of the keys.
    InvalidPercentage(u8),
    /// The limit is a calendar quota, whose period is fixed: see
    /// [`set_permits`](super::Limits::set_permits).
    CalendarQuota,
    /// The limit is a rate or a failure budget: see [`set_quota`](super::Limits::set_quota).
    Rate,
    /// The limit is a concurrency limit, which has no window: see
    /// [`set_permits`](super::Limits::set_permits).
    Concurrency,
    /// Only concurrency limits have queues.
    NoQueue,
    /// The attribute would not accept this queue: it has more than 10,000 places, or its requests wait
    /// for less than a millisecond or more than a minute.
    InvalidQueue(Queue),
    /// A failure budget has no burst.
    FailureBudgetBurst(NonZeroU32),
    /// A request costs more than the burst: no request could be admitted.
    Unaffordable {
        /// The cost of a request.
        cost: NonZeroU32,
        /// The burst that the limit would have.
        burst: NonZeroU32,
    },
    /// The limit had too many different quotas: 255 since the program started.
    TooManyQuotas,
}

impl fmt::Display for LimitChangeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownLimit(id) => write!(formatter, "no limit has the id `{id}`"),
            Self::UnknownHandler(handler) => {
                write!(formatter, "no handler has the path `{handler}`")
            }
            Self::InvalidPercentage(share) => {
                write!(formatter, "a mode is for 0 to 100 percent of keys, found {share}")
            }
            Self::CalendarQuota => formatter
                .write_str("expected a rate, found a calendar quota: change its permits instead"),
            Self::Rate => formatter.write_str(
                "expected a calendar quota or a concurrency limit, found a rate or a failure budget: \
                 change its quota instead",
            ),
            Self::Concurrency => formatter.write_str(
                "expected a rate, found a concurrency limit: change its permits instead",
            ),
            Self::NoQueue => formatter.write_str("only a concurrency limit has a queue"),
            Self::InvalidQueue(Queue { places, wait }) => write!(
                formatter,
                "a queue has 1 to 10000 places and a wait of 1ms to 60s, found {places} and {wait:?}"
            ),
            Self::FailureBudgetBurst(burst) => {
                write!(formatter, "a failure budget has no burst, found {burst}")
            }
            Self::Unaffordable { cost, burst } => write!(
                formatter,
                "a request costs {cost}, and the burst would be {burst}: no request could be admitted"
            ),
            Self::TooManyQuotas => {
                formatter.write_str("the limit had too many different quotas: 255")
            }
        }
    }
}

impl std::error::Error for LimitChangeError {}
