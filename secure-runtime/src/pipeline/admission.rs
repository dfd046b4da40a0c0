//! Stages 1 to 5: what is decided before anything of the body is read.

use std::borrow::Cow;
use std::net::IpAddr;
use std::task::{Context, Poll, ready};

use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::authentication::Round;
use super::body;
use super::caller::Passed;
use super::limit_keys::{Subject, tier};
use super::limits::{self, Counted, LimitReport, reserve};
use super::open_limits;
use super::passage::{Passage, Refused};
#[cfg(feature = "redis")]
use super::shared_limits;
use crate::authorization::{AcceptedBy, Answers, Circumstances, CompiledRule, Verdict, lacks};
use crate::denial::{Denial, DenialKind};
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::response_cost::ResponseCost;
use crate::scope::SecuredResponse;
use crate::security::{Mode, Plan, PlannedLimit, Security, Stage};
use crate::time::Moment;
use crate::transport::client_address;
use crate::validation::Costs;

/// How far a request has come.
#[derive(Default)]
pub(super) struct Admission {
    /// When the request entered; `None` before.
    entered: Option<Moment>,
    round: Round,
    caller: Option<Principal>,
    /// Why there is none, while the limits of those without one are asked.
    refused: Option<Refused>,
    /// What need not be done again by who had to wait.
    done: Done,
    /// What the application's expressions have said.
    pub(super) answers: Answers,
    counted: Counted,
}

/// The last thing that is over.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Done {
    #[default]
    Nothing,
    EarlyLimits,
    Authentication,
    /// The caller is known, or known to be nobody.
    Caller,
    /// The request counts among those that are being served.
    Begun,
}

/// What the stages read: the request, and the plan of its endpoint.
struct Gate<'a> {
    request: &'a HttpRequest,
    security: &'a Security,
    plan: &'a Plan,
}

impl Passage {
    /// Runs the stages up to the body, and opens it; the error is the response of a refusal.
    ///
    /// For endpoints whose rule asks no expression of the application.
    pub(super) fn poll_admission(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Box<SecuredResponse>>> {
        let Self { request, endpoint, admission, unread, body, .. } = self;
        let opened = match Gate::find(request, endpoint) {
            Ok(gate) => {
                let known = ready!(admission.poll_caller(&gate, context))
                    .and_then(|()| admission.demand(&gate));
                let admitted = match known {
                    Ok(()) => ready!(admission.poll_admit(&gate, context)),
                    Err(denial) => Err(denial),
                };
                admitted.and_then(|()| body::open(request, (unread, body), gate.plan))
            }
            Err(denial) => Err(denial),
        };
        Poll::Ready(opened.map_err(|denial| Box::new(self.refuse(*denial))))
    }

    /// The stages up to authentication alone.
    pub(super) fn poll_caller(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Box<SecuredResponse>>> {
        let Self { request, endpoint, admission, .. } = self;
        let known = match Gate::find(request, endpoint) {
            Ok(gate) => {
                let known = ready!(admission.poll_caller(&gate, context));
                known
            }
            Err(denial) => Err(denial),
        };
        Poll::Ready(known.map_err(|denial| Box::new(self.refuse(*denial))))
    }

    /// What is known of the endpoint's rule by now.
    pub(super) fn judge(&mut self, has_arguments: bool) -> Result<Verdict, Box<SecuredResponse>> {
        let Self { request, endpoint, admission, .. } = self;
        let judged =
            Gate::find(request, endpoint).and_then(|gate| admission.judge(&gate, has_arguments));
        judged.map_err(|denial| Box::new(self.refuse(*denial)))
    }

    /// The stages between the rules about the caller and the body, which is opened.
    pub(super) fn poll_admit(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Box<SecuredResponse>>> {
        let Self { request, endpoint, admission, unread, body, .. } = self;
        let opened = match Gate::find(request, endpoint) {
            Ok(gate) => {
                // The rules about the arguments ask about the caller once more.
                let caller = admission.caller.clone();
                let admitted = ready!(admission.poll_admit(&gate, context));
                admission.caller = caller;
                admitted.and_then(|()| body::open(request, (unread, body), gate.plan))
            }
            Err(denial) => Err(denial),
        };
        Poll::Ready(opened.map_err(|denial| Box::new(self.refuse(*denial))))
    }
}

impl Passage {
    /// Takes what the arguments cost beyond what every request does.
    pub(super) fn settle(&mut self, costs: &Costs) -> Result<(), Box<SecuredResponse>> {
        let Self { request, endpoint, admission, .. } = self;
        let settled = Gate::find(request, endpoint).and_then(|gate| {
            let inner = gate.security.inner();
            // The body may have taken its time.
            let now = inner.clock.now();
            open_limits::settle(&inner.counters, &mut admission.counted, costs, now)?;
            #[cfg(feature = "redis")]
            if let Some(sharing) = &inner.sharing {
                shared_limits::settle(sharing, &admission.counted, costs)?;
            }
            Ok(())
        });
        settled.map_err(|denial| Box::new(self.refuse(*denial)))
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
                shared_limits::charge(sharing, &self.admission.counted, cost);
            }
        }
    }
}

impl<'a> Gate<'a> {
    /// Finds the [`Security`] that answers for the endpoint: the nearest `app_data`.
    #[inline]
    fn find(request: &'a HttpRequest, endpoint: &'static Endpoint) -> Result<Self, Refused> {
        let Some(security) = request.app_data::<Security>() else {
            return Err(Box::new(Denial::internal(
                "no `Security` is installed: add `.app_data(security.clone())` to the `App`",
            )));
        };
        let Some(plan) = security.plan(endpoint) else {
            return Err(Box::new(Denial::internal(
                "the nearest `Security` does not answer for this endpoint: see `answers_for`",
            )));
        };
        Ok(Self { request, security, plan })
    }

