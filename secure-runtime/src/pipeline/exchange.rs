//! One request and its answer: what the stages have made of it so far, and how it ends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::dev::Payload as Body;
use actix_web::http::StatusCode;
use actix_web::rt::time::{Sleep, sleep};
use actix_web::{HttpRequest, HttpResponse};

use super::abandonment::{self, Client};
use super::arguments::Arguments;
use super::gate::Gate;
use super::limits;
use super::order::{self, Step};
use super::progress::Progress;
use super::refused::{Refused, refused};
use super::response::{self, rate_limit_headers};
use super::serve::{Incoming, Validate};
use super::stages::body::{RequestBody, is_still_coming};
use super::stages::extraction::{self, Refusal};
use super::stages::load;
use crate::denial::{Denial, DenialKind};
use crate::policy::{Endpoint, Places};
use crate::scope::SecuredResponse;
use crate::security::Security;
use crate::validation::Violations;

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
    /// A body that was refused unread.
    left: Body,
    /// When the arguments that are being extracted have taken too long.
    deadline: Option<Pin<Box<Sleep>>>,
}

/// Stands for an answer that has no client.
#[cold]
fn never_sent() -> RefusedResponse {
    Box::new(SecuredResponse::new(HttpResponse::new(StatusCode::SERVICE_UNAVAILABLE)))
}

impl Exchange {
    pub(super) fn new(endpoint: &'static Endpoint, incoming: Incoming) -> Self {
        Self {
            endpoint,
            request: incoming.request,
            body: RequestBody::new(incoming.body),
            progress: Progress::default(),
            left: Body::None,
            deadline: None,
        }
    }

