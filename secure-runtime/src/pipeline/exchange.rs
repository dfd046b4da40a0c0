//! One request and its answer: what the stages have made of it so far, and how it ends.

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

/// The response of a refusal; boxed, because it is rare and large.
pub(super) type RefusedResponse = Box<SecuredResponse>;

/// A request on its way.
///
/// It borrows nothing, so that it can lie in a future, and shares nothing, so that requests on
/// other cores do not touch the same counters: the [`Security`] is looked up where it is needed.
pub(super) struct Exchange {
    endpoint: &'static Endpoint,
    request: HttpRequest,
    body: RequestBody,
    progress: Progress,
}

/// In the extensions of a response that stands for an answer without a client.
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

    /// The policies of the scopes around the endpoint; a policy has none itself.
    #[inline]
    pub(super) fn scope_policies(&self) -> Option<Vec<ScopePolicy>> {
        if self.progress.is_scope_policy {
            None
        } else {
            scope_policies::policies_for(&self.request)
        }
    }

    /// Lets the policies of the scopes around the endpoint go first; the body is theirs to hold.
    pub(super) fn hand_over(&mut self) -> (&'static Endpoint, HttpRequest, RequestBody) {
        let body = std::mem::replace(&mut self.body, RequestBody::new(Payload::None));
        (self.endpoint, self.request.clone(), body)
    }

    /// They have led the request on.
    pub(super) fn take_back(&mut self, body: RequestBody) {
        self.body = body;
    }

    pub(super) fn request(&self) -> &HttpRequest {
        &self.request
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// What becomes of a request whose client is gone: `Pending` if it has to go on, but not now.
    #[inline]
    fn check_client(&mut self) -> Option<Poll<RefusedResponse>> {
        match abandonment::client() {
            Client::Waits => None,
            client => self.client_gone(client),
        }
    }

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

    /// Nothing hangs on how the request ends.
    fn abandon(&mut self) -> RefusedResponse {
        if let Ok(gate) = Gate::find(&self.request, self.endpoint) {
            self.progress.give_attempt_back(&gate);
        }
        never_sent()
    }

    /// Waits for something of the application, unless the client is gone and nothing hangs on it.
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

    /// Runs the stages up to the next step; the error is the response of a refusal.
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

    /// Takes in what an expression of the rule says; `None`: it hangs on what was not extracted yet. What
    /// an error forbids may have to be hidden.
    pub(super) fn answer(
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

    /// Something that cannot happen has.
    pub(super) fn refuse_internal(&mut self, cause: &'static str) -> RefusedResponse {
        Box::new(self.refuse(refused(DenialKind::Internal, cause)))
    }

    /// The handler has answered: adds the response's own fields. A denial that it returned is
    /// answered as one of the pipeline's.
    pub(super) fn finish(&mut self, response: &mut HttpResponse) {
        if self.progress.is_abandoned && response.extensions().contains::<NeverSent>() {
            // The policy of a scope has gone on, and the endpoint behind it did not have to: nothing to judge.
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
            let denial = Box::new(denial.about(self.progress.caller_is_from()));
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

    /// Whether the policy of a scope has the response of what stands behind it, which is finished.
    fn is_inner_response(&self, response: &HttpResponse) -> bool {
        self.progress.is_scope_policy && response.extensions().contains::<InnerResponse>()
    }

    /// Whether its budgets count the response. What comes from behind the policy of a scope, the endpoint has
    /// counted where it has no budgets of its own.
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

    /// A denial that the handler returned, or the end of a body that it read itself. A reader whose errors this
    /// crate does not know answers a body that ended at a bound with 400; what was found wrong is left in the
    /// request.
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
        if let Some(report) = self.progress.report() {
            let is_inner_response = self.is_inner_response(response);
            let (unenforced, headers) = (self.progress.unenforced(), response.headers_mut());
            match is_inner_response {
                false => rate_limit_headers::write(report, unenforced, headers),
                true => rate_limit_headers::write_beside(report, unenforced, headers),
            }
        }
        if response.error().is_some() {
            response::remove_unwanted_fields(response);
        }
    }

    /// A stage has refused the request.
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

    /// An extractor of the application has answered, or one of its expressions.
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

    /// Keeps the response of a refusal back, once; see [`RequestBody::poll_turn`].
    pub(super) fn poll_delay(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.body.poll_delay(&self.request, context)
    }

    /// The response after that turn.
    pub(super) fn finish_refusal(
        &mut self,
        refused: SecuredResponse,
        context: &mut Context<'_>,
    ) -> SecuredResponse {
        refused.map(|response| self.body.hold_request_body(response, context))
    }
}
