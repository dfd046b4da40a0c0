//! The futures that actix-web polls: they run the stages, with the handler's types.
//!
//! There are two, because the future of an expression has no name. Endpoints whose rule has
//! expressions use the async block in [`serve_ruled`]. All others use [`ServeFuture`], which is
//! written by hand and smaller.

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use actix_web::dev::Payload as Body;
use actix_web::{Error, HttpRequest, Responder};
use pin_project_lite::pin_project;

use super::SecuredResponse;
use super::abandonment::{self, Serving};
use super::arguments::{Arguments, Function};
use super::exchange::{Exchange, RefusedResponse};
use super::incoming::Incoming;
use super::order::Step;
use super::scope_policies::{self, ScopePolicy};
use super::stages::extraction::HandlerArguments;
use crate::denial::poll_caught;
use crate::inventory;
use crate::policy::expression_context::Asked;
use crate::policy::{Places, Written};
use crate::validation::Violations;

/// The function that validates the arguments of a handler.
pub(super) type Validate<A> = fn(&A, &mut Violations);

/// The future of the response to one request.
///
/// It is boxed, so its type does not depend on the handler. The compiler checks its properties once
/// for all handlers.
#[must_use = "nothing is served before it is awaited"]
pub struct Served {
    serving: Option<Serving>,
    /// Whether it was polled, has not ended, and has not panicked.
    is_waiting: bool,
}

impl Served {
    pub(super) fn new(serving: impl Future<Output = SecuredResponse> + 'static) -> Self {
        Self::boxed(Box::pin(serving))
    }

    fn boxed(serving: Serving) -> Self {
        Self { serving: Some(serving), is_waiting: false }
    }
}

impl Future for Served {
    type Output = SecuredResponse;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<SecuredResponse> {
        self.is_waiting = false;
        let Some(serving) = &mut self.serving else { return Poll::Pending };
        let polled = serving.as_mut().poll(context);
        self.is_waiting = polled.is_pending();
        polled
    }
}

/// actix-web drops the future when the client is gone.
impl Drop for Served {
    fn drop(&mut self) {
        if self.is_waiting
            && let Some(serving) = self.serving.take()
        {
            abandonment::finish_without_client(serving);
        }
    }
}

/// A future that never resolves: the body of a handler whose attribute failed to compile.
pub fn never() -> Served {
    Served::new(pending())
}

/// Starts serving a request: the stages before a handler with these arguments.
#[inline]
pub fn arrive<A: Arguments>(
    endpoint: &'static Written,
    incoming: Incoming,
    validate: Validate<A>,
) -> BeforeHandler<A> {
    BeforeHandler {
        exchange: Exchange::new(inventory::endpoint(endpoint), incoming),
        validate,
        arguments: A::none(),
        extraction: A::Extraction::default(),
        refused: None,
    }
}

/// Serves the request, and calls the user's function after the last stage.
pub fn serve<H, A>(before_handler: BeforeHandler<A>, handler: H) -> Served
where
    H: Function<A::Whole>,
    A: Arguments,
    H::Output: Responder,
{
    let serving = Box::pin(ServeFuture { handler_future: None, handler, before_handler });
    match serving.before_handler.exchange.scope_policies() {
        None => Served::boxed(serving),
        Some(policies) => serve_behind_policies(policies, serving),
    }
}

#[cold]
fn serve_behind_policies<H, A>(
    policies: Vec<ScopePolicy>,
    mut serving: Pin<Box<ServeFuture<H, A>>>,
) -> Served
where
    H: Function<A::Whole>,
    A: Arguments,
    H::Output: Responder,
{
    let (endpoint, request, body) = serving.as_mut().exchange().hand_over();
    scope_policies::serve_behind(policies, endpoint, request, body, move |body| {
        serving.as_mut().exchange().take_back(body);
        Served::boxed(serving)
    })
}

pin_project! {
    /// A request to an endpoint without expressions.
    struct ServeFuture<H: Function<A::Whole>, A: Arguments> {
        // Declared first, so that it is dropped before the concurrency slots are released.
        #[pin]
        handler_future: Option<H::Future>,
        handler: H,
        #[pin]
        before_handler: BeforeHandler<A>,
    }
}

