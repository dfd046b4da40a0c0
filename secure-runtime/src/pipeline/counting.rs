//! What the stages take of limits, for one request: the limits of this instance, and those that it
//! counts together with others.

use std::borrow::Cow;
use std::net::IpAddr;
use std::task::{Context, Poll, ready};

use actix_web::HttpResponse;

use super::admission::{Admission, Gate};
use super::at_once;
use super::limit_keys::{Subject, tier};
use super::limits::{Counted, reserve};
use super::open_limits;
use super::passage::{Passage, Refused};
#[cfg(feature = "redis")]
use super::{
    shared_costs,
    shared_limits::{self, Books},
};
use crate::principal::Principal;
use crate::response_cost::ResponseCost;
use crate::scope::SecuredResponse;
use crate::security::{PlannedLimit, Security, Stage};
use crate::validation::Costs;

impl Passage {
    /// Takes what the arguments cost beyond what every request does. Polled again it goes on where it
    /// stopped; limits of this instance alone never wait.
    pub(super) fn poll_settle(
        &mut self,
        costs: &Costs,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Box<SecuredResponse>>> {
        let Self { request, endpoint, admission, .. } = self;
        let counted = &mut admission.counted;
        let settled = match Gate::find(request, endpoint) {
            Ok(gate) => ready!(poll_settle(gate.security, counted, costs, context)),
            Err(denial) => Err(denial),
        };
        Poll::Ready(settled.map_err(|denial| Box::new(self.refuse(denial))))
    }

    /// Takes what the handler said that the request costs.
    #[inline]
    pub(super) fn charge(&mut self, response: &HttpResponse) {
        if !self.admission.counted.is_open() {
            return;
        }
        let Some(ResponseCost(cost)) = response.extensions().get::<ResponseCost>().copied() else {
            return;
        };
        if let Some(security) = self.request.app_data::<Security>() {
            let inner = security.inner();
            let now = inner.clock.now();
            open_limits::charge(&inner.counters, &mut self.admission.counted, cost, now);
            #[cfg(feature = "redis")]
            if let Some(sharing) = &inner.sharing {
                shared_costs::charge(sharing, &self.admission.counted, cost);
            }
        }
    }
}

/// The limits that are counted elsewhere come first, as in every stage.
fn poll_settle(
    security: &Security,
    counted: &mut Counted,
    costs: &Costs,
    #[cfg_attr(not(feature = "redis"), expect(unused_variables, reason = "nobody waits"))]
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    let inner = security.inner();
    // The body may have taken its time.
    let now = inner.clock.now();
    #[cfg(feature = "redis")]
    if let Some(sharing) = &inner.sharing {
        let books = Books { sharing, counters: &inner.counters, now };
        ready!(shared_costs::poll(books, counted, costs, context))?;
    }
    Poll::Ready(open_limits::settle(&inner.counters, counted, costs, now))
}

impl Gate<'_> {
    /// The group of addresses that the client's belongs to.
    fn group(&self) -> Option<IpAddr> {
        self.address().map(|address| self.security.inner().address_groups.group(address))
    }

    /// Whose request it is.
    #[inline]
    fn subject<'s>(
        &'s self,
        address: &'s dyn Fn() -> Option<IpAddr>,
        principal: Option<&'s Principal>,
        tier: Option<&'s str>,
    ) -> Subject<'s> {
        let claims = &self.security.inner().claims;
        Subject { address, principal, tier, request: self.request, claims }
    }
}

impl Admission {
    /// Takes a permit of each limit of a stage. Those that are counted elsewhere are asked first: what
    /// the others take would have to be given back.
    #[inline]
    pub(super) fn poll_limits(
        &mut self,
        gate: &Gate<'_>,
        stage: Stage,
        #[cfg_attr(not(feature = "redis"), expect(unused_variables, reason = "nobody waits"))]
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        #[cfg(feature = "redis")]
        if let (Some(sharing), Some(now), limits @ [_, ..]) =
            (&gate.security.inner().sharing, self.entered, gate.plan.shared_limits(stage))
        {
            let counters = &gate.security.inner().counters;
            let books = Books { sharing, counters, now };
            let tier = self.tier(gate)?;
            let address = || gate.group();
            let subject = gate.subject(&address, self.caller.as_ref(), tier.as_deref());
            ready!(shared_limits::poll(books, limits, subject, &mut self.counted, context))?;
        }
        Poll::Ready(self.reserve(gate, gate.plan.limits(stage)))
    }

    /// Takes a permit of each of these limits, or of none.
    #[inline]
    fn reserve(&mut self, gate: &Gate<'_>, limits: &[PlannedLimit]) -> Result<(), Refused> {
        let Some(now) = self.entered.filter(|_| !limits.is_empty()) else { return Ok(()) };
        let inner = gate.security.inner();
        let tier = self.tier(gate)?;
        let address = || gate.group();
        let subject = gate.subject(&address, self.caller.as_ref(), tier.as_deref());
        reserve(&inner.counters, limits, subject, now, &mut self.counted)
    }

    /// The tier that the application says the caller has, where a limit asks.
    #[inline]
    fn tier(&self, gate: &Gate<'_>) -> Result<Option<Cow<'static, str>>, Refused> {
        match (&gate.security.inner().tier, &self.caller) {
            (Some(function), Some(caller)) if gate.plan.has_tiers => tier(function, caller),
            _ => Ok(None),
        }
    }

    /// Counts the request among those that are being served, as soon as it may be.
    #[inline]
    pub(super) fn poll_begin(
        &mut self,
        gate: &Gate<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        if gate.plan.concurrency.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let address = || gate.group();
        let subject = gate.subject(&address, self.caller.as_ref(), None);
        let inner = gate.security.inner();
        let limits = &gate.plan.concurrency;
        if ready!(at_once::poll(inner, limits, subject, &mut self.counted, context))? {
            // What comes next counts from the end of the wait.
            self.entered = Some(inner.clock.now());
        }
        Poll::Ready(Ok(()))
    }
}
