//! One request and its response: drives the stages, finishes the handler's response, and answers
//! refusals.

use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use super::abandonment::{self, Client};
use super::gate::Gate;
use super::incoming::Incoming;
use super::order::{self, Step};
use super::progress::Progress;
use super::refused::{EarlyAnswer, Ended, Refused, refused};
use super::response::log::RefusedRequest;
use super::response::{self, rate_limit_headers};
use super::scope_policies::{self, InnerResponse, ScopePolicy};
use super::stages::extraction::HandlerArguments;
use super::stages::request_body::RequestBody;
use super::stages::{body, errors};
use super::{SecuredResponse, limits, open_streams, probe};
use crate::denial::{Denial, DenialKind};
use crate::plan::PlannedBudget;
use crate::policy::Endpoint;
use crate::security::Security;

/// The response to a refused request. Boxed, because it is rare and large.
pub(super) type RefusedResponse = Box<SecuredResponse>;

/// A request that is being served.
///
/// It borrows nothing, so a future can own it. It shares nothing, so requests on other cores do not
/// touch the same counters: the [`Security`] is looked up where it is needed.
pub(super) struct Exchange {
    endpoint: &'static Endpoint,
    request: HttpRequest,
    body: RequestBody,
    progress: Progress,
}

/// In the extensions of a response that is never sent, because the client is gone.
struct NeverSent;

#[cold]
fn never_sent() -> RefusedResponse {
    let mut response = HttpResponse::new(StatusCode::SERVICE_UNAVAILABLE);
    response.extensions_mut().insert(NeverSent);
    Box::new(SecuredResponse::new(response))
}

impl Exchange {
    pub(super) fn new(endpoint: &'static Endpoint, incoming: Incoming) -> Self {
        Self {
            endpoint,
            request: incoming.request,
            body: RequestBody::new(incoming.body),
            progress: Progress { is_scope_policy: incoming.is_scope_policy, ..Progress::default() },
        }
    }

    /// The policies of the scopes around the endpoint. A policy itself has none.
    #[inline]
    pub(super) fn scope_policies(&self) -> Option<Vec<ScopePolicy>> {
        if self.progress.is_scope_policy {
            None
        } else {
            scope_policies::policies_for(&self.request)
        }
    }

    /// Hands the request to the policies of the scopes around the endpoint. They hold the body in
    /// the meantime.
    pub(super) fn hand_over(&mut self) -> (&'static Endpoint, HttpRequest, RequestBody) {
        let body = std::mem::replace(&mut self.body, RequestBody::new(Payload::None));
        (self.endpoint, self.request.clone(), body)
    }

    /// Takes the body back after the policies have let the request pass.
    pub(super) fn take_back(&mut self, body: RequestBody) {
        self.body = body;
    }

