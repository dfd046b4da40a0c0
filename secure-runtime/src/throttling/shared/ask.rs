//! What is asked for one request, and what is answered.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::hmac::Context;

use super::super::answer::Answer;
use super::super::calendar::Period;
use super::held::Held;
use super::leases::Bounds;
use super::periods::Periods;
use crate::throttling::calendar::limiter::PeriodDecision;
use crate::throttling::rate::gcra::Decision;
use crate::throttling::rate::quota::Quota;

/// A limit that several instances count together, made once by
/// [`SharedLimits::limit`](super::SharedLimits::limit).
pub struct SharedLimit {
    /// Tells it from the other limits of this process, and from itself under other terms.
    pub(super) number: u64,
    /// What it has in common with itself under other terms.
    pub(super) family: u64,
    pub(super) quota: Quota,
    /// The time, in nanoseconds, of which what is used is a share when the terms change.
    pub(super) whole: u64,
    /// The time, in nanoseconds, in which the largest bucket fills of those that endpoints have of it.
    pub(super) largest: Arc<AtomicU64>,
    /// Its calendar, if it is a quota of one.
    pub(super) periods: Option<Arc<Periods>>,
    /// The quota of this instance alone, while there is no Redis.
    pub(super) share: Quota,
    /// How many permits of one key may be taken in advance.
    pub(super) leased: Bounds,
    pub(super) name: Context,
}

impl SharedLimit {
    /// The time in which the largest bucket fills of those that count together with this one.
    pub(crate) fn largest_bucket_ns(&self) -> u64 {
        let own = self.quota.burst_tolerance_ns().max(self.whole);
        self.largest.load(Ordering::Relaxed).max(own)
    }
}

/// What a limit of an endpoint admits.
pub(crate) struct SharedTerms<'a> {
    /// What it has in common with itself under other terms.
    pub(crate) family: u64,
    /// The same in all instances, and under all terms.
    pub(crate) name: &'a str,
    pub(crate) quota: Quota,
    /// Whether what is used is a share of the window, whatever the burst, when the terms change.
    pub(crate) is_share_of_window: bool,
    pub(crate) period: Option<(Period, &'a str)>,
    /// The time, in nanoseconds, in which the largest bucket fills of those that endpoints have of it.
    pub(crate) largest: &'a Arc<AtomicU64>,
}

/// What is wanted of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Take,
    /// Takes if it can, and refuses nothing.
    Observe,
    Peek,
    Charge,
    /// Takes no more than was taken before, which is given back if the request is refused.
    Keep,
    /// Takes nothing, and gives back what was taken before.
    GiveBack,
}

/// One limit, whom it counts, and what is wanted of it.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    pub(super) limit: &'a SharedLimit,
    pub(super) whom: &'a [u8],
    pub(super) kind: Kind,
    pub(super) cost: NonZeroU32,
    /// What the same request has taken before: so many permits, and what can be given back of them.
    pub(super) taken: u32,
    pub(super) held: Held,
}

impl<'a> Ask<'a> {
    /// Takes `cost` permits, if all limits that are asked together admit.
    ///
    /// `whom` are bytes that mean the same caller in every instance. They should tell kinds apart, lest
    /// a principal named `10.0.0.1` shares the count of an address; nothing of them is stored.
    #[must_use]
    pub const fn take(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { limit, whom, kind: Kind::Take, cost, taken: 0, held: Held::Nothing }
    }

    /// Takes `cost` permits of a limit that is not enforced: where they are not left, nothing is taken
    /// of it, and the request goes on.
    pub(crate) const fn observe(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { kind: Kind::Observe, ..Self::take(limit, whom, cost) }
    }

    /// The same of a request that has taken so many before. If it is refused, they are given back; where it
    /// is observed, if they were not all.
    pub(crate) const fn after(self, taken: u32, held: Held) -> Self {
        Self { taken, held, ..self }
    }

    /// Takes no more than the request has taken before, which is given back if it is refused.
    pub(crate) const fn keep(limit: &'a SharedLimit, whom: &'a [u8]) -> Self {
        Self { kind: Kind::Keep, ..Self::take(limit, whom, NonZeroU32::MIN) }
    }

    /// Gives back what the request has taken before.
    pub(crate) const fn give_back(limit: &'a SharedLimit, whom: &'a [u8]) -> Self {
        Self { kind: Kind::GiveBack, ..Self::take(limit, whom, NonZeroU32::MIN) }
    }

    /// What the request takes altogether.
    pub(super) fn whole(&self) -> NonZeroU32 {
        self.cost.saturating_add(self.taken)
    }

    /// Finds out whether `cost` permits could be taken. If not, the whole request is refused.
    #[must_use]
    pub const fn peek(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { kind: Kind::Peek, ..Self::take(limit, whom, cost) }
    }

    /// Takes `cost` permits whether or not they are left, and whatever the other limits say: what a
    /// request had cost turned out afterwards.
    ///
    /// What was not left is owed, and comes back before anything else is admitted. At most the whole
    /// burst is owed.
    #[must_use]
    pub const fn charge(limit: &'a SharedLimit, whom: &'a [u8], cost: NonZeroU32) -> Self {
        Self { kind: Kind::Charge, ..Self::take(limit, whom, cost) }
    }
}

/// What was decided, and by whom.
#[derive(Clone, Debug)]
#[must_use = "a verdict that nobody looks at limits nothing"]
pub struct Verdict {
    pub(super) is_admitted: bool,
    pub(super) decisions: Vec<Decision>,
    /// What quotas of the calendar said, by their places; a decision stands for each of them.
    pub(super) periods: Vec<(usize, PeriodDecision)>,
    /// When permits that were in hand would have lapsed, by their places.
    pub(super) lapses: Vec<Option<u64>>,
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
#[non_exhaustive]
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

    /// The same, of limits of either kind.
    pub(crate) fn answers(&self) -> impl Iterator<Item = Answer> {
        self.decisions.iter().enumerate().map(|(index, decision)| {
            let period = self.periods.iter().find(|(place, _)| *place == index);
            period.map_or(Answer::Rate(*decision), |(_, decision)| Answer::Period(*decision))
        })
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
