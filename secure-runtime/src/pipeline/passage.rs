//! One request and what the stages have made of it so far.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::dev::Payload as Body;
use actix_web::rt::time::{Sleep, sleep};
use actix_web::{HttpRequest, HttpResponse};

use super::Incoming;
use super::admission::{Admission, Gate};
use super::body::{Unread, is_still_coming};
use super::extraction::{self, Refusal};
use super::{counted_body, limit_fields, response};
use crate::denial::{Denial, DenialKind};
use crate::policy::Endpoint;
use crate::scope::SecuredResponse;
use crate::security::Security;
use crate::validation::{Costs, Values, Violations};

/// A denial on its way to becoming a response; boxed, because it is rare and large.
pub(super) type Refused = Box<Denial>;

/// A request, its body, and what its limits have said.
///
/// It borrows nothing, so that it can lie in a future, and shares nothing, so that requests on
/// other cores do not touch the same counters: the [`Security`] is looked up where it is needed.
pub(super) struct Passage {
    pub(super) endpoint: &'static Endpoint,
    pub(super) request: HttpRequest,
    /// As the handler's extractors see it: none before it is opened.
    pub(super) body: Body,
    pub(super) unread: Unread,
    pub(super) admission: Admission,
    /// A body that was refused unread.
    left: Body,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Passage {
    pub(super) fn new(endpoint: &'static Endpoint, incoming: Incoming) -> Self {
        Self {
            endpoint,
            request: incoming.request,
            body: Body::None,
            unread: Unread::Untouched(incoming.body),
            admission: Admission::default(),
            left: Body::None,
            deadline: None,
        }
    }

    pub(super) fn request(&self) -> &HttpRequest {
        &self.request
    }

    pub(super) fn request_and_body(&mut self) -> (&HttpRequest, &mut Body) {
        (&self.request, &mut self.body)
    }

    /// Arguments that are not there at once may take so long and no longer. Those that are, as
    /// they mostly are, cost no timer.
    pub(super) fn poll_deadline(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Box<SecuredResponse>> {
        let limit = || {
            let security = self.request.app_data::<Security>();
            security.map_or(Duration::ZERO, |security| security.inner().body_timeout)
        };
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(limit())));
        ready!(deadline.as_mut().poll(context));
        let cause = "the arguments did not arrive in time";
        Poll::Ready(Box::new(self.refuse(Denial::new(DenialKind::Timeout, cause))))
    }

    /// The handler has answered: adds the response's own fields. A denial that it returned is
    /// answered as one of the pipeline's.
    pub(super) fn finish(&mut self, response: &mut HttpResponse) {
        self.charge(response);
        if let Some(denial) = Denial::of(response) {
            let denial = Box::new(denial.clone().about(self.admission.caller_is_from()));
            *response = response::refuse(self.gate().as_ref(), self.endpoint, denial);
        }
        if self.admission.watches_failures {
            self.admission.count_failure(self.gate().as_ref(), response);
        }
        self.add_fields(response);
    }

    fn gate(&self) -> Option<Gate<'_>> {
        Gate::find(&self.request, self.endpoint).ok()
    }

    fn add_fields(&self, response: &mut HttpResponse) {
        if let Some(report) = self.admission.report() {
            limit_fields::write(report, self.admission.untold(), response.headers_mut());
        }
    }

    /// A stage has refused the request.
    pub(super) fn refuse(&mut self, denial: impl Into<Refused>) -> SecuredResponse {
        let gate = self.gate();
        let response = response::refuse(gate.as_ref(), self.endpoint, denial.into());
        self.admission.count_failure(gate.as_ref(), &response);
        self.leave(response)
    }

    /// The arguments could not be extracted.
    pub(super) fn refuse_arguments(&mut self, error: &actix_web::Error) -> Box<SecuredResponse> {
        let response = match extraction::refusal(error) {
            Refusal::Denied(denial) => self.refuse(denial),
            Refusal::Answered { response, cause } => self.answer_early(response, &cause),
        };
        Box::new(response)
    }

    /// An expression of the endpoint's rule gave no answer but an error. What it forbids may have to
    /// be hidden.
    pub(super) fn refuse_answer(&mut self, error: &actix_web::Error) -> Box<SecuredResponse> {
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

    /// Where validation collects what is wrong with the arguments.
    pub(super) fn violations(&self) -> Violations {
        if self.endpoint.policy.validates.is_empty() {
            return Violations::default();
        }
        let most = self.gate().and_then(|gate| gate.plan.most_values);
        let request = &self.request;
        let values = most.map(|most| Values::of(request, counted_body::counted(request), most));
        Violations::within(values.unwrap_or_default())
    }

    /// Refuses arguments that break rules, if any do; else says what they cost.
    pub(super) fn check_violations(
        &mut self,
        violations: Violations,
    ) -> Result<Costs, Box<SecuredResponse>> {
        violations.into_costs().map_err(|denial| Box::new(self.refuse(denial)))
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

    /// An extractor of the application has answered, or one of its expressions.
    fn answer_early(&mut self, response: HttpResponse, cause: &str) -> SecuredResponse {
        response::log_answer(self.endpoint, &response, cause);
        self.admission.count_failure(self.gate().as_ref(), &response);
        self.leave(response)
    }

    /// Answers while the request's body may still be arriving.
    fn leave(&mut self, response: HttpResponse) -> SecuredResponse {
        let unread = std::mem::take(&mut self.unread);
        let (mut response, left) = unread.held_by(response, &self.request);
        self.left = left;
        self.add_fields(&mut response);
        SecuredResponse::new(response)
    }
}
