//! Requests at once: one too many waits where there is a queue, and is refused otherwise.
//!
//! A limit by what is the caller's own is taken early. One that callers share (of an endpoint, a tenant) is
//! taken when the arguments are there: a client that sends its body slowly keeps nobody else waiting.

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::HttpMessage;
use actix_web::rt::time::{Sleep, sleep};

use super::caller;

use crate::denial::{Denial, Violated, Violation};
use crate::pipeline::gate::Gate;
use crate::pipeline::limits::keys::{Subject, key_of};
use crate::pipeline::limits::reserve::LimitState;
use crate::pipeline::limits::shadow_mode;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::Refused;
use crate::plan::PlannedConcurrency;
use crate::security::Inner;
use crate::throttling::{Entered, LimitKey, Permit, Waiter};

/// A request in a queue.
pub(in crate::pipeline) struct QueuedRequest {
    waiter: Waiter,
    /// When it has waited long enough.
    deadline: Pin<Box<Sleep>>,
}

/// Takes the permits that only this caller's requests share.
#[inline]
pub(in crate::pipeline) fn poll_own(
    gate: &Gate<'_>,
    request: &mut Progress,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    poll_these(gate, gate.plan.own_concurrency(), request, context)
}

/// Takes the permits that requests of several callers share; the caller's own are taken.
#[inline]
pub(in crate::pipeline) fn poll_shared(
    gate: &Gate<'_>,
    request: &mut Progress,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    poll_these(gate, &gate.plan.concurrency, request, context)
}

/// Goes on with the first limit of which the request has no permit yet.
#[inline]
fn poll_these(
    gate: &Gate<'_>,
    limits: &[PlannedConcurrency],
    request: &mut Progress,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    if request.limit_state.permits.len() >= limits.len() {
        return Poll::Ready(Ok(()));
    }
    let address = || gate.group();
    let inner = gate.security.inner();
    // An expression of the application that is counted by may use the extensions.
    let published = caller::published(&gate.request.extensions()).cloned();
    let principal = request.caller.as_ref().or(published.as_ref());
    let subject = gate.subject(&address, principal, None);
    if ready!(poll(inner, limits, subject, &mut request.limit_state, context))? {
        // What comes next counts from the end of the wait.
        request.entered = Some(inner.clock.now());
    }
    Poll::Ready(Ok(()))
}

/// Counts the request among those that are being served, under each of these limits in their order, as
/// soon as it may be. Polled again it goes on where it stopped. The answer is whether it waited.
fn poll(
    inner: &Inner,
    limits: &[PlannedConcurrency],
    subject: Subject<'_>,
    limit_state: &mut LimitState,
    context: &mut Context<'_>,
) -> Poll<Result<bool, Refused>> {
    let mut has_waited = false;
    while let Some(planned) = limits.get(limit_state.permits.len()) {
        let permit = match &mut limit_state.waiting {
            Some(waiting) => match waiting.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(permit) => {
                    has_waited = true;
                    limit_state.waiting = None;
                    permit
                }
            },
            None => {
                let key = key_of(&inner.counters.limiter, planned.id, &planned.by, subject)?;
                if !shadow_mode::is_enforced_for(&planned.mode, &planned.by, subject) {
                    limit_state.hold(observe(inner, planned, key));
                    continue;
                }
                if let Some(permit) = inner.in_flight.try_enter(key, planned.number) {
                    limit_state.hold(permit);
                    continue;
                }
                match inner.in_flight.enter(key, planned.number, context.waker()) {
                    Entered::Served(permit) => Some(permit),
                    Entered::Refused => None,
                    Entered::Queued(waiter) => {
                        limit_state.waiting = Some(wait(waiter, inner, planned));
                        // Whoever has just set that it is observed may have looked before.
                        if planned.mode.percent() == 0 {
                            inner.in_flight.serve_waiting(planned.number);
                        }
                        continue;
                    }
                }
            }
        };
        match permit {
            Some(permit) => limit_state.hold(permit),
            None => return Poll::Ready(Err(too_many(inner, planned))),
        }
    }
    Poll::Ready(Ok(has_waited))
}

/// The request goes on, whatever is served; nobody waits for what is not enforced.
#[cold]
fn observe(inner: &Inner, planned: &PlannedConcurrency, key: LimitKey) -> Permit {
    const MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
    let (permit, is_beyond) = inner.in_flight.enter_observed(key, planned.number);
    let notices = &inner.counters.notices;
    let (now, number) = (inner.clock.now().monotonic_nanos(), planned.number_of_notices());
    if is_beyond && notices.is_due(number, key, MINUTE, now) {
        let (limit, key) = (planned.now(&inner.in_flight).to_string(), notices.mark(key));
        tracing::info!(limit, %key, "would have been refused: the limit is observed");
    }
    permit
}

#[cold]
fn wait(waiter: Waiter, inner: &Inner, planned: &PlannedConcurrency) -> Box<QueuedRequest> {
    let longest = inner.in_flight.bound(planned.number).wait;
    Box::new(QueuedRequest { waiter, deadline: Box::pin(sleep(longest)) })
}

impl QueuedRequest {
    /// A permit, or none once the time is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Permit>> {
        if let Some(permit) = self.waiter.poll(context.waker()) {
            return Poll::Ready(Some(permit));
        }
        self.deadline.as_mut().poll(context).map(|()| self.waiter.expire())
    }
}

fn too_many(inner: &Inner, planned: &PlannedConcurrency) -> Refused {
    let most = inner.in_flight.bound(planned.number).most;
    let violated = Violated::New(Box::new(Violation::new(format!("{most} at once"))));
    // Nobody knows when one of them ends.
    Box::new(Denial::throttled("as many are served as may be", Some(1), violated))
}
