//! Takes a permit of every limit of a stage, or of none.

use super::keys::{Subject, key};
use super::shadow_mode;
use crate::denial::Denial;
use crate::pipeline::refused::Refused;
use crate::pipeline::stages::concurrency::QueuedRequest;
use crate::plan::{LimitTexts, LiveLimit, PlannedLimit, Terms, bit};
use crate::policy::{Cost, Limit};
use crate::support::time::Moment;
use crate::throttling::{
    Allowance, Answer, Calendar, Counters, Decided, LimitKey, Outcome, Permit, Place,
};

/// The state of one limit after a permit was taken or refused, for the rate limit headers.
#[derive(Clone, Copy)]
pub(in crate::pipeline) struct LimitReport {
    pub(in crate::pipeline) limit: &'static Limit,
    /// Its index among the endpoint's limits.
    pub(in crate::pipeline) position: usize,
    pub(in crate::pipeline) texts: &'static LimitTexts,
    pub(in crate::pipeline) calendar: Option<&'static Calendar>,
    pub(in crate::pipeline) answer: Answer,
    /// Whether this is the permit that every request takes first.
    pub(in crate::pipeline) is_first: bool,
    /// Its index among all limits of the program.
    pub(in crate::pipeline) number: usize,
    /// Whether the limit is enforced for this request (not in shadow mode).
    pub(in crate::pipeline) is_enforced: bool,
}

/// The permits and results of one request's limits.
#[derive(Default)]
pub(in crate::pipeline) struct LimitState {
    pub(in crate::pipeline) report: Option<LimitReport>,
    /// The limits that took one permit, and take the rest once the cost is known.
    pub(in crate::pipeline) deferred: Vec<DeferredLimit>,
    /// The limits that give their permits back if the status is 500 or above.
    pub(in crate::pipeline) refundable: Vec<Refundable>,
    /// The limits that are in shadow mode for this request, one bit each. They are not in the
    /// client's headers.
    pub(in crate::pipeline) unenforced: u64,
    /// The concurrency queue in which the request waits. Declared before `permits`, so that it is
    /// left before they are released.
    pub(in crate::pipeline) waiting: Option<Box<QueuedRequest>>,
    /// The concurrency slots of the request, the latest first.
    pub(in crate::pipeline) permits: Vec<Permit>,
    /// The in-flight slot for load shedding.
    pub(in crate::pipeline) place: Option<Place>,
    /// The limits that are counted in Redis.
    #[cfg(feature = "redis")]
    pub(in crate::pipeline) shared: super::shared::SharedState,
}

/// A limit whose cost is not known yet.
pub(in crate::pipeline) struct DeferredLimit {
    /// The key as it was at startup.
    pub(in crate::pipeline) key: LimitKey,
    pub(in crate::pipeline) live: &'static LiveLimit,
    pub(in crate::pipeline) first: LimitReport,
    /// The decision about the first permit; `None` once the permit was given back.
    pub(in crate::pipeline) taken: Option<Decided>,
}

/// A permit that may be given back.
pub(in crate::pipeline) struct Refundable {
    pub(super) key: LimitKey,
    pub(super) live: &'static LiveLimit,
    pub(super) taken: Decided,
}

