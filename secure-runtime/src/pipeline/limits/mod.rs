//! Rate limits of one request: takes permits from the limits that are counted in memory and from
//! those in Redis.

pub(super) mod deferred_costs;
mod in_memory;
pub(super) mod keys;
pub(super) mod reserve;
pub(super) mod response_cost;
pub(super) mod shadow_mode;
#[cfg(feature = "redis")]
pub(super) mod shared;
#[cfg(feature = "redis")]
pub(super) mod shared_deferred_costs;
pub(super) mod shared_keys;

use std::borrow::Cow;
use std::task::{Context, Poll, ready};

use actix_web::HttpResponse;

use super::gate::Gate;
use super::progress::Progress;
use super::refused::Refused;
use crate::denial::caught;
use crate::plan::{Mode, Stage};
use crate::security::Security;
use crate::support::time::Moment;
use reserve::{LimitState, Refundable};
use response_cost::ResponseCost;

/// Counts limits. Each implementation takes permits of all its limits, or of none. If it has to
/// wait, a later poll continues where it stopped.
trait LimitBackend {
    /// Takes the permits that are known before the body is read.
    fn poll_reserve(
        gate: &Gate<'_>,
        request: &mut Progress,
        stage: Stage,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>>;

    /// Takes the rest of the costs that depend on the arguments, or gives the first permits back.
    fn poll_settle(
        gate: &Gate<'_>,
        request: &mut Progress,
        now: Moment,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>>;

    /// Takes the rest of the cost that the response contains, even if it exceeds what is left.
    fn charge(security: &Security, limit_state: &mut LimitState, cost: u32, now: Moment);
}

/// The implementations, in the order in which they run. The one that waits comes first; otherwise
/// the permits of the other would have to be given back.
#[cfg(feature = "redis")]
type Backends = (shared::Shared, in_memory::InMemory);
#[cfg(not(feature = "redis"))]
type Backends = in_memory::InMemory;

/// Runs one after the other.
impl<First: LimitBackend, Next: LimitBackend> LimitBackend for (First, Next) {
    #[inline]
    fn poll_reserve(
        gate: &Gate<'_>,
        request: &mut Progress,
        stage: Stage,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        ready!(First::poll_reserve(gate, request, stage, context))?;
        Next::poll_reserve(gate, request, stage, context)
    }

    #[inline]
    fn poll_settle(
        gate: &Gate<'_>,
        request: &mut Progress,
        now: Moment,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        ready!(First::poll_settle(gate, request, now, context))?;
        Next::poll_settle(gate, request, now, context)
    }

    #[inline]
    fn charge(security: &Security, limit_state: &mut LimitState, cost: u32, now: Moment) {
        First::charge(security, limit_state, cost, now);
        Next::charge(security, limit_state, cost, now);
    }
}

/// Takes a permit of each limit of a stage, or of none.
#[inline]
pub(super) fn poll(
    gate: &Gate<'_>,
    request: &mut Progress,
    stage: Stage,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    Backends::poll_reserve(gate, request, stage, context)
}

/// The limits of anonymous requests and of rejected credentials; then the refusal of rejected
/// credentials.
#[inline]
pub(super) fn poll_anonymous(
    gate: &Gate<'_>,
    request: &mut Progress,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    if request.caller.is_some() || gate.plan.authentication.mode == Mode::Nobody {
        return Poll::Ready(Ok(()));
    }
    ready!(poll(gate, request, Stage::Anonymous, context))?;
    Poll::Ready(request.refused.take().map_or(Ok(()), Err))
}

/// Takes the rest of the costs that depend on the arguments.
#[inline]
pub(super) fn poll_deferred_costs(
    gate: &Gate<'_>,
    request: &mut Progress,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    if request.costs.is_empty() {
        return Poll::Ready(Ok(()));
    }
    // Reading the body may have taken long.
    let now = gate.security.inner().clock.now();
    Backends::poll_settle(gate, request, now, context)
}

/// Takes the cost that the response contains.
#[inline]
pub(super) fn charge(security: &Security, request: &mut Progress, response: &HttpResponse) {
    let Some(ResponseCost(cost)) = response.extensions().get::<ResponseCost>().copied() else {
        return;
    };
    Backends::charge(security, &mut request.limit_state, cost, security.inner().clock.now());
}

/// Gives back the permits of limits with `refund = 5xx`, once.
#[cold]
pub(super) fn refund(security: &Security, limit_state: &mut LimitState) {
    let inner = security.inner();
    let now = inner.clock.now();
    for Refundable { key, live, taken } in limit_state.refundable.drain(..) {
        let terms = |place| live.terms(place).allowance();
        inner.counters.give_back(live.generations, terms, key, &taken, now);
    }
}

/// The caller's tier, from the application's function, if a limit depends on it.
///
/// # Errors
///
/// If the function panics.
#[inline]
fn tier(gate: &Gate<'_>, request: &Progress) -> Result<Option<Cow<'static, str>>, Refused> {
    match (&gate.security.inner().tier, &request.caller) {
        (Some(function), Some(caller)) if gate.plan.has_tiers => {
            caught("the function that names tiers", || function(caller)).map_err(Box::new)
        }
        _ => Ok(None),
    }
}
