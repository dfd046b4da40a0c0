//! One request on its way through the stages that know neither its handler nor its body.

use std::time::Duration;

use actix_web::dev::Payload as Body;
use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::body::Unread;
use super::caller::Passed;
use super::extraction::Refusal;
use super::limits::{LimitReport, Subject, reserve};
use super::{authentication, body, extraction, response};
use crate::denial::{Denial, DenialKind};
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::scope::SecuredResponse;
use crate::security::{Mode, Plan, PlannedLimit, Security};
use crate::time::Moment;
use crate::transport::client_address;
use crate::validation::Violations;

/// A denial on its way to becoming a response; boxed, because it is rare and large.
pub(super) type Refused = Box<Denial>;

/// A request, the plan of its endpoint, and what its limits have said so far.
pub(super) struct Passage<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) security: &'a Security,
    pub(super) plan: &'a Plan,
    pub(super) report: Option<LimitReport<'a>>,
    unread: Unread,
}

impl<'a> Passage<'a> {
    /// Runs the stages up to the body, and opens it; the error is the response of a refusal.
    pub(super) async fn open(
        endpoint: &'static Endpoint,
        request: &'a HttpRequest,
        payload: Payload,
    ) -> Result<(Self, Body), Box<SecuredResponse>> {
        let mut passage = Self::enter(endpoint, request, payload)?;
        let opened = match passage.admit().await {
            Ok(()) => body::open(request, &mut passage.unread, passage.plan),
            Err(denial) => Err(denial),
        };
        match opened {
            Ok(body) => Ok((passage, body)),
            Err(denial) => Err(Box::new(passage.refuse(*denial))),
        }
    }

    /// Finds the [`Security`] that answers for the endpoint: the nearest `app_data`.
    fn enter(
        endpoint: &'static Endpoint,
        request: &'a HttpRequest,
        payload: Payload,
    ) -> Result<Self, Box<SecuredResponse>> {
        let unread = Unread::Untouched(payload.into_inner());
        let security = request.app_data::<Security>();
        let found = security.and_then(|security| Some((security, security.plan(endpoint)?)));
        match found {
            Some((security, plan)) => Ok(Self { request, security, plan, report: None, unread }),
            None => {
                let installed = security.is_some();
                Err(Box::new(response::unconfigured(endpoint, installed, unread, request)))
            }
        }
    }

    /// Stages 1 to 5.
    async fn admit(&mut self) -> Result<(), Refused> {
        let inner = self.security.inner();
        let plan = self.plan;
        let head = RequestHead::new(self.request);
        let now = inner.clock.now();
        let peer = self.request.peer_addr().map(|address| address.ip());
        let address = client_address(&head, peer, inner.proxies.as_ref());
        let anybody = Subject { address, principal: None };
        self.reserve(&plan.early_limits, anybody, now)?;
        if plan.authentication.mode == Mode::Nobody {
            return Ok(());
        }
        let caller = match authentication::authenticate(&plan.authentication, &head, now).await {
            Ok(Some(caller)) => caller,
            Ok(None) => {
                self.reserve(&plan.anonymous_limits, anybody, now)?;
                return self.admit_anonymous(anybody, now);
            }
            Err(denial) => {
                self.reserve(&plan.anonymous_limits, anybody, now)?;
                return Err(denial);
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
        self.reserve(&plan.caller_limits, Subject { address, principal: Some(&caller) }, now)?;
        self.remember(Some(caller));
        Ok(())
    }

    /// `auth = optional`, and no credentials were sent.
    fn admit_anonymous(&mut self, anybody: Subject<'_>, now: Moment) -> Result<(), Refused> {
        if self.plan.rule.is_some() {
            // The attribute refuses such a policy; should one exist, nobody passes it unnamed.
            let cause = "the rule needs a caller";
            return Err(Box::new(Denial::new(DenialKind::Unauthenticated, cause)));
        }
        self.reserve(&self.plan.caller_limits, anybody, now)?;
        self.remember(None);
        Ok(())
    }

    /// Takes a permit of each of these limits, or of none.
    fn reserve(
        &mut self,
        limits: &'a [PlannedLimit],
        subject: Subject<'_>,
        now: Moment,
    ) -> Result<(), Refused> {
        if limits.is_empty() {
            return Ok(());
        }
        let told = (&self.security.inner().limiter, &self.plan.fields);
        reserve(told, limits, subject, now, &mut self.report)
    }

    /// Leaves the caller where the `Principal` extractor finds it.
    fn remember(&self, principal: Option<Principal>) {
        let passed = Passed { endpoint: self.plan.endpoint, principal };
        self.request.extensions_mut().insert(passed);
    }

    pub(super) fn body_timeout(&self) -> Duration {
        self.security.inner().body_timeout
    }

    /// The handler has answered: adds the response's own fields.
    pub(super) fn finish(&self, mut response: HttpResponse) -> SecuredResponse {
        response::describe_limits(self, response.headers_mut());
        SecuredResponse::new(response)
    }

    /// A stage has refused the request.
    fn refuse(&mut self, denial: Denial) -> SecuredResponse {
        let response = response::refuse(self, denial);
        self.answer_early(response)
    }

    /// The arguments could not be extracted; without an error, not in time.
    pub(super) fn refuse_arguments(&mut self, error: Option<actix_web::Error>) -> SecuredResponse {
        match extraction::refusal(error.as_ref()) {
            Refusal::Denied(denial) => self.refuse(denial),
            Refusal::Answered(response) => self.answer_early(response),
        }
    }

    /// Refuses arguments that break rules, if any do.
    pub(super) fn refuse_violations(&mut self, violations: Violations) -> Option<SecuredResponse> {
        violations.denial().map(|denial| self.refuse(denial))
    }

    /// Answers while the request's body may still be arriving.
    fn answer_early(&mut self, response: HttpResponse) -> SecuredResponse {
        let unread = std::mem::take(&mut self.unread);
        let response = unread.held_by(response, self.request);
        self.finish(response)
    }
}