impl<H: Function<A::Whole>, A: Arguments> ServeFuture<H, A> {
    fn exchange(self: Pin<&mut Self>) -> &mut Exchange {
        self.project().before_handler.project().exchange
    }
}

impl<H: Function<A::Whole>, A: Arguments> Future for ServeFuture<H, A>
where
    H::Output: Responder,
{
    type Output = SecuredResponse;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<SecuredResponse> {
        let mut this = self.project();
        loop {
            if let Some(running) = this.handler_future.as_mut().as_pin_mut() {
                return this.before_handler.poll_handler(running, context);
            }
            match this.before_handler.as_mut().poll(context) {
                Ok(arguments) => this.handler_future.set(Some(this.handler.call(arguments))),
                Err(not_yet) => return not_yet,
            }
        }
    }
}

pin_project! {
    /// The stages before the handler. Compiled once for all handlers with the same arguments.
    #[project = Project]
    pub struct BeforeHandler<A: Arguments> {
        exchange: Exchange,
        validate: Validate<A>,
        arguments: A,
        #[pin]
        extraction: A::Extraction,
        refused: Option<RefusedResponse>,
    }
}

impl<A: Arguments> BeforeHandler<A> {
    /// The validated arguments of an admitted request, or the response to a refused one.
    #[expect(clippy::result_large_err, reason = "every handler's future returns it as it is")]
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Result<A::Whole, Poll<SecuredResponse>> {
        let this = self.as_mut().project();
        if let Some(refused) = this.refused.take() {
            return Err(Poll::Ready(this.exchange.finish_refusal(*refused, context)));
        }
        match self.as_mut().poll_arguments(context) {
            Poll::Ready(Ok(arguments)) => Ok(arguments),
            Poll::Ready(Err(refused)) => {
                let this = self.project();
                if this.exchange.poll_delay(context).is_ready() {
                    return Err(Poll::Ready(this.exchange.finish_refusal(*refused, context)));
                }
                *this.refused = Some(refused);
                Err(Poll::Pending)
            }
            Poll::Pending => Err(Poll::Pending),
        }
    }

    fn poll_arguments(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<A::Whole, RefusedResponse>> {
        let Project { exchange, validate, arguments, extraction, .. } = self.project();
        let mut typed = TypedArguments { arguments, extraction, validate: *validate };
        match ready!(exchange.poll_step(&mut typed, context))? {
            Step::CallHandler => {
                let whole = std::mem::replace(arguments, A::none()).whole();
                Poll::Ready(whole.ok_or_else(|| exchange.refuse_internal(ARGUMENT_MISSING)))
            }
            Step::EvaluateExpression(_) => {
                let cause = "a rule has an expression that the handler does not define";
                Poll::Ready(Err(exchange.refuse_internal(cause)))
            }
        }
    }

    /// Polls the handler's future, and finishes its response.
    fn poll_handler<F: Future<Output: Responder>>(
        self: Pin<&mut Self>,
        running: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> Poll<SecuredResponse> {
        let exchange = self.project().exchange;
        Poll::Ready(match ready!(exchange.poll_within(context, |context| running.poll(context))) {
            Ok(output) => respond(exchange, output),
            Err(never_sent) => *never_sent,
        })
    }
}

/// The arguments of a handler while they are extracted.
struct TypedArguments<'a, A: Arguments> {
    arguments: &'a mut A,
    extraction: Pin<&'a mut A::Extraction>,
    validate: Validate<A>,
}

impl<A: Arguments> HandlerArguments for TypedArguments<'_, A> {
    fn poll_extract(
        &mut self,
        places: Places,
        from: (&HttpRequest, &mut Body),
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        self.arguments.poll_extract(self.extraction.as_mut(), places, from, context)
    }

    fn validate(&self, violations: &mut Violations) {
        (self.validate)(self.arguments, violations);
    }
}

const ARGUMENT_MISSING: &str = "an argument of the handler was not extracted";

