//! Shadow mode: limits that are counted but not enforced, or enforced only for a percentage of the
//! keys.

use std::hash::{DefaultHasher, Hasher};

use super::keys::Subject;
use super::reserve::LimitReport;
use super::shared_keys::whom;
use crate::plan::{Counts, LiveMode};
use crate::support::time::Moment;
use crate::throttling::{Counters, LimitKey, Outcome};

/// Whether a limit of this mode is enforced for this request.
#[inline]
pub(in crate::pipeline) fn is_enforced_for(
    mode: &LiveMode,
    by: &Counts,
    subject: Subject<'_>,
) -> bool {
    mode.is_enforced() || is_selected(mode.percent(), by, subject)
}

/// Whether the request's key is in the enforced percentage. If the key is an expression of the
/// application, it is evaluated once more. If it fails, the limit is enforced.
#[cold]
fn is_selected(percent: u8, by: &Counts, subject: Subject<'_>) -> bool {
    percent > 0 && whom(by, subject).map_or(true, |whom| is_in_percentage(percent, &whom))
}

/// Whether a key is in a percentage. The hash has no secret, so all processes select the same keys.
pub(in crate::pipeline) fn is_in_percentage(percent: u8, whom: &[u8]) -> bool {
    let mut hasher = DefaultHasher::new();
    hasher.write(whom);
    hasher.finish() % 100 < u64::from(percent)
}

/// Counts and logs a request that continues although the limit is used up.
#[cold]
pub(in crate::pipeline) fn observe(
    counters: &Counters,
    report: &LimitReport,
    key: LimitKey,
    now: Moment,
) {
    counters.count(report.number, Outcome::Observed, key);
    let window = report.limit.quota.window_seconds();
    if counters.notices.is_due(report.number, key, window, now) {
        let (handler, limit) = (report.texts.handler, report.texts.name(report.position));
        let key = counters.notices.mark(key);
        tracing::info!(handler, limit, %key, "would have been refused: the limit is in shadow mode");
    }
}
