//! Concurrency limits (`concurrency`): the number of requests that are in flight. An excess request
//! waits in a queue if the limit has one, and is refused with 429 otherwise.
//!
//! Limits by caller are taken early. Limits that several callers share (of an endpoint, of a
//! tenant) are taken after the body has arrived, so that a client that sends its body slowly blocks
//! no other client.

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

/// A request that waits in a queue.
pub(in crate::pipeline) struct QueuedRequest {
    waiter: Waiter,
    /// When the waiting time is over.
    deadline: Pin<Box<Sleep>>,
}

/// Takes the slots that only the requests of this caller share.
#[inline]
pub(in crate::pipeline) fn poll_own(
    gate: &Gate<'_>,
    request: &mut Progress,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    poll_these(gate, gate.plan.own_concurrency(), request, context)
}

/// Takes the slots that several callers share, after those of the caller.
#[inline]
pub(in crate::pipeline) fn poll_shared(
    gate: &Gate<'_>,
    request: &mut Progress,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    poll_these(gate, &gate.plan.concurrency, request, context)
}

/// Continues with the first limit of which the request has no slot yet.
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
    // Cloned, because an expression of the application that a limit counts by may use the
    // extensions.
    let published = caller::published(&gate.request.extensions()).cloned();
    let principal = request.caller.as_ref().or(published.as_ref());
    let subject = gate.subject(&address, principal, None);
    if ready!(poll(inner, limits, subject, &mut request.limit_state, context))? {
        // Later stages count from the end of the wait.
        request.entered = Some(inner.clock.now());
    }
    Poll::Ready(Ok(()))
}

/// Takes a slot of each of these limits, in their order, and waits where it must. A later poll
/// continues where this one stopped. Returns whether the request waited.
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
                        // Shadow mode may have been switched on while the request entered the
                        // queue.
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

/// Admits the request in shadow mode, even beyond the limit, without waiting.
#[cold]
fn observe(inner: &Inner, planned: &PlannedConcurrency, key: LimitKey) -> Permit {
    const MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
    let (permit, is_beyond) = inner.in_flight.enter_observed(key, planned.number);
    let notices = &inner.counters.notices;
    let (now, number) = (inner.clock.now(), planned.number_of_notices());
    if is_beyond && notices.is_due(number, key, MINUTE, now) {
        let (limit, key) = (planned.now(&inner.in_flight).to_string(), notices.mark(key));
        let handler = planned.endpoint.full_name();
        tracing::info!(handler, limit, %key, "would have been refused: the limit is in shadow mode");
    }
    permit
}

#[cold]
fn wait(waiter: Waiter, inner: &Inner, planned: &PlannedConcurrency) -> Box<QueuedRequest> {
    let longest = inner.in_flight.bound(planned.number).wait;
    Box::new(QueuedRequest { waiter, deadline: Box::pin(sleep(longest)) })
}

impl QueuedRequest {
    /// A slot; `None` if the waiting time is over.
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
    // It is unknown when a slot becomes free; one second is the smallest value.
    Box::new(Denial::throttled("the limit of requests in flight is reached", Some(1), violated))
}
