//! The limits of one request: those of this instance, and those that it counts together with others.

pub(super) mod deferred_costs;
pub(super) mod keys;
pub(super) mod reserve;
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
use crate::response_cost::ResponseCost;
use crate::security::{Mode, PlannedLimit, Security, Stage};

/// Takes a permit of each limit of a stage, or of none. Those that are counted elsewhere are asked first:
/// what the others take would have to be given back.
#[inline]
pub(super) fn poll(
    gate: &Gate<'_>,
    request: &mut Progress,
    stage: Stage,
    #[cfg_attr(not(feature = "redis"), expect(unused_variables, reason = "nothing waits"))]
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    #[cfg(feature = "redis")]
    if let (Some(sharing), Some(now), limits @ [_, ..]) =
        (&gate.security.inner().sharing, request.entered, gate.plan.shared_limits(stage))
    {
        let counters = &gate.security.inner().counters;
        let books = shared::Books { sharing, counters, now };
        let tier = tier(gate, request)?;
        let address = || gate.group();
        let subject = gate.subject(&address, request.caller.as_ref(), tier.as_deref());
        ready!(shared::poll(books, limits, subject, &mut request.counted, context))?;
    }
    Poll::Ready(take(gate, request, gate.plan.limits(stage)))
}

/// The limits of requests that end authentication without a caller; then why they do, if they may not.
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

/// Takes what the arguments cost beyond what every request does. Limits of this instance never wait.
#[inline]
pub(super) fn poll_deferred_costs(
    gate: &Gate<'_>,
    request: &mut Progress,
    #[cfg_attr(not(feature = "redis"), expect(unused_variables, reason = "nothing waits"))]
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    let Progress { counted, costs, .. } = request;
    if costs.is_empty() {
        return Poll::Ready(Ok(()));
    }
    let inner = gate.security.inner();
    // The body may have taken its time.
    let now = inner.clock.now();
    #[cfg(feature = "redis")]
    if let Some(sharing) = &inner.sharing {
        let books = shared::Books { sharing, counters: &inner.counters, now };
        ready!(shared_deferred_costs::poll(books, counted, costs, context))?;
    }
    Poll::Ready(deferred_costs::settle(&inner.counters, counted, costs, now))
}

/// Takes what the handler said that the request costs.
#[inline]
pub(super) fn charge(security: &Security, request: &mut Progress, response: &HttpResponse) {
    let Some(ResponseCost(cost)) = response.extensions().get::<ResponseCost>().copied() else {
        return;
    };
    let inner = security.inner();
    let now = inner.clock.now();
    deferred_costs::charge(&inner.counters, &mut request.counted, cost, now);
    #[cfg(feature = "redis")]
    if let Some(sharing) = &inner.sharing {
        shared_deferred_costs::charge(sharing, &request.counted, cost);
    }
}

/// Takes a permit of each of these limits of this instance, or of none.
#[inline]
fn take(gate: &Gate<'_>, request: &mut Progress, limits: &[PlannedLimit]) -> Result<(), Refused> {
    let Some(now) = request.entered.filter(|_| !limits.is_empty()) else { return Ok(()) };
    let inner = gate.security.inner();
    let tier = tier(gate, request)?;
    let address = || gate.group();
    let subject = gate.subject(&address, request.caller.as_ref(), tier.as_deref());
    reserve::reserve(&inner.counters, limits, subject, now, &mut request.counted)
}

/// The tier that the application says the caller has, where a limit asks.
#[inline]
fn tier(gate: &Gate<'_>, request: &Progress) -> Result<Option<Cow<'static, str>>, Refused> {
    match (&gate.security.inner().tier, &request.caller) {
        (Some(function), Some(caller)) if gate.plan.has_tiers => keys::tier(function, caller),
        _ => Ok(None),
    }
}
