//! Stages 1 to 5: what is decided before anything of the body is read.

use std::net::IpAddr;
use std::task::{Context, Poll, ready};

use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::authentication::Round;
use super::body;
use super::caller::Passed;
use super::limit_keys::{Subject, tier};
use super::limits::{Counted, LimitReport, reserve};
use super::open_limits;
use super::passage::{Passage, Refused};
use crate::authorization::{AcceptedBy, Answers, Circumstances, CompiledRule, Verdict, lacks};
use crate::denial::{Denial, DenialKind};
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::response_cost::ResponseCost;
use crate::scope::SecuredResponse;
use crate::security::{Mode, Plan, PlannedLimit, Security};
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
    /// What the application's expressions have said.
    pub(super) answers: Answers,
    counted: Counted,
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
                let admitted = ready!(admission.poll_caller(&gate, context))
                    .and_then(|()| admission.demand(&gate))
                    .and_then(|()| admission.admit(&gate));
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
    pub(super) fn admit(&mut self) -> Result<(), Box<SecuredResponse>> {
        let Self { request, endpoint, admission, unread, body, .. } = self;
        let opened = Gate::find(request, endpoint).and_then(|gate| {
            // The rules about the arguments ask about the caller once more.
            let caller = admission.caller.clone();
            let admitted = admission.admit(&gate);
            admission.caller = caller;
            admitted.and_then(|()| body::open(request, (unread, body), gate.plan))
        });
        opened.map_err(|denial| Box::new(self.refuse(*denial)))
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
            open_limits::settle(&inner.counters, &mut admission.counted, costs, now)
        });
        settled.map_err(|denial| Box::new(self.refuse(*denial)))
    }

    /// Takes what the handler said that the request costs.
    pub(super) fn charge(&mut self, response: &HttpResponse) {
        let cost = response.extensions().get::<ResponseCost>().copied();
        let (Some(ResponseCost(cost)), false) = (cost, self.admission.counted.open.is_empty())
        else {
            return;
        };
        if let Some(security) = self.request.app_data::<Security>() {
            let inner = security.inner();
            let now = inner.clock.now();
            open_limits::charge(&inner.counters, &mut self.admission.counted, cost, now);
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

impl Admission {
    /// What the limits that were asked so far have said.
    pub(super) fn report(&self) -> Option<&LimitReport> {
        self.counted.report.as_ref()
    }

    /// The limits that are not enforced for this request, a bit each.
    pub(super) fn untold(&self) -> u64 {
        self.counted.untold
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
        let authentication = &gate.plan.authentication;
        if authentication.mode == Mode::Nobody {
            return Poll::Ready(Ok(()));
        }
        let head = RequestHead::new(gate.request);
        let outcome = ready!(self.round.poll(authentication, &head, now, context));
        if !matches!(outcome, Ok(Some(_))) {
            self.reserve(gate, &gate.plan.anonymous_limits)?;
        }
        self.caller = outcome?;
        Poll::Ready(Ok(()))
    }

    /// The limits that need no caller.
    #[inline]
    fn enter(&mut self, gate: &Gate<'_>) -> Result<Moment, Refused> {
        let now = *self.entered.insert(gate.security.inner().clock.now());
        self.reserve(gate, &gate.plan.early_limits)?;
        Ok(now)
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
    fn admit(&mut self, gate: &Gate<'_>) -> Result<(), Refused> {
        self.check_step_up(gate)?;
        if gate.plan.authentication.mode == Mode::Nobody {
            return Ok(());
        }
        self.reserve(gate, &gate.plan.caller_limits)?;
        // Where the `Principal` extractor finds the caller.
        let passed = Passed { endpoint: gate.plan.endpoint, principal: self.caller.take() };
        gate.request.extensions_mut().insert(passed);
        Ok(())
    }

    /// Takes a permit of each of these limits, or of none.
    #[inline]
    fn reserve(&mut self, gate: &Gate<'_>, limits: &[PlannedLimit]) -> Result<(), Refused> {
        let Some(now) = self.entered.filter(|_| !limits.is_empty()) else { return Ok(()) };
        let inner = gate.security.inner();
        let tier = match (&inner.tier, &self.caller) {
            (Some(function), Some(caller)) if gate.plan.has_tiers => tier(function, caller)?,
            _ => None,
        };
        let subject = Subject {
            address: &|| gate.address().map(|address| inner.address_groups.group(address)),
            principal: self.caller.as_ref(),
            tier: tier.as_deref(),
            request: gate.request,
            claims: &inner.claims,
        };
        reserve(&inner.counters, limits, subject, now, &mut self.counted)
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