    pub(super) fn request(&self) -> &HttpRequest {
        &self.request
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// `None` if the client waits. Otherwise the result for a request whose client is gone:
    /// `Pending` if it must continue later, in the background.
    #[inline]
    fn check_client(&mut self) -> Option<Poll<RefusedResponse>> {
        match abandonment::client() {
            Client::Waits => None,
            client => self.client_gone(client),
        }
    }

    /// Decides whether a request without a client continues.
    #[cold]
    fn client_gone(&mut self, client: Client) -> Option<Poll<RefusedResponse>> {
        let Self { request, endpoint, progress, .. } = self;
        progress.is_abandoned = true;
        if client == Client::Leaves
            && let Ok(gate) = Gate::find(request, endpoint)
        {
            progress.charge_attempt(&gate);
        }
        if !progress.must_finish() {
            return Some(Poll::Ready(self.abandon()));
        }
        (client == Client::Leaves).then_some(Poll::Pending)
    }

    /// Ends a request whose client is gone; nothing depends on how it ends.
    fn abandon(&mut self) -> RefusedResponse {
        if let Ok(gate) = Gate::find(&self.request, self.endpoint) {
            self.progress.give_attempt_back(&gate);
        }
        never_sent()
    }

    /// Polls code of the application, unless the client is gone and nothing depends on how the
    /// request ends.
    pub(super) fn poll_within<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Result<T, RefusedResponse>> {
        if let Some(left) = self.check_client() {
            return left.map(Err);
        }
        poll(context).map(Ok)
    }

    /// Runs the stages up to the next step. The error is the response to a refused request.
    pub(super) fn poll_step(
        &mut self,
        arguments: &mut dyn HandlerArguments,
        context: &mut Context<'_>,
    ) -> Poll<Result<Step, RefusedResponse>> {
        if let Some(left) = self.check_client() {
            return left.map(Err);
        }
        let Self { request, endpoint, body, progress, .. } = self;
        if let Some(answer) = probe::answer(request, endpoint) {
            return Poll::Ready(Err(Box::new(SecuredResponse::new(answer))));
        }
        let step = match Gate::find(request, endpoint) {
            Ok(gate) => ready!(order::advance(&gate, progress, body, arguments, context)),
            Err(denial) => Err(Ended::Refused(denial)),
        };
        Poll::Ready(step.map_err(|ended| self.end(ended)))
    }

    /// Records the result of a rule's expression. `None` means that it needs an argument that is
    /// not extracted yet. An error may have to become 404, if the endpoint has `hide`.
    pub(super) fn record_expression(
        &mut self,
        index: u8,
        answer: Result<Option<bool>, actix_web::Error>,
    ) -> Result<(), RefusedResponse> {
        match answer {
            Ok(Some(holds)) => self.progress.answers.record(index, holds),
            Ok(None) => self.progress.answers.postpone(index),
            Err(error) => return Err(self.refuse_answer(&error)),
        }
        Ok(())
    }

    /// Refuses with 500 because an internal invariant is broken.
    pub(super) fn refuse_internal(&mut self, cause: &'static str) -> RefusedResponse {
        Box::new(self.refuse(refused(DenialKind::Internal, cause)))
    }

    /// Finishes the handler's response: charges its cost, counts failures, adds the header fields.
    /// A denial that the handler returned is answered in the same way as one of the pipeline.
    pub(super) fn finish(&mut self, response: &mut HttpResponse) {
        if self.progress.is_abandoned && response.extensions().contains::<NeverSent>() {
            // This is a scope policy whose endpoint had no reason to continue: nothing to count.
            let _ = self.abandon();
            return;
        }
        if self.progress.limit_state.has_deferred()
            && let Some(security) = self.request.app_data::<Security>()
        {
            limits::charge(security, &mut self.progress, response);
        }
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            body::upgrade(&self.request);
        }
        let is_inner_response = self.is_inner_response(response);
        if let Some(denial) = self.denial_in(response).filter(|_| !is_inner_response) {
            let denial =
                Box::new(denial.with_authenticator(self.progress.accepting_authenticator()));
            *response = response::refuse(self.refused_request(self.gate().as_ref()), denial);
        }
        if self.progress.watches_failures && self.counts_failures(is_inner_response) {
            let gate = self.gate();
            if let Some(instead) = self.progress.count_failure(gate.as_ref(), response) {
                *response = response::refuse(self.refused_request(gate.as_ref()), instead);
            }
        }
        self.add_fields(response);
        if matches!(response.body().size(), BodySize::Stream) {
            let Self { endpoint, request, body, progress, .. } = self;
            if let Ok(gate) = Gate::find(request, endpoint) {
                open_streams::wrap(&gate, progress, body.lifetime(), response);
            }
        }
    }

    /// Whether this is a scope policy, and the response is the finished one of the endpoint behind
    /// it.
    fn is_inner_response(&self, response: &HttpResponse) -> bool {
        self.progress.is_scope_policy && response.extensions().contains::<InnerResponse>()
    }

    /// Whether the failure budgets of this policy count the response. A response of the endpoint
    /// behind a scope policy was counted by the endpoint already, unless this policy has budgets of
    /// its own.
    fn counts_failures(&self, is_inner_response: bool) -> bool {
        if !is_inner_response {
            return true;
        }
        let Some(gate) = self.gate() else { return false };
        let counts_failures = gate.plan.budgets().any(PlannedBudget::is_own);
        if !counts_failures {
            self.progress.give_attempt_back(&gate);
        }
        counts_failures
    }

