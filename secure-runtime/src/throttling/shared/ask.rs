//! [`Ask`] and [`Verdict`]: the demand of one request on shared limits, and the decision about it.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::hmac::Context;

use super::super::calendar::Period;
use super::held::Held;
use super::leases::Bounds;
use super::periods::Periods;
use crate::throttling::calendar::limiter::PeriodDecision;
use crate::throttling::counters::Answer;
use crate::throttling::rate::gcra::Decision;
use crate::throttling::rate::quota::Quota;

/// A limit that several instances count together, created once by
/// [`SharedLimits::limit`](super::SharedLimits::limit).
pub struct SharedLimit {
    /// Identifies the limit under its current terms within this process.
    pub(super) number: u64,
    /// Identifies the limit under all its terms.
    pub(super) family: u64,
    pub(super) quota: Quota,
    /// The refill time in nanoseconds of which the used permits are a share when the terms change.
    pub(super) whole: u64,
    /// The refill time in nanoseconds of the largest bucket that an endpoint has of it.
    pub(super) largest: Arc<AtomicU64>,
    /// Its calendar, if it is a calendar quota.
    pub(super) periods: Option<Arc<Periods>>,
    /// The quota of this instance alone, while Redis is unreachable.
    pub(super) share: Quota,
    /// The bounds for leased permits of one key.
    pub(super) leased: Bounds,
    pub(super) name: Context,
}

impl SharedLimit {
    /// The refill time of the largest bucket that counts together with this one.
    pub(crate) fn largest_bucket_ns(&self) -> u64 {
        let own = self.quota.burst_tolerance_ns().max(self.whole);
        self.largest.load(Ordering::Relaxed).max(own)
    }
}

/// The terms of a limit of an endpoint.
pub(crate) struct SharedTerms<'a> {
    /// Identifies the limit under all its terms.
    pub(crate) family: u64,
    /// The same in all instances, and under all terms.
    pub(crate) name: &'a str,
    pub(crate) quota: Quota,
    /// Whether the used permits are a share of the window, independent of the burst, when the terms change.
    pub(crate) is_share_of_window: bool,
    pub(crate) period: Option<(Period, &'a str)>,
    /// The refill time in nanoseconds of the largest bucket that an endpoint has of it.
    pub(crate) largest: &'a Arc<AtomicU64>,
}

/// The operation on one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Take,
    /// Takes permits if there are enough, and never rejects.
    Observe,
    Peek,
    Charge,
    /// Takes no more than was taken before. That is returned if the request is rejected.
    Keep,
    /// Takes nothing, and returns the permits that were taken before.
    GiveBack,
}

/// The demand on one limit: the limit, the counted client, the operation and the cost.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    pub(super) limit: &'a SharedLimit,
    pub(super) whom: &'a [u8],
    pub(super) kind: Kind,
    pub(super) cost: NonZeroU32,
    /// The permits that the same request has taken before, and the information to return them.
    pub(super) taken: u32,
    pub(super) held: Held,
}

impl<'a> Ask<'a> {
    /// Takes `cost` permits, if all limits of the request admit it.
    ///
    /// `whom` are bytes that identify the same client in every instance. They should distinguish kinds of
    /// clients, so that a principal named `10.0.0.1` does not share the count of an address. They are not
    /// stored.
    #[must_use]
    pub const fn take(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { limit, whom, kind: Kind::Take, cost, taken: 0, held: Held::Nothing }
    }

    /// Takes `cost` permits of a limit that is not enforced: if they are not left, none are taken, and the
    /// request goes on.
    pub(crate) const fn observe(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { kind: Kind::Observe, ..Self::take(limit, whom, cost) }
    }

    /// The same for a request that has taken permits before. They are returned if the request is rejected; in
    /// shadow mode, if the rest is not left.
    pub(crate) const fn after(self, taken: u32, held: Held) -> Self {
        Self { taken, held, ..self }
    }

    /// Takes no more than the request has taken before. That is returned if the request is rejected.
    pub(crate) const fn keep(limit: &'a SharedLimit, whom: &'a [u8]) -> Self {
        Self { kind: Kind::Keep, ..Self::take(limit, whom, NonZeroU32::MIN) }
    }

    /// Returns the permits that the request has taken before.
    pub(crate) const fn give_back(limit: &'a SharedLimit, whom: &'a [u8]) -> Self {
        Self { kind: Kind::GiveBack, ..Self::take(limit, whom, NonZeroU32::MIN) }
    }

    /// The permits that the request takes altogether.
    pub(super) fn whole(&self) -> NonZeroU32 {
        self.cost.saturating_add(self.taken)
    }

    /// Checks whether `cost` permits could be taken. If not, the whole request is rejected.
    #[must_use]
    pub const fn peek(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { kind: Kind::Peek, ..Self::take(limit, whom, cost) }
    }

    /// Takes `cost` permits even if fewer are left, and even if another limit rejects: for a cost that is
    /// known only afterwards.
    ///
    /// Permits that were not left are owed, and come back before any request is admitted. At most the whole
    /// burst is owed.
    #[must_use]
    pub const fn charge(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { kind: Kind::Charge, ..Self::take(limit, whom, cost) }
    }
}

/// The decision about a request under shared limits, and its source.
#[derive(Clone, Debug)]
#[must_use = "a verdict that nobody looks at limits nothing"]
pub struct Verdict {
    pub(super) is_admitted: bool,
    pub(super) decisions: Vec<Decision>,
    /// The decisions of calendar quotas, by their positions. Each of them also has an entry in the decisions.
    pub(super) periods: Vec<(usize, PeriodDecision)>,
    /// When leased permits that were spent would have lapsed, by their positions.
    pub(super) lapses: Vec<Option<u64>>,
    pub(super) source: Source,
}

/// The source of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Redis, in one round trip.
    Shared,
    /// This instance, from leased permits, or because it knew that Redis would reject.
    Leased,
    /// This instance's own limiter, at its share of the quota: Redis is unreachable.
    Local,
    /// None: Redis is unreachable, and requests are admitted.
    Unlimited,
}

/// Redis is unreachable, and [`OnStoreFailure::Deny`](super::OnStoreFailure::Deny) is configured: it is
/// unknown whether the request is within its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreUnavailable;

impl Verdict {
    /// Whether the request is admitted. Only then were permits taken; charges always were.
    #[must_use]
    pub const fn is_admitted(&self) -> bool {
        self.is_admitted
    }

    /// The decision of each limit, in the order of the demands; empty if [nothing](Source::Unlimited) was decided.
    ///
    /// For a rejected request, the limits that would have admitted it are allowed, with the numbers before
    /// the request.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// The same for limits of both kinds.
    pub(crate) fn answers(&self) -> impl Iterator<Item = Answer> {
        self.decisions.iter().enumerate().map(|(index, decision)| {
            let period = self.periods.iter().find(|(place, _)| *place == index);
            period.map_or(Answer::Rate(*decision), |(_, decision)| Answer::Period(*decision))
        })
    }

    /// The source of a decision.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }
}

/// Shows nothing of the key from which names are derived.
impl fmt::Debug for SharedLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("SharedLimit");
        shown.field("quota", &self.quota).finish_non_exhaustive()
    }
}

/// Does not show the counted client.
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
