//! One request on its way through the stages that know neither its handler nor its body.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::Payload as Body;
use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::body::Unread;
use super::caller::Passed;
use super::extraction::{ArgumentFailure, Refusal};
use super::limits::{LimitReport, Subject, reserve};
use super::{authentication, body, response};
use crate::denial::{Denial, DenialKind};
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::scope::SecuredResponse;
use crate::security::{Mode, Plan, PlannedLimit, Security};
use crate::time::Moment;
use crate::transport::client_address;

/// A request, the plan of its endpoint, and what its limits have said so far.
pub(super) struct Passage<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) security: &'a Security,
    pub(super) plan: &'a Plan,
    pub(super) report: Option<LimitReport<'a>>,
    unread: Option<Unread>,
}

impl<'a> Passage<'a> {
    /// Runs the stages up to the body and opens it; the error is the response of a refusal.
    pub(super) async fn open(
        endpoint: &'static Endpoint,
        request: &'a HttpRequest,
        payload: Payload,
    ) -> Result<(Self, Body), SecuredResponse> {
        let mut passage = match Self::enter(endpoint, request) {
            Ok(passage) => passage,
            Err(denial) => {
                let unread = body::unread(request, payload);
                return Err(response::unconfigured(endpoint, &denial, unread));
            }
        };
        let admitted = match passage.admit().await {
            Ok(()) => body::check(request, passage.plan),
            refused => refused,
        };
        if let Err(denial) = admitted {
            passage.unread = body::unread(request, payload);
            return Err(passage.refuse(denial));
        }
        let (body, unread) = body::open(request, payload, passage.plan);
        passage.unread = unread;
        Ok((passage, body))
    }

    /// Finds the [`Security`] that answers for the endpoint: the nearest `app_data`.
    fn enter(endpoint: &'static Endpoint, request: &'a HttpRequest) -> Result<Self, Denial> {
        let Some(security) = request.app_data::<Security>() else {
            return Err(Denial::internal(
                "no `Security` is installed: add `.app_data(security.clone())` to the `App`",
            ));
        };
        let Some(plan) = security.plan(endpoint) else {
            return Err(Denial::internal(
                "the nearest `Security` does not answer for this endpoint: see `answers_for`",
            ));
        };
        Ok(Self { request, security, plan, report: None, unread: None })
    }

    /// Stages 1 to 5.
    async fn admit(&mut self) -> Result<(), Denial> {
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
            return Err(Denial::new(kind, "the caller does not satisfy the endpoint's rule"));
        }
        self.reserve(&plan.caller_limits, Subject { address, principal: Some(&caller) }, now)?;
        self.remember(Some(caller));
        Ok(())
    }

    /// `auth = optional`, and no credentials were sent.
    fn admit_anonymous(&mut self, anybody: Subject<'_>, now: Moment) -> Result<(), Denial> {
        if self.plan.rule.is_some() {
            // The attribute refuses such a policy; should one exist, nobody passes it unnamed.
            return Err(Denial::new(DenialKind::Unauthenticated, "the rule needs a caller"));
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
    ) -> Result<(), Denial> {
        if limits.is_empty() {
            return Ok(());
        }
        reserve(&self.security.inner().limiter, limits, subject, now, &mut self.report)
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
    pub(super) fn finish<B: MessageBody + 'static>(
        self,
        response: HttpResponse<B>,
    ) -> SecuredResponse {
        self.complete(response.map_into_boxed_body())
    }

    fn complete(self, mut response: HttpResponse) -> SecuredResponse {
        response::describe_limits(&self, response.headers_mut());
        SecuredResponse::new(response)
    }

    /// A stage has refused the request.
    pub(super) fn refuse(mut self, denial: Denial) -> SecuredResponse {
        let response = response::refuse(&self, denial);
        let response = response::holding(response, self.unread.take());
        self.complete(response)
    }

    /// The arguments could not be extracted.
    pub(super) fn refuse_arguments(mut self, failure: ArgumentFailure) -> SecuredResponse {
        match failure.into_refusal() {
            Refusal::Denied(denial) => self.refuse(denial),
            Refusal::Answered(response) => {
                let response = response::holding(response, self.unread.take());
                self.complete(response)
            }
        }
    }
}
