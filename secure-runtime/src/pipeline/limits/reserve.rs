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

/// The limit nearest to exhaustion, and what it said.
#[derive(Clone, Copy)]
pub(in crate::pipeline) struct LimitReport {
    pub(in crate::pipeline) limit: &'static Limit,
    /// Its place among the endpoint's limits.
    pub(in crate::pipeline) position: usize,
    pub(in crate::pipeline) texts: &'static LimitTexts,
    pub(in crate::pipeline) calendar: Option<&'static Calendar>,
    pub(in crate::pipeline) answer: Answer,
    /// Whether the answer is about what every request takes first.
    pub(in crate::pipeline) is_first: bool,
    /// Its place among all limits.
    pub(in crate::pipeline) number: usize,
    /// Whether it is enforced for this request.
    pub(in crate::pipeline) is_enforced: bool,
}

/// What the limits of one request have said so far.
#[derive(Default)]
pub(in crate::pipeline) struct LimitState {
    pub(in crate::pipeline) report: Option<LimitReport>,
    /// Those that took one permit, and take the rest once it is known how many there are.
    pub(in crate::pipeline) deferred: Vec<DeferredLimit>,
    /// Those that give back what they took where the answer is 500 or above.
    pub(in crate::pipeline) refundable: Vec<Refundable>,
    /// The limits that are not enforced for this request, a bit each: the client is not told of them.
    pub(in crate::pipeline) unenforced: u64,
    /// The queue in which it waits to be one of those that are being served; left before what it was
    /// given before is given back.
    pub(in crate::pipeline) waiting: Option<Box<QueuedRequest>>,
    /// What counts the request among them, until it is not; the latest first.
    pub(in crate::pipeline) permits: Vec<Permit>,
    /// The same among all requests of the program.
    pub(in crate::pipeline) place: Option<Place>,
    /// What the limits that several instances count together have said.
    #[cfg(feature = "redis")]
    pub(in crate::pipeline) shared: super::shared::SharedState,
}

/// A limit whose cost is not known yet.
pub(in crate::pipeline) struct DeferredLimit {
    /// As it was at launch.
    pub(in crate::pipeline) key: LimitKey,
    pub(in crate::pipeline) live: &'static LiveLimit,
    pub(in crate::pipeline) first: LimitReport,
    /// What was decided about the first permit; `None` once it was given back.
    pub(in crate::pipeline) taken: Option<Decided>,
}

/// What one limit took, and may give back.
pub(in crate::pipeline) struct Refundable {
    pub(super) key: LimitKey,
    pub(super) live: &'static LiveLimit,
    pub(super) taken: Decided,
}

/// Takes the permits. If one limit refuses, those taken before it in this stage are given back, so
/// that a request refused by the hourly limit does not use up the one of the second.
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

/// Gives back what a stage took, as one of its limits refuses.
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
    /// Keeps a permit until the request ends. They end in the order in which they stand: the last one
    /// first, as it is what others wait for who hold the earlier ones.
    pub(in crate::pipeline) fn hold(&mut self, permit: Permit) {
        self.permits.insert(0, permit);
    }

    /// Whether some cost is not known yet.
    #[inline]
    pub(in crate::pipeline) fn has_deferred(&self) -> bool {
        #[cfg(feature = "redis")]
        if self.shared.has_deferred() {
            return true;
        }
        !self.deferred.is_empty()
    }

    /// Keeps what a limit said, if it is nearer to exhaustion than those before it, or the same one.
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
    /// What the limit admits.
    pub(in crate::pipeline) fn allowance(&self) -> Allowance<'static> {
        Allowance { quota: &self.limit.quota, calendar: self.calendar }
    }

    /// The refusal of a first permit, with the time after which the same request is admitted.
    #[cold]
    pub(in crate::pipeline) fn for_retry(self) -> Self {
        match self.limit.cost {
            Cost::Arguments(_) => Self { answer: self.answer.of_unknown_cost(), ..self },
            Cost::Permits(_) | Cost::Response => self,
        }
    }

    /// Compares what is left of each quota, as shares.
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
