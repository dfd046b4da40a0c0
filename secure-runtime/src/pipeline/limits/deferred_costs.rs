//! Limits whose cost is known late: by the arguments, or by the response.
//!
//! One permit is taken as by any other limit, before the body is read, and the rest here. What was
//! taken first stays taken: a request that fails on its way has cost one.

use std::num::NonZeroU32;

use super::reserve::{Counted, LimitReport, give_back, throttled};
use super::shadow_mode;
use crate::denial::{Denial, DenialKind};
use crate::pipeline::refused::Refused;
use crate::policy::Cost;
use crate::security::Terms;
use crate::throttling::{Counters, Decided, Outcome};
use crate::time::Moment;
use crate::validation::Costs;

/// Takes the rest of what the arguments cost, from all limits or from none.
pub(super) fn settle(
    counters: &Counters,
    counted: &mut Counted,
    costs: &Costs,
    now: Moment,
) -> Result<(), Refused> {
    let mut taken = Vec::new();
    for open in &counted.open {
        let Cost::Arguments(expression) = open.first.limit.cost else { continue };
        let Some(cost) = costs.of(expression.index) else {
            give_back(counters, &taken, now);
            return Err(Box::new(Denial::internal("what a request costs could not be computed")));
        };
        let quota = open.live.now().limit.quota;
        if cost > quota.burst() && !open.first.binds {
            shadow_mode::observe(counters, &open.first, open.key, now);
            continue;
        }
        if cost > quota.burst() {
            give_back(counters, &taken, now);
            return Err(unaffordable(cost, quota.burst()));
        }
        let Some(rest) = rest(cost) else { continue };
        let terms = |place| open.live.terms(place).allowance();
        let decided = counters.decide(open.live.generations, terms, open.key, rest, now);
        let Decided { key, place, answer, .. } = decided;
        let Terms { limit, calendar } = open.live.terms(place);
        let report = LimitReport { limit, calendar, answer, is_first: false, ..open.first };
        if !answer.is_allowed() && !open.first.binds {
            shadow_mode::observe(counters, &open.first, open.key, now);
            continue;
        }
        if !answer.is_allowed() {
            counters.count(open.first.number, Outcome::Refused, open.key);
            give_back(counters, &taken, now);
            // The client will ask for all of it again.
            let again = counters.peek(key, report.allowance(), cost, now);
            let answer = if again.is_allowed() { answer } else { again };
            let report = LimitReport { answer, ..report };
            counted.report = Some(report);
            return Err(throttled(&report));
        }
        taken.push((key, report));
    }
    taken.into_iter().for_each(|(_, report)| counted.note(report));
    Ok(())
}

/// Takes the rest of what the handler said that the request costs, whether or not it is there.
pub(super) fn charge(counters: &Counters, counted: &mut Counted, cost: u32, now: Moment) {
    let Some(rest) = NonZeroU32::new(cost).and_then(rest) else { return };
    let mut reports = Vec::new();
    for open in counted.open.iter().filter(|open| open.first.limit.cost == Cost::Response) {
        let terms = |place| open.live.terms(place).allowance();
        let decided = counters.charge_now(open.live.generations, terms, open.key, rest, now);
        let Terms { limit, calendar } = open.live.terms(decided.place);
        let answer = decided.answer;
        reports.push(LimitReport { limit, calendar, answer, is_first: false, ..open.first });
    }
    reports.into_iter().for_each(|report| counted.note(report));
}

/// What is left of a cost of which one permit was taken already.
pub(super) fn rest(cost: NonZeroU32) -> Option<NonZeroU32> {
    NonZeroU32::new(cost.get() - 1)
}

/// Trying again would not help.
pub(super) fn unaffordable(cost: NonZeroU32, most: NonZeroU32) -> Refused {
    let detail = format!("the request costs {cost}, and at most {most} can be taken at once");
    Box::new(Denial::new(DenialKind::Invalid, detail.clone()).with_detail(detail))
}
