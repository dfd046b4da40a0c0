//! What is asked for one request, and what is answered.

use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::hmac::Context;

use super::super::gcra::Decision;
use super::super::quota::Quota;

/// A limit that several instances count together, made once by
/// [`SharedLimits::limit`](super::SharedLimits::limit).
pub struct SharedLimit {
    /// Tells it from the other limits of this process.
    pub(super) number: u64,
    pub(super) quota: Quota,
    /// The quota of this instance alone, while there is no Redis.
    pub(super) share: Quota,
    /// How many permits of one key a trip may bring; one when it may bring none in advance.
    pub(super) most_leased: u32,
    pub(super) name: Context,
}

impl SharedLimit {
    /// What it admits.
    pub(crate) const fn quota(&self) -> &Quota {
        &self.quota
    }
}

/// What is wanted of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Take,
    Peek,
    Charge,
}

/// One limit, whom it counts, and what is wanted of it.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    pub(super) limit: &'a SharedLimit,
    pub(super) whom: &'a [u8],
    pub(super) kind: Kind,
    pub(super) cost: NonZeroU32,
}

impl<'a> Ask<'a> {
    /// Takes `cost` permits, if all limits that are asked together admit.
    ///
    /// `whom` are bytes that mean the same caller in every instance. They should tell kinds apart, lest
    /// a principal named `10.0.0.1` shares the count of an address; nothing of them is stored.
    #[must_use]
    pub const fn take(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { limit, whom, kind: Kind::Take, cost }
    }

    /// Finds out whether `cost` permits could be taken. If not, the whole request is refused.
    #[must_use]
    pub const fn peek(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { limit, whom, kind: Kind::Peek, cost }
    }

    /// Takes `cost` permits whether or not they are left, and whatever the other limits say: what a
    /// request had cost turned out afterwards.
    ///
    /// What was not left is owed, and comes back before anything else is admitted. At most the whole
    /// burst is owed.
    #[must_use]
    pub const fn charge(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { limit, whom, kind: Kind::Charge, cost }
    }
}

/// What was decided, and by whom.
#[derive(Clone, Debug)]
#[must_use = "a verdict that nobody looks at limits nothing"]
pub struct Verdict {
    pub(super) is_admitted: bool,
    pub(super) decisions: Vec<Decision>,
    pub(super) source: Source,
}

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Redis, in one round trip.
    Shared,
    /// This instance, from permits that it had leased, or because it knew that Redis would refuse.
    Leased,
    /// This instance's own limiter, at its share of the quota: Redis is out of reach.
    Local,
    /// Nobody: Redis is out of reach, and requests are let through.
    Nobody,
}

/// Redis is out of reach, and [`OnStoreFailure::Deny`](super::OnStoreFailure::Deny) was chosen: nobody
/// knows whether the request is within its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreUnavailable;

impl Verdict {
    /// Whether the request may go on. Only then were permits taken; charges always were.
    #[must_use]
    pub const fn is_admitted(&self) -> bool {
        self.is_admitted
    }

    /// What each limit said, in the order in which they were asked; none when
    /// [nobody](Source::Nobody) decided.
    ///
    /// Of a request that is refused the limits that would have admitted it say so, with the
    /// numbers before it.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// Who decided.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }
}

/// Nothing of the key from which names are made.
impl fmt::Debug for SharedLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("SharedLimit");
        shown.field("quota", &self.quota).finish_non_exhaustive()
    }
}

/// Not whom it counts.
impl fmt::Debug for Ask<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Ask");
        shown.field("kind", &self.kind).field("cost", &self.cost).field("limit", &self.limit);
        shown.finish_non_exhaustive()
    }
}

impl fmt::Display for StoreUnavailable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redis is out of reach: nobody knows what is left of the limits")
    }
}

impl std::error::Error for StoreUnavailable {}
