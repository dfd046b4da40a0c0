//! One request and its answer: what the stages have made of it so far, and how it ends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::error::PayloadError;
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
use super::stages::body::{self, RequestBody};
use super::stages::counted_body;
use super::stages::extraction::{self, Refusal};
use super::stages::load;
use crate::denial::{Denial, DenialKind};
use crate::policy::{Endpoint, Places};
use crate::scope::SecuredResponse;
use crate::security::Security;
use crate::validation::{Values, Violations};

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
    /// Whether a refusal was kept back.
    has_turned: bool,
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
            has_turned: false,
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
        let extracted = arguments.poll_extract(extraction, places, from, context);
        let reads_body = places == self.endpoint.policy.bodies;
        if reads_body
            && extracted.is_ready()
            && let Some(fault) = body::fault(&self.request, || self.gate())
        {
            // Its reader may have made something else of it: an `Option` without a value, say.
            return Poll::Ready(Err(Box::new(self.refuse(fault))));
        }
        match extracted {
            Poll::Ready(Ok(())) => {
                self.deadline = None;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.refuse_arguments(&error))),
            Poll::Pending => {
                if reads_body {
                    load::leave(&mut self.progress);
                }
                ready!(self.poll_deadline(reads_body, context));
                let kind = if reads_body { DenialKind::Timeout } else { DenialKind::Unavailable };
                let cause = "the arguments were not there in time";
                Poll::Ready(Err(Box::new(self.refuse(refused(kind, cause)))))
            }
        }
    }

    /// The time that arguments may take; a body that arrives at the minimum rate has more.
    fn poll_deadline(&mut self, reads_body: bool, context: &mut Context<'_>) -> Poll<()> {
        let inner = self.request.app_data::<Security>().map(Security::inner);
        let deadline = self.deadline.get_or_insert_with(|| {
            let limit = inner.map_or(Duration::ZERO, |inner| inner.body_timeout);
            if reads_body {
                body::count_bytes(&self.request);
            }
            Box::pin(sleep(limit))
        });
        ready!(deadline.as_mut().poll(context));
        let Some(rate) = inner.and_then(|inner| inner.body_rate).filter(|_| reads_body) else {
            return Poll::Ready(());
        };
        let earned = body::time_earned(&self.request, rate);
        if earned.is_zero() {
            return Poll::Ready(());
        }
        let later = deadline.deadline() + earned;
        deadline.as_mut().reset(later);
        deadline.as_mut().poll(context)
    }

    /// Validates the arguments, and keeps what they cost.
    pub(super) fn validate<A>(
        &mut self,
        validate: Validate<A>,
        arguments: &A,
    ) -> Result<(), RefusedResponse> {
        let mut violations = self.violations();
        validate(arguments, &mut violations);
        match violations.into_costs() {
            Ok(costs) => {
                self.progress.costs = costs;
                Ok(())
            }
            Err(denial) => Err(Box::new(self.refuse(denial))),
        }
    }

    /// Where validation collects what is wrong with the arguments.
    fn violations(&self) -> Violations {
        let Some(most) = self.gate().and_then(|gate| gate.plan.most_values) else {
            return Violations::default();
        };
        let counted = counted_body::counted(&self.request);
        Violations::within(Values::of(&self.request, counted, most))
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
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            body::upgrade(&self.request);
        }
        if let Some(denial) = self.denial_in(response) {
            let denial = Box::new(denial.about(self.progress.caller_is_from()));
            *response = response::refuse(self.gate().as_ref(), self.endpoint, denial);
        }
        if self.progress.watches_failures {
            let gate = self.gate();
            if let Some(instead) = self.progress.count_failure(gate.as_ref(), response) {
                *response = response::refuse(gate.as_ref(), self.endpoint, instead);
            }
        }
        self.add_fields(response);
    }

    /// A denial that the handler returned, or the end of a body that it read itself.
    fn denial_in(&self, response: &HttpResponse) -> Option<Denial> {
        let error = response.error()?;
        if error.as_error::<PayloadError>().is_some() {
            return body::fault(&self.request, || self.gate()).map(|denial| *denial);
        }
        Denial::of(response).cloned()
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
        let _ = self.progress.count_failure(gate.as_ref(), &response);
        self.leave(response)
    }

    /// The arguments could not be extracted.
    fn refuse_arguments(&mut self, error: &actix_web::Error) -> RefusedResponse {
        let response = match extraction::refusal(error) {
            Refusal::Denied(denial) => self.refuse(denial),
            Refusal::Answered { response, cause } => self.answer_early(response, &cause),
        };
        Box::new(response)
    }

    fn refuse_answer(&mut self, error: &actix_web::Error) -> RefusedResponse {
        let hides = self.endpoint.policy.hides;
        let response = match extraction::refusal(error) {
            Refusal::Denied(denial) if hides && denial.kind().status() == 403 => {
                self.refuse(Denial::new(DenialKind::NotFound, denial.cause().to_owned()))
            }
            Refusal::Answered { response, cause } if hides && response.status().as_u16() == 403 => {
                self.refuse(Denial::new(DenialKind::NotFound, cause))
            }
            Refusal::Denied(denial) => self.refuse(denial),
            Refusal::Answered { response, cause } => self.answer_early(response, &cause),
        };
        Box::new(response)
    }

    /// An extractor of the application has answered, or one of its expressions.
    fn answer_early(&mut self, response: HttpResponse, cause: &str) -> SecuredResponse {
        response::log_answer(self.endpoint, &response, cause);
        let _ = self.progress.count_failure(self.gate().as_ref(), &response);
        self.leave(response)
    }

    /// Answers while the request's body may still be arriving.
    fn leave(&mut self, mut response: HttpResponse) -> SecuredResponse {
        self.body.refuse();
        self.add_fields(&mut response);
        SecuredResponse::new(response)
    }

    /// Keeps the response of a refusal back, once, where the server has not read all of the body yet. One
    /// that came along with its head it takes in meanwhile, and the connection, which it closes on a body
    /// that is still coming, stays.
    pub(super) fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.has_turned, true) {
            return Poll::Ready(());
        }
        let is_there = self.body.poll_end(&self.request, context);
        if is_there.is_pending() {
            context.waker().wake_by_ref();
        }
        is_there
    }

    /// The response after that turn.
    pub(super) fn sent(
        &mut self,
        refused: SecuredResponse,
        context: &mut Context<'_>,
    ) -> SecuredResponse {
        refused.map(|response| self.body.held_by(response, context))
    }
}
