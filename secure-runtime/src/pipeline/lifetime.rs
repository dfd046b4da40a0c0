//! How long an open stream may last: a WebSocket or server-sent events end when the caller's
//! credentials expire or are revoked.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::rt::time::{Sleep, sleep};

use super::gate::Gate;
use super::progress::Progress;
use super::stages::caller;
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::extensions;
use crate::security::Security;

/// The state that both directions of one stream share.
pub(super) struct Lifetime {
    security: Security,
    endpoint: &'static Endpoint,
    /// The index of the authenticator that accepted the caller, and the caller. `None`: nothing
    /// ends the stream.
    caller: Option<(usize, Principal)>,
    is_over: Cell<bool>,
    /// The wakers of the directions that wait.
    waiting: RefCell<[Option<Waker>; 2]>,
}

/// A direction of a stream.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    FromClient = 0,
    ToClient = 1,
}

/// One direction of a stream, with the timer of its next check.
pub(super) struct Watch {
    lifetime: Rc<Lifetime>,
    direction: Direction,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Lifetime {
    pub(super) fn new(gate: &Gate<'_>, request: &Progress) -> Rc<Self> {
        let published = || extensions(gate.request).as_deref().and_then(caller::published).cloned();
        let caller = request.caller().cloned().or_else(published);
        let from = request.accepting_authenticator();
        // A caller that cannot be found any more cannot be checked again: the stream ends.
        let is_lost = from.is_some() && caller.is_none();
        Rc::new(Self {
            security: gate.security.clone(),
            endpoint: gate.plan.endpoint,
            caller: from.zip(caller),
            is_over: Cell::new(is_lost),
            waiting: RefCell::default(),
        })
    }

    pub(super) fn watch(self: &Rc<Self>, direction: Direction) -> Watch {
        Watch { lifetime: Rc::clone(self), direction, timer: None }
    }

    /// Whether the credentials have ended. This is final.
    fn is_over(&self) -> bool {
        if self.is_over.get() {
            return true;
        }
        let Some(cause) = self.end() else { return false };
        tracing::info!(
            handler = self.endpoint.full_name(),
            cause,
            "a stream was ended: the credentials of its caller are no longer valid"
        );
        self.is_over.set(true);
        // Nothing else borrows it at this moment.
        if let Ok(mut waiting) = self.waiting.try_borrow_mut() {
            waiting.iter_mut().filter_map(Option::take).for_each(Waker::wake);
        }
        true
    }

    /// Why the credentials are no longer valid; `None` while they are.
    fn end(&self) -> Option<String> {
        let (place, caller) = self.caller.as_ref()?;
        let now = self.security.inner().clock.now();
        if caller.expires_at_unix().is_some_and(|end| end <= now.unix_seconds()) {
            return Some(String::from("the credentials have expired"));
        }
        let plan = self.security.plan(self.endpoint);
        let authenticators = plan.map(|plan| &plan.authentication.authenticators);
        let Some(authenticator) = authenticators.and_then(|all| all.get(*place)) else {
            return Some(String::from("the authenticator no longer exists"));
        };
        match catch_unwind(AssertUnwindSafe(|| authenticator.recheck(caller, now))) {
            Ok(Ok(())) => None,
            Ok(Err(refusal)) => Some(refusal.cause().to_owned()),
            Err(_) => Some(String::from("the authenticator panicked")),
        }
    }

    /// The time until the next check, if no byte causes one earlier.
    fn pause(&self) -> Option<Duration> {
        let (_, caller) = self.caller.as_ref()?;
        let inner = self.security.inner();
        let now = inner.clock.now();
        let left = caller.expires_at_unix().map(|end| {
            let end = Duration::from_secs(end);
            end.saturating_sub(Duration::from_nanos(now.unix_nanos()))
        });
        let most = inner.sockets.recheck_every;
        Some(left.map_or(most, |left| left.min(most)))
    }
}

impl Watch {
    /// Ready once the stream must end.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.lifetime.is_over() {
                return Poll::Ready(());
            }
            self.wait(context.waker());
            let Some(timer) = &mut self.timer else {
                let Some(pause) = self.lifetime.pause() else { return Poll::Pending };
                self.timer = Some(Box::pin(sleep(pause)));
                continue;
            };
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.timer = None;
        }
    }

    /// Registers the waker for the case that the other direction finds the end first.
    fn wait(&self, waker: &Waker) {
        let Ok(mut waiting) = self.lifetime.waiting.try_borrow_mut() else { return };
        if let Some(slot) = waiting.get_mut(self.direction as usize)
            && slot.as_ref().is_none_or(|known| !known.will_wake(waker))
        {
            *slot = Some(waker.clone());
        }
    }
}
