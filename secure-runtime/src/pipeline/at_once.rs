//! Stage 5, requests at once: a request that is one too many waits where there is a queue, and is
//! refused otherwise.

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::rt::time::{Sleep, sleep};

use super::limit_keys::{Subject, key_of};
use super::limits::Counted;
use super::observed;
use super::passage::Refused;
use crate::denial::{Denial, Violated, Violation};
use crate::security::{Inner, PlannedConcurrency};
use crate::throttling::{Entered, LimitKey, Permit, Waiter};

/// A request in a queue.
pub(super) struct Waiting {
    waiter: Waiter,
    /// When it has waited long enough.
    deadline: Pin<Box<Sleep>>,
}

/// Counts the request among those that are being served, under each of these limits in their order, as
/// soon as it may be. Polled again it goes on where it stopped. The answer is whether it waited.
pub(super) fn poll(
    inner: &Inner,
    limits: &[PlannedConcurrency],
    subject: Subject<'_>,
    counted: &mut Counted,
    context: &mut Context<'_>,
) -> Poll<Result<bool, Refused>> {
    let mut has_waited = false;
    while let Some(planned) = limits.get(counted.permits.len()) {
        let permit = match &mut counted.waiting {
            Some(waiting) => match waiting.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(permit) => {
                    has_waited = true;
                    counted.waiting = None;
                    permit
                }
            },
            None => {
                let key = key_of(&inner.counters.limiter, planned.id, &planned.by, subject)?;
                if !observed::binds(&planned.mode, &planned.by, subject) {
                    counted.hold(observe(inner, planned, key));
                    continue;
                }
                if let Some(permit) = inner.in_flight.try_enter(key, planned.number) {
                    counted.hold(permit);
                    continue;
                }
                match inner.in_flight.enter(key, planned.number, context.waker()) {
                    Entered::Served(permit) => Some(permit),
                    Entered::Refused => None,
                    Entered::Queued(waiter) => {
                        counted.waiting = Some(wait(waiter, inner, planned));
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
            Some(permit) => counted.hold(permit),
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
fn wait(waiter: Waiter, inner: &Inner, planned: &PlannedConcurrency) -> Box<Waiting> {
    let longest = inner.in_flight.bound(planned.number).wait;
    Box::new(Waiting { waiter, deadline: Box::pin(sleep(longest)) })
}

impl Waiting {
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
