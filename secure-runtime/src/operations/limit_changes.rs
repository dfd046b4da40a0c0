//! Changes of the quota of a limit while requests are decided.

use super::LimitChangeError;
use super::limits::PlannedAt;
use crate::plan::limits::leaked;
use crate::plan::live_limit::Terms;
use crate::policy::Limit;
use crate::support::time::Moment;
use crate::throttling::{Calendar, Change, Quota};

/// Changes limits that count together, and the headers of their endpoints. `all` are the limits of the
/// program.
pub(super) fn apply(
    changes: &[(&PlannedAt<'_>, Quota)],
    all: &[PlannedAt<'_>],
    now: Moment,
) -> Result<(), LimitChangeError> {
    let Some((first, quota)) = changes.first() else { return Ok(()) };
    let is_it = |place: u32| {
        let same = |(it, quota): &(&PlannedAt<'_>, Quota)| {
            it.planned.live.terms(place).limit.quota == *quota
        };
        changes.iter().all(same)
    };
    let live = first.planned.live;
    let place = live.place_of(is_it).ok_or(LimitChangeError::TooManyQuotas)?;
    let before = live.now().limit.quota;
    // Endpoints that share a rate may have bursts of their own.
    let lasts_ns =
        changes.iter().map(|(it, quota)| lasts(it.planned.live.now().limit.quota, *quota));
    let lasts_ns = lasts_ns.max().unwrap_or_default();
    for (it, quota) in changes {
        if !it.planned.live.has(place) {
            #[cfg(feature = "redis")]
            if let Some(shared) = it.plan.shared_at(it.planned.position) {
                shared.give(place, *quota);
            }
            it.planned.live.give(place, terms(it.planned.limit, *quota));
        }
    }
    let change = Change { place, whole: whole(first, before, *quota), lasts_ns };
    if set_headers(changes, all, place) && live.generations.begin(change, now) {
        return Ok(());
    }
    // Restores the former headers, which exist already.
    set_headers(changes, all, live.generations.place());
    Err(LimitChangeError::TooManyQuotas)
}

/// Puts the terms at this place into the headers of the endpoints; `false`: an endpoint had too many
/// different headers.
fn set_headers(changes: &[(&PlannedAt<'_>, Quota)], all: &[PlannedAt<'_>], place: u32) -> bool {
    let changed = changes.iter().map(|(it, _)| {
        let mut limits = it.plan.endpoint.policy.limits.to_vec();
        for other in all.iter().filter(|other| std::ptr::eq(other.plan, it.plan)) {
            let live = other.planned.live;
            let is_changed = std::ptr::eq(live.generations, it.planned.live.generations);
            if let Some(limit) = limits.get_mut(other.planned.position) {
                *limit = *if is_changed { live.terms(place) } else { live.now() }.limit;
            }
        }
        it.planned.texts.change(&limits)
    });
    changed.fold(true, |all, is_changed| all & is_changed)
}

fn terms(launch: &'static Limit, quota: Quota) -> Terms {
    let limit = leaked(Limit { quota, ..*launch });
    let calendar = launch.period.and_then(|period| {
        Calendar::new(period.period, period.zone, quota.permits().get()).map(leaked)
    });
    Terms { limit, calendar }
}

/// A whole bucket before and after, in the unit of the counts. For a shared rate it is the window, because
/// its endpoints may have different bursts.
fn whole(it: &PlannedAt<'_>, before: Quota, after: Quota) -> (u64, u64) {
    let limit = it.planned.limit;
    if limit.period.is_some() {
        return (u64::from(before.permits().get()), u64::from(after.permits().get()));
    }
    let whole = |quota: Quota| match limit.shared {
        Some(_) => quota.with_burst(quota.permits()).burst_tolerance_ns(),
        None => quota.burst_tolerance_ns(),
    };
    (whole(before), whole(after))
}

/// How long a count of either quota can matter: a key that owes a whole burst owes it for two buckets'
/// time.
pub(super) fn lasts(before: Quota, after: Quota) -> u64 {
    let lasts = |quota: Quota| {
        let window = u64::from(quota.window_seconds().get()).saturating_mul(1_000_000_000);
        quota.burst_tolerance_ns().max(window).saturating_mul(2)
    };
    lasts(before).max(lasts(after))
}
