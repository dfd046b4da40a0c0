//! The limits of one endpoint that several instances count together, compiled for the request path.

use std::num::NonZeroU32;

use super::limit_texts::LimitTexts;
use super::planned_limit::Counts;
use crate::policy::{Cost, Endpoint, Limit};
use crate::throttling::{SharedLimit, SharedLimits};

/// One limit with its counts in the store.
pub(crate) struct PlannedShared {
    pub(crate) limit: &'static Limit,
    /// Lives as long as the program, as the endpoint does.
    pub(crate) counts: &'static SharedLimit,
    pub(crate) by: Counts,
    /// What a request takes before anything of its body is read.
    pub(crate) upfront: NonZeroU32,
    /// Its place among the endpoint's limits.
    pub(crate) position: usize,
    pub(crate) texts: &'static LimitTexts,
}

/// Where limits are counted together.
pub(crate) struct Sharing {
    pub(crate) store: SharedLimits,
    /// Whether all limits that are asked together count the same, wherever they are.
    counts_are_alike: bool,
}

/// Compiles the shared limits of all endpoints.
pub(super) struct SharedPlanner {
    sharing: Sharing,
    known: Vec<(String, &'static SharedLimit)>,
}

impl PlannedShared {
    /// Whether more is taken once it is known.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.limit.cost, Cost::Permits(_))
    }
}

impl Sharing {
    /// What a cluster keeps in one slot: the limits about one caller; or all there are, where some are
    /// asked together that count different ones.
    pub(crate) fn group<'a>(&self, whom: &'a [u8]) -> &'a [u8] {
        if self.counts_are_alike { whom } else { &[] }
    }
}

impl SharedPlanner {
    pub(super) fn new(store: SharedLimits) -> Self {
        Self { sharing: Sharing { store, counts_are_alike: true }, known: Vec::new() }
    }

    pub(super) fn finish(self) -> Sharing {
        self.sharing
    }

    /// The limit, unless it is one of the calendar, which each instance counts for itself.
    pub(super) fn plan(
        &mut self,
        endpoint: &'static Endpoint,
        (position, limit): (usize, &'static Limit),
        by: Counts,
        texts: &'static LimitTexts,
    ) -> Option<PlannedShared> {
        if limit.period.is_some() {
            return None;
        }
        let counts = self.counts(endpoint, position, limit);
        Some(PlannedShared { limit, counts, by, upfront: limit.cost.upfront(), position, texts })
    }

    /// Notes what is asked together.
    pub(super) fn note(&mut self, stage: &[PlannedShared]) {
        let mut pairs = stage.iter().zip(stage.iter().skip(1));
        self.sharing.counts_are_alike &= pairs.all(|(one, next)| one.limit.by == next.limit.by);
    }

    /// All instances call it the same: by the name of a rate that endpoints share, else by the
    /// endpoint and the place of the limit there.
    fn counts(
        &mut self,
        endpoint: &'static Endpoint,
        position: usize,
        limit: &'static Limit,
    ) -> &'static SharedLimit {
        let (permits, window) = (limit.quota.permits(), limit.quota.window_seconds());
        let name = match limit.shared {
            Some(name) => format!("rate {name} {permits}/{window}"),
            None => {
                let Endpoint { module, name, .. } = endpoint;
                format!("endpoint {module}::{name} {position} {permits}/{window}")
            }
        };
        let burst = limit.quota.burst();
        let same = |known: &&(String, &'static SharedLimit)| {
            known.0 == name && known.1.quota().burst() == burst
        };
        if let Some((_, counts)) = self.known.iter().find(same) {
            return counts;
        }
        let counts = Box::leak(Box::new(self.sharing.store.limit(&name, limit.quota)));
        self.known.push((name, counts));
        counts
    }
}
