//! Stages 1 to 5: what is decided before anything of the body is read.

use std::net::IpAddr;
use std::task::{Context, Poll, ready};

use actix_web::{HttpMessage, HttpRequest};

use super::authentication::Round;
use super::caller::Passed;
use super::limits::{LimitReport, Subject, reserve};
use super::passage::{Passage, Refused};
use super::{body, response};
use crate::denial::{Denial, DenialKind};
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::scope::SecuredResponse;
use crate::security::{Mode, Plan, PlannedLimit, Security};
use crate::time::Moment;
use crate::transport::client_address;

/// How far a request has come.
#[derive(Default)]
pub(super) struct Admission {
    /// What was found out on entering; `None` before.
    entered: Option<Entered>,
    round: Round,
    report: Option<LimitReport>,
}

/// What holds for the whole of a request.
#[derive(Clone, Copy)]
struct Entered {
    now: Moment,
    address: Option<IpAddr>,
}

/// What the stages read: the request, and the plan of its endpoint.
struct Gate<'a> {
    request: &'a HttpRequest,
    security: &'a Security,
    plan: &'a Plan,
}

impl Passage {
    /// Runs the stages up to the body, and opens it; the error is the response of a refusal.
    pub(super) fn poll_admission(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Box<SecuredResponse>>> {
        let Self { request, endpoint, admission, unread, .. } = self;
        let gate = match Gate::find(request, endpoint) {
            Ok(gate) => gate,
            Err(denial) => return Poll::Ready(Err(Box::new(self.refuse(*denial)))),
        };
        let admitted = ready!(admission.poll(&gate, context));
        self.limit_fields = admission
            .report
            .as_ref()
            .and_then(|report| response::limit_fields(gate.security, gate.plan, report));
        match admitted.and_then(|()| body::open(request, unread, gate.plan)) {
            Ok(body) => {
                self.body = body;
                Poll::Ready(Ok(()))
            }
            Err(denial) => Poll::Ready(Err(Box::new(self.refuse(*denial)))),
        }
    }
}

impl<'a> Gate<'a> {
    /// Finds the [`Security`] that answers for the endpoint: the nearest `app_data`.
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

    /// Leaves the caller where the `Principal` extractor finds it.
    fn remember(&self, principal: Option<Principal>) {
        let passed = Passed { endpoint: self.plan.endpoint, principal };
        self.request.extensions_mut().insert(passed);
    }
}

impl Admission {
    fn poll(&mut self, gate: &Gate<'_>, context: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        let head = RequestHead::new(gate.request);
        let entered = match self.entered {
            Some(entered) => entered,
            None => self.enter(gate, &head)?,
        };
        let authentication = &gate.plan.authentication;
        if authentication.mode == Mode::Nobody {
            return Poll::Ready(Ok(()));
        }
        let outcome = ready!(self.round.poll(authentication, &head, entered.now, context));
        Poll::Ready(self.conclude(gate, entered, outcome))
    }

    /// The address, and the limits that need no caller.
    fn enter(&mut self, gate: &Gate<'_>, head: &RequestHead<'_>) -> Result<Entered, Refused> {
        let inner = gate.security.inner();
        let now = inner.clock.now();
        let peer = gate.request.peer_addr().map(|address| address.ip());
        let address = client_address(head, peer, inner.proxies.as_ref());
        let entered = *self.entered.insert(Entered { now, address });
        self.reserve(gate, &gate.plan.early_limits, entered, None)?;
        Ok(entered)
    }

    /// The rules about the caller, and the limits by caller.
    fn conclude(
        &mut self,
        gate: &Gate<'_>,
        entered: Entered,
        outcome: Result<Option<Principal>, Refused>,
    ) -> Result<(), Refused> {
        let plan = gate.plan;
        let caller = match outcome {
            Ok(Some(caller)) => caller,
            unnamed => {
                self.reserve(gate, &plan.anonymous_limits, entered, None)?;
                unnamed?;
                return self.conclude_anonymous(gate, entered);
            }
        };
        if let Some(rule) = plan.rule.as_ref().filter(|rule| !rule.holds(&caller)) {
            let kind = if rule.would_hold_with_scopes(&caller) {
                DenialKind::InsufficientScope
            } else {
                DenialKind::Forbidden
            };
            let cause = "the caller does not satisfy the endpoint's rule";
            return Err(Box::new(Denial::new(kind, cause)));
        }
        self.reserve(gate, &plan.caller_limits, entered, Some(&caller))?;
        gate.remember(Some(caller));
        Ok(())
    }

    /// `auth = optional`, and no credentials were sent.
    fn conclude_anonymous(&mut self, gate: &Gate<'_>, entered: Entered) -> Result<(), Refused> {
        if gate.plan.rule.is_some() {
            // The attribute refuses such a policy; should one exist, nobody passes it unnamed.
            let cause = "the rule needs a caller";
            return Err(Box::new(Denial::new(DenialKind::Unauthenticated, cause)));
        }
        self.reserve(gate, &gate.plan.caller_limits, entered, None)?;
        gate.remember(None);
        Ok(())
    }

    /// Takes a permit of each of these limits, or of none.
    fn reserve(
        &mut self,
        gate: &Gate<'_>,
        limits: &[PlannedLimit],
        entered: Entered,
        principal: Option<&Principal>,
    ) -> Result<(), Refused> {
        if limits.is_empty() {
            return Ok(());
        }
        let subject = Subject { address: entered.address, principal };
        let told = (&gate.security.inner().limiter, &gate.plan.fields);
        reserve(told, limits, subject, entered.now, &mut self.report)
    }
}
