//! How long a stream that a caller has opened may go on: as long as its credentials are good.

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

/// What both directions of one stream share.
pub(super) struct Lifetime {
    security: Security,
    endpoint: &'static Endpoint,
    /// The caller, and the place of the authenticator that named it; `None`: nothing ends the stream.
    caller: Option<(usize, Principal)>,
    is_over: Cell<bool>,
    /// Who waits in the other direction.
    waiting: RefCell<[Option<Waker>; 2]>,
}

/// Which way the bytes of a stream go.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    FromClient = 0,
    ToClient = 1,
}

/// One direction of a stream, watched.
pub(super) struct Watch {
    lifetime: Rc<Lifetime>,
    direction: Direction,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Lifetime {
    pub(super) fn new(gate: &Gate<'_>, request: &Progress) -> Rc<Self> {
        let published = || extensions(gate.request).as_deref().and_then(caller::published).cloned();
        let caller = request.caller().cloned().or_else(published);
        let from = request.caller_is_from();
        // A caller that cannot be found again cannot be checked either.
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

    /// Whether the credentials have ended by now; then nothing makes them good again.
    fn is_over(&self) -> bool {
        if self.is_over.get() {
            return true;
        }
        let Some(cause) = self.end() else { return false };
        tracing::info!(
            handler = self.endpoint.full_name(),
            cause,
            "a stream was ended: the credentials of its caller are not good any more"
        );
        self.is_over.set(true);
        // Nobody else borrows it while the other direction is woken.
        if let Ok(mut waiting) = self.waiting.try_borrow_mut() {
            waiting.iter_mut().filter_map(Option::take).for_each(Waker::wake);
        }
        true
    }

    fn end(&self) -> Option<String> {
        let (place, caller) = self.caller.as_ref()?;
        let now = self.security.inner().clock.now();
        if caller.expires_at_unix().is_some_and(|end| end <= now.unix_seconds()) {
            return Some(String::from("the credentials have expired"));
        }
        let plan = self.security.plan(self.endpoint);
        let authenticators = plan.map(|plan| &plan.authentication.authenticators);
        let Some(authenticator) = authenticators.and_then(|all| all.get(*place)) else {
            return Some(String::from("the authenticator is gone"));
        };
        match catch_unwind(AssertUnwindSafe(|| authenticator.recheck(caller, now))) {
            Ok(Ok(())) => None,
            Ok(Err(refusal)) => Some(refusal.cause().to_owned()),
            Err(_) => Some(String::from("the authenticator panicked")),
        }
    }

    /// When to look again, if no byte makes somebody look before.
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
    /// Is ready once the stream is over.
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

    /// Is woken when the other direction finds that it is over.
    fn wait(&self, waker: &Waker) {
        let Ok(mut waiting) = self.lifetime.waiting.try_borrow_mut() else { return };
        if let Some(slot) = waiting.get_mut(self.direction as usize)
            && slot.as_ref().is_none_or(|known| !known.will_wake(waker))
        {
            *slot = Some(waker.clone());
        }
    }
}