    /// The denial that the handler returned, or the fault of a body that the handler read itself. A
    /// body reader whose errors this crate does not know answers 400 for a body that was cut off at
    /// a limit; the fault that the pipeline found is stored in the request.
    fn denial_in(&self, response: &HttpResponse) -> Option<Denial> {
        let error = response.error()?;
        let denial = Denial::of(response);
        if denial.is_none()
            && (response.status() == StatusCode::BAD_REQUEST || errors::is_end_of_a_body(error))
        {
            return body::fault(&self.gate()?).map(|denial| *denial);
        }
        denial.cloned()
    }

    fn gate(&self) -> Option<Gate<'_>> {
        Gate::find(&self.request, self.endpoint).ok()
    }

    fn refused_request<'a>(&'a self, gate: Option<&'a Gate<'a>>) -> RefusedRequest<'a> {
        let Self { endpoint, request, progress, .. } = self;
        RefusedRequest { endpoint, request, gate, caller: progress.caller() }
    }

    fn add_fields(&mut self, response: &mut HttpResponse) {
        if response.status().is_server_error()
            && !self.progress.limit_state.refundable.is_empty()
            && let Some(security) = self.request.app_data::<Security>()
        {
            limits::refund(security, &mut self.progress.limit_state);
        }
        if let Some(report) = &self.progress.limit_state.report {
            let is_inner_response = self.is_inner_response(response);
            let (unenforced, headers) =
                (self.progress.limit_state.unenforced, response.headers_mut());
            match is_inner_response {
                false => rate_limit_headers::write(report, unenforced, headers),
                true => rate_limit_headers::write_beside(report, unenforced, headers),
            }
        }
        if response.error().is_some() {
            response::remove_unwanted_fields(response);
        }
    }

    /// Answers a request that a stage refused.
    fn refuse(&mut self, denial: impl Into<Refused>) -> SecuredResponse {
        let gate = self.gate();
        let response = response::refuse(self.refused_request(gate.as_ref()), denial.into());
        let _ = self.progress.count_failure(gate.as_ref(), &response);
        self.leave(response)
    }

    #[cold]
    fn end(&mut self, ended: Ended) -> RefusedResponse {
        Box::new(match ended {
            Ended::Refused(denial) => self.refuse(denial),
            Ended::Answered(answer) => self.answer_early(*answer),
            Ended::Abandoned => return self.abandon(),
        })
    }

    fn refuse_answer(&mut self, error: &actix_web::Error) -> RefusedResponse {
        let max_body = self.gate().map_or(0, |gate| gate.plan.max_body());
        let ended = errors::refusal(error, max_body);
        self.end(match self.endpoint.policy.hides {
            true => errors::hide(ended, 403..404),
            false => ended,
        })
    }

    /// Answers with the response that an extractor or an expression of the application rendered.
    fn answer_early(&mut self, EarlyAnswer { response, cause }: EarlyAnswer) -> SecuredResponse {
        let gate = self.gate();
        self.refused_request(gate.as_ref()).log_answer(response.status(), &cause);
        let _ = self.progress.count_failure(gate.as_ref(), &response);
        self.leave(response)
    }

    /// Answers while the request's body may still be arriving.
    fn leave(&mut self, mut response: HttpResponse) -> SecuredResponse {
        self.body.refuse();
        self.add_fields(&mut response);
        SecuredResponse::new(response)
    }

    /// Delays the response to a refused request once; see [`RequestBody::poll_delay`].
    pub(super) fn poll_delay(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.body.poll_delay(&self.request, context)
    }

    /// The response to a refused request, after that delay.
    pub(super) fn finish_refusal(
        &mut self,
        refused: SecuredResponse,
        context: &mut Context<'_>,
    ) -> SecuredResponse {
        refused.map(|response| self.body.hold_request_body(response, context))
    }
}
