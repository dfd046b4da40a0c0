//! Converts the reply of Redis into decisions.

use super::ask::{Ask, Kind, Source, Verdict};
use super::leases::State;
use super::script::{Found, Reply};
use crate::throttling::calendar::limiter::PeriodDecision;
use crate::throttling::rate::gcra::{Decision, Demand};

/// The verdict from a reply of Redis.
pub(super) fn of_reply(asks: &[Ask<'_>], reply: &Reply) -> Verdict {
    let mut periods = Vec::new();
    let lines = asks.iter().zip(&reply.lines).enumerate();
    let decisions = lines.map(|(index, (ask, line))| match line.found {
        Found::Rate { reset_ns } => {
            let demand = match ask.kind {
                Kind::Charge => Demand::of_charge(&ask.limit.quota, ask.cost, reply.now_ns),
                _ => Demand::new(&ask.limit.quota, ask.cost, reply.now_ns),
            };
            // Leased permits are still available in this instance.
            let interval = ask.limit.quota.emission_interval_ns();
            let leased = interval.saturating_mul(u64::from(line.leased));
            let arrival = reply.now_ns.saturating_add(reset_ns).saturating_sub(leased);
            demand.decide(arrival, line.fits)
        }
        Found::Period { end, used } => {
            let permits = ask.limit.quota.permits().get();
            let (cost, now) = (ask.cost.get(), reply.now_ns / NANOS_PER_SECOND);
            let told = PeriodDecision::told(line.fits, cost, used, (permits, end / 60), now);
            periods.push((index, told));
            in_place(ask, line.fits)
        }
    });
    let decisions = decisions.collect();
    let (is_admitted, lapses) = (reply.is_admitted, Vec::new());
    Verdict { is_admitted, decisions, periods, lapses, source: Source::Shared }
}

impl Verdict {
    /// Without any store, all requests are admitted.
    pub(super) fn of_nobody() -> Self {
        let (decisions, periods, lapses) = (Vec::new(), Vec::new(), Vec::new());
        Self { is_admitted: true, decisions, periods, lapses, source: Source::Unlimited }
    }
}

/// The placeholder for the decision of a calendar quota.
pub(super) fn in_place(ask: &Ask<'_>, fits: bool) -> Decision {
    Demand::new(&ask.limit.quota, ask.cost, 0).decide(0, fits)
}

/// The time at which the bucket is full, as if the permits in hand had not been taken.
pub(super) fn arrival(ask: &Ask<'_>, state: State) -> u64 {
    let interval = ask.limit.quota.emission_interval_ns();
    state.arrival.saturating_sub(interval.saturating_mul(u64::from(state.in_hand)))
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;