/// Takes the permits. If one limit refuses, the permits that this stage took before are given back.
/// So a request that the hourly limit refuses uses up nothing of the limit per second.
#[inline]
pub(in crate::pipeline) fn reserve(
    counters: &Counters,
    limits: &[PlannedLimit],
    subject: Subject<'_>,
    now: Moment,
    limit_state: &mut LimitState,
) -> Result<(), Refused> {
    let mut taken: Vec<(LimitKey, LimitReport)> = Vec::new();
    let earlier = limit_state.refundable.len();
    for (index, planned) in limits.iter().enumerate() {
        let whom = match key(&counters.limiter, planned, subject) {
            Ok(Some(whom)) => whom,
            Ok(None) => continue,
            Err(refused) => {
                give_back(counters, &taken, now);
                limit_state.refundable.truncate(earlier);
                return Err(refused);
            }
        };
        let PlannedLimit { live, position, number, texts, .. } = *planned;
        let terms = |place| live.terms(place).allowance();
        let decided = counters.decide(live.generations, terms, whom, planned.upfront, now);
        let Decided { key, place, answer, .. } = decided;
        let Terms { limit, calendar } = live.terms(place);
        let is_enforced = shadow_mode::is_enforced_for(&planned.mode, &planned.by, subject);
        let is_first = true;
        let current =
            LimitReport { limit, position, texts, calendar, answer, is_first, number, is_enforced };
        if !answer.is_allowed() {
            if !is_enforced {
                shadow_mode::observe(counters, &current, whom, now);
                limit_state.note(current);
                continue;
            }
            counters.count(number, Outcome::Refused, whom);
            give_back(counters, &taken, now);
            limit_state.refundable.truncate(earlier);
            let current = current.for_retry();
            let denial = throttled(&current);
            limit_state.report = Some(current);
            return Err(denial);
        }
        counters.count(number, Outcome::Allowed, whom);
        if index + 1 < limits.len() {
            taken.push((key, current));
        }
        if planned.limit.refunds {
            limit_state.refundable.push(Refundable { key: whom, live, taken: decided });
        }
        if planned.is_open {
            limit_state.deferred.push(DeferredLimit {
                key: whom,
                live,
                first: current,
                taken: Some(decided),
            });
        }
        limit_state.note(current);
    }
    Ok(())
}

/// Gives back the permits of a stage, because one of its limits refuses.
pub(in crate::pipeline) fn give_back(
    counters: &Counters,
    taken: &[(LimitKey, LimitReport)],
    now: Moment,
) {
    for (key, report) in taken {
        counters.refund(*key, report.allowance(), &report.answer, now);
    }
}

impl LimitState {
    /// Keeps a slot until the request ends. Slots are released in the order of the list, the latest
    /// first: requests that hold the earlier ones wait for it.
    pub(in crate::pipeline) fn hold(&mut self, permit: Permit) {
        self.permits.insert(0, permit);
    }

    /// Whether the cost of a limit is still unknown.
    #[inline]
    pub(in crate::pipeline) fn has_deferred(&self) -> bool {
        #[cfg(feature = "redis")]
        if self.shared.has_deferred() {
            return true;
        }
        !self.deferred.is_empty()
    }

    /// Keeps the result of a limit, if it is nearer to exhaustion than the one before, or is the
    /// same limit.
    #[inline]
    pub(in crate::pipeline) fn note(&mut self, current: LimitReport) {
        if !current.is_enforced {
            self.unenforced |= bit(current.position);
            return;
        }
        let replaces = |kept: &LimitReport| {
            kept.position == current.position || current.is_nearer_to_exhaustion_than(kept)
        };
        if self.report.as_ref().is_none_or(replaces) {
            self.report = Some(current);
        }
    }
}

impl LimitReport {
    /// The quota, and the calendar if the limit has one.
    pub(in crate::pipeline) fn allowance(&self) -> Allowance<'static> {
        Allowance { quota: &self.limit.quota, calendar: self.calendar }
    }

    /// A refused first permit, with the time after which the same request is admitted.
    #[cold]
    pub(in crate::pipeline) fn for_retry(self) -> Self {
        match self.limit.cost {
            Cost::Arguments(_) => Self { answer: self.answer.of_unknown_cost(), ..self },
            Cost::Permits(_) | Cost::Response => self,
        }
    }

    /// Compares the remaining shares of the quotas.
    fn is_nearer_to_exhaustion_than(&self, other: &Self) -> bool {
        let (left, whole) = (self.answer.remaining(), self.limit.quota.burst().get());
        let (other_left, other_whole) = (other.answer.remaining(), other.limit.quota.burst().get());
        u64::from(left) * u64::from(other_whole) < u64::from(other_left) * u64::from(whole)
    }
}

pub(in crate::pipeline) fn throttled(report: &LimitReport) -> Refused {
    let violated = report.texts.violated(report.position);
    let retry_after_seconds = report.answer.retry_after_seconds();
    Box::new(Denial::throttled("a limit is used up", retry_after_seconds, violated))
}
