//! Stages 1 to 5: what is decided before anything of the body is read.

use std::net::IpAddr;
use std::task::{Context, Poll, ready};

use actix_web::{HttpMessage, HttpRequest};

use super::authentication::Round;
use super::body;
use super::caller::Passed;
use super::failures;
use super::limits::{self, Counted, LimitReport};
use super::passage::{Passage, Refused};
use crate::authorization::{AcceptedBy, Answers, Circumstances, CompiledRule, Verdict, lacks};
use crate::denial::{Denial, DenialKind};
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::scope::SecuredResponse;
use crate::security::{Mode, Plan, Security, Stage};
use crate::time::Moment;
use crate::transport::client_address;

/// How far a request has come.
#[derive(Default)]
pub(super) struct Admission {
    /// When the request entered, or has waited in a queue since; `None` before.
    pub(super) entered: Option<Moment>,
    round: Round,
    pub(super) caller: Option<Principal>,
    /// Why there is none, while the limits of those without one are asked.
    pub(super) refused: Option<Refused>,
    /// What need not be done again by who had to wait.
    done: Done,
    /// What the application's expressions have said.
    pub(super) answers: Answers,
    pub(super) counted: Counted,
    /// Whether the handler's answer may be a failure that counts.
    pub(super) watches_failures: bool,
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
pub(super) struct Gate<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) security: &'a Security,
    pub(super) plan: &'a Plan,
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
        Poll::Ready(opened.map_err(|denial| Box::new(self.refuse(denial))))
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
        Poll::Ready(known.map_err(|denial| Box::new(self.refuse(denial))))
    }

    /// What is known of the endpoint's rule by now.
    pub(super) fn judge(&mut self, has_arguments: bool) -> Result<Verdict, Box<SecuredResponse>> {
        let Self { request, endpoint, admission, .. } = self;
        let judged =
            Gate::find(request, endpoint).and_then(|gate| admission.judge(&gate, has_arguments));
        judged.map_err(|denial| Box::new(self.refuse(denial)))
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
        Poll::Ready(opened.map_err(|denial| Box::new(self.refuse(denial))))
    }
}

impl<'a> Gate<'a> {
    /// Finds the [`Security`] that answers for the endpoint: the nearest `app_data`.
    #[inline]
    pub(super) fn find(
        request: &'a HttpRequest,
        endpoint: &'static Endpoint,
    ) -> Result<Self, Refused> {
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
    pub(super) fn address(&self) -> Option<IpAddr> {
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
                    failures::check_caller(gate, self.caller.as_ref(), now)?;
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
        let now = *self.entered.insert(gate.security.inner().clock.now());
        self.watches_failures = failures::begin(gate, now)?;
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
    fn poll_admit(
        &mut self,
        gate: &Gate<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        if self.done < Done::Begun {
            // Not once more by who waits for others to end.
            if self.counted.waiting.is_none() {
                self.check_step_up(gate)?;
            }
            ready!(self.poll_begin(gate, context))?;
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
