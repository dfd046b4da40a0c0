//! Limits that are not enforced, or not for every key.

use std::hash::{DefaultHasher, Hash, Hasher};

#[cfg(feature = "redis")]
use super::limit_keys::is_hashed;
use super::limit_keys::{Subject, whom};
use super::limits::LimitReport;
use crate::security::{Counts, PlannedLimit};
use crate::throttling::{Counters, LimitKey, Outcome};
use crate::time::Moment;

/// Whether the limit refuses requests of this key that are beyond it.
#[inline]
pub(super) fn binds(
    counters: &Counters,
    planned: &PlannedLimit,
    subject: Subject<'_>,
    key: LimitKey,
) -> bool {
    planned.is_enforced() || is_drawn(counters, planned.percent(), &planned.by, subject, key)
}

/// Whether a percentage has this key in it.
#[cold]
pub(super) fn is_drawn(
    counters: &Counters,
    percent: u8,
    by: &Counts,
    subject: Subject<'_>,
    key: LimitKey,
) -> bool {
    if percent == 0 {
        return false;
    }
    // An expression of the application is not asked twice, and hashed with the limiter's secret.
    match whom(&counters.limiter, by, subject) {
        Some(whom) => draws(percent, whom),
        None => draws(percent, key),
    }
}

/// Whether a percentage has whoever is meant by these bytes in it, in every instance alike; and, where that
/// needs no secret, as limits of one instance draw them.
#[cfg(feature = "redis")]
pub(super) fn is_drawn_by(
    counters: &Counters,
    planned: &PlannedLimit,
    subject: Subject<'_>,
    bytes: &[u8],
) -> bool {
    match whom(&counters.limiter, &planned.by, subject).filter(|_| !is_hashed(&planned.by)) {
        Some(whom) => draws(planned.percent(), whom),
        None => draws(planned.percent(), bytes),
    }
}

/// Without a secret, so that every process draws the same ones.
pub(super) fn draws(percent: u8, drawn: impl Hash) -> bool {
    let mut hasher = DefaultHasher::new();
    drawn.hash(&mut hasher);
    hasher.finish() % 100 < u64::from(percent)
}

/// A request goes on although the limit is used up.
#[cold]
pub(super) fn observe(counters: &Counters, report: &LimitReport, key: LimitKey, now: Moment) {
    counters.count(report.number, Outcome::Observed, key);
    let window = report.limit.quota.window_seconds();
    if counters.notices.is_due(report.number, key, window, now.monotonic_nanos()) {
        let (handler, limit) = (report.texts.handler, report.texts.name(report.position));
        let key = counters.notices.mark(key);
        tracing::info!(handler, limit, %key, "would have been refused: the limit is observed");
    }
}