    /// The client's address, found out when a stage asks: most count and decide by the principal.
    fn address(&self) -> Option<IpAddr> {
        let peer = self.request.peer_addr().map(|address| address.ip());
        let proxies = self.security.inner().proxies.as_ref();
        client_address(&RequestHead::new(self.request), peer, proxies)
    }
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
    /// What the limits that were asked so far have said.
    pub(super) fn report(&self) -> Option<&LimitReport> {
        self.counted.report.as_ref()
    }

    /// The caller, once it is known.
    pub(super) fn caller(&self) -> Option<&Principal> {
        self.caller.as_ref()
    }

    /// The place of the authenticator that named the caller.
    pub(super) fn caller_is_from(&self) -> Option<usize> {
        self.round.caller_is_from()
    }

    /// The limits that need no caller, and authentication.
    #[inline]
    fn poll_caller(
        &mut self,
        gate: &Gate<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        let now = match self.entered {
            Some(entered) => entered,
            None => self.enter(gate)?,
        };
        if self.done < Done::EarlyLimits {
            ready!(self.poll_limits(gate, Stage::Early, context))?;
            self.done = Done::EarlyLimits;
        }
        let authentication = &gate.plan.authentication;
        if authentication.mode == Mode::Nobody {
            return Poll::Ready(Ok(()));
        }
        if self.done < Done::Authentication {
            let head = RequestHead::new(gate.request);
            match ready!(self.round.poll(authentication, &head, now, context)) {
                Ok(Some(caller)) => {
                    self.caller = Some(caller);
                    self.done = Done::Caller;
                }
                Ok(None) => self.done = Done::Authentication,
                Err(refused) => {
                    self.refused = Some(refused);
                    self.done = Done::Authentication;
                }
            }
        }
        if self.done < Done::Caller {
            ready!(self.poll_limits(gate, Stage::Anonymous, context))?;
            self.done = Done::Caller;
        }
        Poll::Ready(self.refused.take().map_or(Ok(()), Err))
    }

    /// Notes the time, and counts the request among all that are being served.
    #[inline]
    fn enter(&mut self, gate: &Gate<'_>) -> Result<Moment, Refused> {
        if let Some(load) = &gate.security.inner().load {
            limits::arrive(load, gate.plan.endpoint, &mut self.counted)?;
        }
        Ok(*self.entered.insert(gate.security.inner().clock.now()))
    }

    /// What the endpoint's rule comes to by now; refuses if it fails, or stays open for good.
    fn judge(&self, gate: &Gate<'_>, has_arguments: bool) -> Result<Verdict, Refused> {
        let Some(rule) = &gate.plan.rule else { return Ok(Verdict::Holds) };
        let found = Circumstances {
            caller: self.caller.as_ref(),
            accepted_by: AcceptedBy::new(&gate.plan.authentication.names, self.round.accepted()),
            address: if rule.asks_about_address() { gate.address() } else { None },
            now: self.entered,
            answers: self.answers,
            has_arguments,
        };
        match rule.decide(&found) {
            Verdict::Unknown if has_arguments => Err(self.forbidden(gate.plan, rule, &found)),
            Verdict::Fails => Err(self.forbidden(gate.plan, rule, &found)),
            open => Ok(open),
        }
    }

