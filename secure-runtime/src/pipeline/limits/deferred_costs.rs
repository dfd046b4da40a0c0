//! Limits whose cost is known late: it depends on the arguments (`cost = …`) or on the response.
//!
//! One permit is taken before the body is read, as with any other limit; the rest is taken here. If
//! one limit refuses the rest, nothing is taken: all limits whose cost depends on the arguments
//! give the first permit back. A request that fails for another reason has cost one permit. So has
//! a request that costs more than the limit ever admits; otherwise nothing would limit such
//! requests.

use std::num::NonZeroU32;

use super::reserve::{DeferredLimit, LimitReport, LimitState, give_back, throttled};
use super::shadow_mode;
use crate::denial::{Denial, DenialKind};
use crate::pipeline::refused::Refused;
use crate::plan::Terms;
use crate::policy::Cost;
use crate::support::time::Moment;
use crate::throttling::{Counters, Decided, LimitKey, Outcome};
use crate::validation::Costs;

/// The result of taking the rest from one limit.
enum Rest {
    Taken(LimitKey, LimitReport),
    /// The cost is one, so there is no rest.
    Nothing,
    /// The limit is in shadow mode, and has taken nothing.
    Observed,
}

/// Why the rest was not taken.
enum RestRefused {
    Unknown,
    Unaffordable { cost: NonZeroU32, most: NonZeroU32 },
    UsedUp { key: LimitKey, cost: NonZeroU32, report: LimitReport },
}

/// Takes the rest of the costs that depend on the arguments, from all limits or from none.
pub(super) fn settle(
    counters: &Counters,
    limit_state: &mut LimitState,
    costs: &Costs,
    now: Moment,
) -> Result<(), Refused> {
    let mut taken = Vec::new();
    for index in 0..limit_state.deferred.len() {
        let Some(open) = limit_state.deferred.get_mut(index) else { break };
        let Cost::Arguments(expression) = open.first.limit.cost else { continue };
        let cost = costs.of(expression.index).ok_or(RestRefused::Unknown);
        match cost.and_then(|cost| take_rest(counters, open, cost, now)) {
            Ok(Rest::Taken(key, report)) => taken.push((key, report)),
            Ok(Rest::Nothing) => {}
            Ok(Rest::Observed) => open.give_back(counters, now),
            Err(refusal) => {
                give_back(counters, &taken, now);
                if !matches!(refusal, RestRefused::Unaffordable { .. }) {
                    give_back_first_permits(counters, limit_state, now);
                }
                return Err(refusal.into_denial(counters, limit_state, now));
            }
        }
    }
    taken.into_iter().for_each(|(_, report)| limit_state.note(report));
    Ok(())
}

fn take_rest(
    counters: &Counters,
    open: &DeferredLimit,
    cost: NonZeroU32,
    now: Moment,
) -> Result<Rest, RestRefused> {
    let burst = open.live.now().limit.quota.burst();
    if cost > burst && open.first.is_enforced {
        return Err(RestRefused::Unaffordable { cost, most: burst });
    }
    if cost > burst {
        shadow_mode::observe(counters, &open.first, open.key, now);
        return Ok(Rest::Observed);
    }
    let Some(rest) = rest(cost) else { return Ok(Rest::Nothing) };
    let terms = |place| open.live.terms(place).allowance();
    let decided = counters.decide(open.live.generations, terms, open.key, rest, now);
    let Decided { key, place, answer, .. } = decided;
    let Terms { limit, calendar } = open.live.terms(place);
    let report = LimitReport { limit, calendar, answer, is_first: false, ..open.first };
    if answer.is_allowed() {
        return Ok(Rest::Taken(key, report));
    }
    if !open.first.is_enforced {
        shadow_mode::observe(counters, &open.first, open.key, now);
        return Ok(Rest::Observed);
    }
    counters.count(open.first.number, Outcome::Refused, open.key);
    Err(RestRefused::UsedUp { key, cost, report })
}

/// Takes the rest of the cost that the response contains, even if it exceeds what is left.
pub(super) fn charge(counters: &Counters, limit_state: &mut LimitState, cost: u32, now: Moment) {
    let Some(rest) = NonZeroU32::new(cost).and_then(rest) else { return };
    let mut reports = Vec::new();
    for open in limit_state.deferred.iter().filter(|open| open.first.limit.cost == Cost::Response) {
        let terms = |place| open.live.terms(place).allowance();
        let decided = counters.charge_now(open.live.generations, terms, open.key, rest, now);
        let Terms { limit, calendar } = open.live.terms(decided.place);
        let answer = decided.answer;
        reports.push(LimitReport { limit, calendar, answer, is_first: false, ..open.first });
    }
    reports.into_iter().for_each(|report| limit_state.note(report));
}

/// The rest of a cost of which one permit was taken.
pub(super) fn rest(cost: NonZeroU32) -> Option<NonZeroU32> {
    NonZeroU32::new(cost.get() - 1)
}

/// The request is refused: gives the first permits back, and reports that in the response's rate
/// limit headers.
fn give_back_first_permits(counters: &Counters, limit_state: &mut LimitState, now: Moment) {
    let mut reports = Vec::new();
    for open in &mut limit_state.deferred {
        if open.taken.is_some() && matches!(open.first.limit.cost, Cost::Arguments(_)) {
            open.give_back(counters, now);
            reports.push(open.report(counters, now));
        }
    }
    reports.into_iter().for_each(|report| limit_state.note(report));
}

/// Trying again would not help.
pub(super) fn unaffordable(cost: NonZeroU32, most: NonZeroU32) -> Refused {
    let detail = format!("the request costs {cost}, and at most {most} can be taken at once");
    Box::new(Denial::new(DenialKind::Invalid, detail.clone()).with_detail(detail))
}

/// The cost could not be computed.
pub(super) fn unknown() -> Refused {
    Box::new(Denial::internal("the cost of a request could not be computed"))
}

impl DeferredLimit {
    /// Gives the first permit back, once.
    fn give_back(&mut self, counters: &Counters, now: Moment) {
        if let Some(taken) = self.taken.take() {
            let terms = |place| self.live.terms(place).allowance();
            counters.give_back(self.live.generations, terms, self.key, &taken, now);
        }
    }

    /// The current state of the limit.
    fn report(&self, counters: &Counters, now: Moment) -> LimitReport {
        let terms = |place| self.live.terms(place).allowance();
        let (key, place) = counters.standing(self.live.generations, terms, self.key, now);
        let Terms { limit, calendar } = self.live.terms(place);
        let answer = counters.peek(key, terms(place), NonZeroU32::MIN, now);
        LimitReport { limit, calendar, answer, is_first: false, ..self.first }
    }
}

impl RestRefused {
    /// The denial, after everything was given back.
    fn into_denial(
        self,
        counters: &Counters,
        limit_state: &mut LimitState,
        now: Moment,
    ) -> Refused {
        match self {
            Self::Unknown => unknown(),
            Self::Unaffordable { cost, most } => unaffordable(cost, most),
            Self::UsedUp { key, cost, report } => {
                // The client has to ask for the whole cost again.
                let again = counters.peek(key, report.allowance(), cost, now);
                // Other requests may have given back enough in the meantime.
                let answer = if again.is_allowed() { report.answer } else { again };
                let report = LimitReport { answer, ..report };
                limit_state.report = Some(report);
                throttled(&report)
            }
        }
    }
}