    pub(super) fn request(&self) -> &HttpRequest {
        &self.request
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// What becomes of a request whose client is gone: `Pending` if it has to go on, but not now.
    #[inline]
    fn left_alone(&mut self) -> Option<Poll<RefusedResponse>> {
        match abandonment::client() {
            Client::Waits => None,
            client => self.go_on_without(client),
        }
    }

    #[cold]
    fn go_on_without(&mut self, client: Client) -> Option<Poll<RefusedResponse>> {
        let Self { request, endpoint, progress, .. } = self;
        let Ok(gate) = Gate::find(request, endpoint) else {
            return Some(Poll::Ready(never_sent()));
        };
        if client == Client::Leaves {
            progress.charge_attempt(&gate);
        }
        if !progress.must_go_on() {
            progress.give_attempt_back(&gate);
            return Some(Poll::Ready(never_sent()));
        }
        (client == Client::Leaves).then_some(Poll::Pending)
    }

    /// Waits for something of the application, unless the client is gone and nothing hangs on it.
    pub(super) fn poll_within<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Result<T, RefusedResponse>> {
        if let Some(left) = self.left_alone() {
            return left.map(Err);
        }
        poll(context).map(Ok)
    }

    /// Runs the stages up to the next step; the error is the response of a refusal.
    pub(super) fn poll_step(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Step, RefusedResponse>> {
        if let Some(left) = self.left_alone() {
            return left.map(Err);
        }
        let Self { request, endpoint, body, progress, .. } = self;
        let step = match Gate::find(request, endpoint) {
            Ok(gate) => ready!(order::advance(&gate, progress, body, context)),
            Err(denial) => Err(denial),
        };
        Poll::Ready(step.map_err(|denial| Box::new(self.refuse(denial))))
    }

    /// Extracts some of the arguments, in the time they may take. Those that are there at once, as they
    /// mostly are, cost no timer.
    pub(super) fn poll_extract<A: Arguments>(
        &mut self,
        arguments: &mut A,
        extraction: Pin<&mut A::Extraction>,
        places: Places,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), RefusedResponse>> {
        if let Some(left) = self.left_alone() {
            return left.map(Err);
        }
        let from = (&self.request, self.body.opened());
        match arguments.poll_extract(extraction, places, from, context) {
            Poll::Ready(Ok(())) => {
                self.deadline = None;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.refuse_arguments(&error))),
            Poll::Pending => {
                let reads_body = places == self.endpoint.policy.bodies;
                if reads_body {
                    load::leave(&mut self.progress);
                }
                ready!(self.poll_deadline(context));
                let kind = if reads_body { DenialKind::Timeout } else { DenialKind::Unavailable };
                let cause = "the arguments were not there in time";
                Poll::Ready(Err(Box::new(self.refuse(refused(kind, cause)))))
            }
        }
    }

    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limit = || {
            let security = self.request.app_data::<Security>();
            security.map_or(Duration::ZERO, |security| security.inner().body_timeout)
        };
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(limit())));
        deadline.as_mut().poll(context)
    }

    /// Validates the arguments, and keeps what they cost.
    pub(super) fn validate<A>(
        &mut self,
        validate: Validate<A>,
        arguments: &A,
    ) -> Result<(), RefusedResponse> {
        let mut violations = Violations::default();
        validate(arguments, &mut violations);
        match violations.into_costs() {
            Ok(costs) => {
                self.progress.costs = costs;
                Ok(())
            }
            Err(denial) => Err(Box::new(self.refuse(denial))),
        }
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
        if self.progress.counted.is_open()
            && let Some(security) = self.request.app_data::<Security>()
        {
            limits::charge(security, &mut self.progress, response);
        }
        if let Some(denial) = Denial::of(response) {
            let denial = Box::new(denial.clone().about(self.progress.caller_is_from()));
            *response = response::refuse(self.gate().as_ref(), self.endpoint, denial);
        }
        if self.progress.watches_failures {
            self.progress.count_failure(self.gate().as_ref(), response);
        }
        self.add_fields(response);
    }

    fn gate(&self) -> Option<Gate<'_>> {
        Gate::find(&self.request, self.endpoint).ok()
    }

    fn add_fields(&self, response: &mut HttpResponse) {
        if let Some(report) = self.progress.report() {
            rate_limit_headers::write(report, self.progress.untold(), response.headers_mut());
        }
    }

    /// A stage has refused the request.
    fn refuse(&mut self, denial: impl Into<Refused>) -> SecuredResponse {
        let gate = self.gate();
        let response = response::refuse(gate.as_ref(), self.endpoint, denial.into());
        self.progress.count_failure(gate.as_ref(), &response);
        self.leave(response)
    }

    /// The arguments could not be extracted.
    fn refuse_arguments(&mut self, error: &actix_web::Error) -> RefusedResponse {
        let response = match extraction::refusal(error) {
            Refusal::Denied(denial) => self.refuse(denial),
            Refusal::Answered(response) => self.answer_early(response),
        };
        Box::new(response)
    }

    fn refuse_answer(&mut self, error: &actix_web::Error) -> RefusedResponse {
        let hides = self.endpoint.policy.hides;
        let response = match extraction::refusal(error) {
            Refusal::Denied(denial) if hides && denial.kind().status() == 403 => {
                self.refuse(Denial::new(DenialKind::NotFound, denial.cause().to_owned()))
            }
            Refusal::Answered(response) if hides && response.status().as_u16() == 403 => {
                self.refuse(Denial::new(DenialKind::NotFound, "a rule answered with 403"))
            }
            Refusal::Denied(denial) => self.refuse(denial),
            Refusal::Answered(response) => self.answer_early(response),
        };
        Box::new(response)
    }

    /// An extractor of the application has answered, or one of its expressions.
    fn answer_early(&mut self, response: HttpResponse) -> SecuredResponse {
        self.progress.count_failure(self.gate().as_ref(), &response);
        self.leave(response)
    }

    /// Answers while the request's body may still be arriving.
    fn leave(&mut self, response: HttpResponse) -> SecuredResponse {
        let (mut response, left) = self.body.held_by(response, &self.request);
        self.left = left;
        self.add_fields(&mut response);
        SecuredResponse::new(response)
    }

    /// Keeps the response of a refusal back, once, where the server has not read all of the body yet. One
    /// that came along with its head it takes in meanwhile, and the connection, which it closes on a body
    /// that is still coming, stays.
    pub(super) fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let left = std::mem::replace(&mut self.left, Body::None);
        if !is_still_coming(left, context) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