fn respond(exchange: &mut Exchange, output: impl Responder) -> SecuredResponse {
    let mut response = output.respond_to(exchange.request()).map_into_boxed_body();
    exchange.finish(&mut response);
    SecuredResponse::new(response)
}

/// Serves one request of an endpoint whose rule has expressions.
///
/// `evaluate` evaluates the expression with this number, with the arguments that are extracted. An
/// expression is evaluated when the rule depends on it, in the order written, and at most once.
pub fn serve_ruled<H, A, Evaluate>(
    endpoint: &'static Written,
    incoming: Incoming,
    handler: H,
    validate: Validate<A>,
    evaluate: Evaluate,
) -> Served
where
    H: Function<A::Whole>,
    A: Arguments,
    H::Output: Responder,
    Evaluate: AsyncFn(u8, &Asked<'_>, &A) -> Result<Option<bool>, Error> + 'static,
{
    let mut exchange = Exchange::new(inventory::endpoint(endpoint), incoming);
    if let Some(policies) = exchange.scope_policies() {
        let (endpoint, request, body) = exchange.hand_over();
        return scope_policies::serve_behind(policies, endpoint, request, body, move |body| {
            exchange.take_back(body);
            serve_exchange(exchange, handler, validate, evaluate)
        });
    }
    serve_exchange(exchange, handler, validate, evaluate)
}

fn serve_exchange<H, A, Evaluate>(
    mut exchange: Exchange,
    handler: H,
    validate: Validate<A>,
    evaluate: Evaluate,
) -> Served
where
    H: Function<A::Whole>,
    A: Arguments,
    H::Output: Responder,
    Evaluate: AsyncFn(u8, &Asked<'_>, &A) -> Result<Option<bool>, Error> + 'static,
{
    Served::new(async move {
        match admitted_arguments(&mut exchange, validate, &evaluate).await {
            Ok(arguments) => {
                let mut running = pin!(handler.call(arguments));
                let answered = poll_fn(|context| {
                    exchange.poll_within(context, |it| running.as_mut().poll(it))
                });
                match answered.await {
                    Ok(output) => respond(&mut exchange, output),
                    Err(never_sent) => *never_sent,
                }
            }
            Err(refused) => {
                poll_fn(|context| exchange.poll_delay(context)).await;
                let mut refused = Some(refused);
                poll_fn(|context| match refused.take() {
                    Some(refused) => Poll::Ready(exchange.finish_refusal(*refused, context)),
                    None => Poll::Pending,
                })
                .await
            }
        }
    })
}

/// The arguments of a request that every rule admits, or the response to a refused request.
async fn admitted_arguments<A, Evaluate>(
    exchange: &mut Exchange,
    validate: Validate<A>,
    evaluate: &Evaluate,
) -> Result<A::Whole, RefusedResponse>
where
    A: Arguments,
    Evaluate: AsyncFn(u8, &Asked<'_>, &A) -> Result<Option<bool>, Error>,
{
    let mut arguments = A::none();
    let mut extraction = pin!(A::Extraction::default());
    loop {
        let step = poll_fn(|context| {
            let extraction = extraction.as_mut();
            let mut typed = TypedArguments { arguments: &mut arguments, extraction, validate };
            exchange.poll_step(&mut typed, context)
        });
        match step.await? {
            Step::EvaluateExpression(index) => {
                let caller = exchange.progress().caller().cloned();
                let request = exchange.request().clone();
                let asked = Asked::new(caller.as_ref(), &request);
                let mut answering = pin!(evaluate(index, &asked, &arguments));
                let answered = poll_fn(|context| {
                    exchange.poll_within(context, |context| {
                        let poll = || answering.as_mut().poll(context);
                        poll_caught("an expression of the rule", poll)
                    })
                });
                let answered = answered.await?;
                exchange.record_expression(index, answered)?;
            }
            Step::CallHandler => break,
        }
    }
    arguments.whole().ok_or_else(|| exchange.refuse_internal(ARGUMENT_MISSING))
}

crate::support::opaque_debug!(Served);
