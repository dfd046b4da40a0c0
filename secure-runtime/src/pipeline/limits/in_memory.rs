//! Rate limits that this process counts in memory. They never wait.

use std::task::{Context, Poll};

use super::reserve::{self, LimitState};
use super::{LimitBackend, deferred_costs, tier};
use crate::pipeline::gate::Gate;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::Refused;
use crate::plan::{PlannedLimit, Stage};
use crate::security::Security;
use crate::support::time::Moment;

pub(super) struct InMemory;

impl LimitBackend for InMemory {
    #[inline]
    fn poll_reserve(
        gate: &Gate<'_>,
        request: &mut Progress,
        stage: Stage,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        Poll::Ready(take(gate, request, gate.plan.limits(stage)))
    }

    #[inline]
    fn poll_settle(
        gate: &Gate<'_>,
        request: &mut Progress,
        now: Moment,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        let Progress { limit_state, costs, .. } = request;
        Poll::Ready(deferred_costs::settle(
            &gate.security.inner().counters,
            limit_state,
            costs,
            now,
        ))
    }

    #[inline]
    fn charge(security: &Security, limit_state: &mut LimitState, cost: u32, now: Moment) {
        deferred_costs::charge(&security.inner().counters, limit_state, cost, now);
    }
}

#[inline]
fn take(gate: &Gate<'_>, request: &mut Progress, limits: &[PlannedLimit]) -> Result<(), Refused> {
    let Some(now) = request.entered.filter(|_| !limits.is_empty()) else { return Ok(()) };
    let inner = gate.security.inner();
    let tier = tier(gate, request)?;
    let address = || gate.group();
    let subject = gate.subject(&address, request.caller.as_ref(), tier.as_deref());
    reserve::reserve(&inner.counters, limits, subject, now, &mut request.limit_state)
}