    /// A rule without expressions holds now, or never.
    #[inline]
    fn demand(&self, gate: &Gate<'_>) -> Result<(), Refused> {
        if let (Some(rule), Some(caller)) = (&gate.plan.rule, &self.caller)
            && rule.holds_by_names(caller)
        {
            return Ok(());
        }
        self.judge(gate, true).and_then(|verdict| match verdict {
            Verdict::Holds => Ok(()),
            _ => Err(Box::new(Denial::internal("the rule's expressions were not asked"))),
        })
    }

    /// How and when the caller signed in. Whoever may not do this at all has been told so.
    fn check_step_up(&self, gate: &Gate<'_>) -> Result<(), Refused> {
        let Some(demanded) = &gate.plan.endpoint.policy.step_up else { return Ok(()) };
        let (Some(caller), Some(now)) = (&self.caller, self.entered) else {
            // No endpoint demands this of callers who may be anonymous.
            let cause = "a caller is to have signed in, and there is none";
            return Err(Box::new(Denial::new(DenialKind::Unauthenticated, cause)));
        };
        match lacks(demanded, caller, now) {
            None => Ok(()),
            Some(cause) => {
                let kind = DenialKind::InsufficientAuthentication;
                let denial = Denial::new(kind, format!("`{demanded}` does not hold: {cause}"));
                Err(Box::new(denial.about(self.round.caller_is_from())))
            }
        }
    }

    /// The limits by caller; then the request is let in.
    #[inline]
    fn poll_admit(
        &mut self,
        gate: &Gate<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        if self.done < Done::Begun {
            self.check_step_up(gate)?;
            self.begin(gate)?;
            self.done = Done::Begun;
        }
        if gate.plan.authentication.mode == Mode::Nobody {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_limits(gate, Stage::Caller, context))?;
        // Where the `Principal` extractor finds the caller.
        let passed = Passed { endpoint: gate.plan.endpoint, principal: self.caller.take() };
        gate.request.extensions_mut().insert(passed);
        Poll::Ready(Ok(()))
    }

    /// Takes a permit of each limit of a stage. Those that are counted elsewhere are asked first: what
    /// the others take would have to be given back.
    #[inline]
    fn poll_limits(
        &mut self,
        gate: &Gate<'_>,
        stage: Stage,
        #[cfg_attr(not(feature = "redis"), expect(unused_variables, reason = "nobody waits"))]
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        #[cfg(feature = "redis")]
        if let (Some(sharing), limits @ [_, ..]) =
            (&gate.security.inner().sharing, gate.plan.shared_limits(stage))
        {
            let tier = self.tier(gate)?;
            let address = || gate.group();
            let subject = gate.subject(&address, self.caller.as_ref(), tier.as_deref());
            ready!(shared_limits::poll(sharing, limits, subject, &mut self.counted, context))?;
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

    /// Counts the request among those that are being served.
    #[inline]
    fn begin(&mut self, gate: &Gate<'_>) -> Result<(), Refused> {
        if gate.plan.concurrency.is_empty() {
            return Ok(());
        }
        let address = || gate.group();
        let subject = gate.subject(&address, self.caller.as_ref(), None);
        let inner = gate.security.inner();
        limits::enter(inner, &gate.plan.concurrency, subject, &mut self.counted)
    }

    /// The rule does not hold: what the client may know of it.
    fn forbidden(&self, plan: &Plan, rule: &CompiledRule, found: &Circumstances<'_>) -> Refused {
        let kind = match found.caller {
            None if plan.authentication.mode != Mode::Nobody => DenialKind::Unauthenticated,
            _ if plan.endpoint.policy.hides => DenialKind::NotFound,
            _ if rule.lacks_scopes_alone(found) => DenialKind::InsufficientScope,
            _ => DenialKind::Forbidden,
        };
        let clause = rule.failed_clause(found).unwrap_or("the rule");
        let denial = Denial::new(kind, format!("`{clause}` does not hold"));
        Box::new(denial.about(self.round.caller_is_from()))
    }
}
