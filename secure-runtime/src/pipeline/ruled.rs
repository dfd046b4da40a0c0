//! Endpoints whose rule asks expressions of the application: stages 4 and 8.
//!
//! An expression is asked when the rule hangs on its answer, in the order written, and at most once.
//! Those that mention no argument are asked before the body is read, the others after validation.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll};

use actix_web::{Error, FromRequest, Handler, Responder};

use super::caller::{offer_grants, withdraw_grants};
use super::panics::{caught, poll_caught};
use super::passage::Passage;
use super::{Incoming, Served, Validate};
use crate::asked::Asked;
use crate::authorization::Verdict;
use crate::denial::Denial;
use crate::inventory;
use crate::policy::Written;
use crate::scope::SecuredResponse;

/// Serves one request of an endpoint whose rule asks expressions.
///
/// `answer` is asked by the number of the expression; it has the arguments once they were read.
pub fn serve_ruled<H, Args, Answer>(
    endpoint: &'static Written,
    incoming: Incoming,
    handler: H,
    validate: Validate<Args>,
    answer: Answer,
) -> Served
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder,
    Answer: AsyncFn(u8, &Asked<'_>, Option<&Args>) -> Result<bool, Error> + 'static,
{
    let mut passage = Passage::new(inventory::endpoint(endpoint), incoming);
    Served(Box::pin(async move {
        match arrive(&mut passage, validate, &answer).await {
            Ok(arguments) => {
                let output = handler.call(arguments).await;
                let mut response = output.respond_to(passage.request()).map_into_boxed_body();
                passage.finish(&mut response);
                SecuredResponse::new(response)
            }
            Err(refused) => {
                poll_fn(|context| passage.poll_turn(context)).await;
                *refused
            }
        }
    }))
}

/// The arguments of a request that every rule admits, or the response of a refusal.
async fn arrive<Args, Answer>(
    passage: &mut Passage,
    validate: Validate<Args>,
    answer: &Answer,
) -> Result<Args, Box<SecuredResponse>>
where
    Args: FromRequest + 'static,
    Answer: AsyncFn(u8, &Asked<'_>, Option<&Args>) -> Result<bool, Error>,
{
    poll_fn(|context| passage.poll_caller(context)).await?;
    ask(passage, None, answer).await?;
    poll_fn(|context| passage.poll_admit(context)).await?;
    let arguments = extract::<Args>(passage).await?;
    let mut violations = passage.violations();
    validate(&arguments, &mut violations);
    let costs = passage.check_violations(violations)?;
    if !costs.is_empty() {
        poll_fn(|context| passage.poll_settle(&costs, context)).await?;
    }
    ask(passage, Some(&arguments), answer).await?;
    Ok(arguments)
}

/// Asks every expression that the rule hangs on, until it is decided as far as it can be.
async fn ask<Args, Answer>(
    passage: &mut Passage,
    arguments: Option<&Args>,
    answer: &Answer,
) -> Result<(), Box<SecuredResponse>>
where
    Answer: AsyncFn(u8, &Asked<'_>, Option<&Args>) -> Result<bool, Error>,
{
    let has_arguments = arguments.is_some();
    while let Verdict::Asks(index) = passage.judge(has_arguments)? {
        let asked = Asked::new(passage.admission.caller(), &passage.request);
        let answered = {
            let mut answering = pin!(answer(index, &asked, arguments));
            poll_fn(|context| {
                let poll = || answering.as_mut().poll(context);
                let polled = catch_unwind(AssertUnwindSafe(poll));
                polled.unwrap_or_else(|_| Poll::Ready(Err(panicked())))
            })
            .await
        };
        match answered {
            Ok(holds) => passage.admission.answers.record(index, holds),
            Err(error) => return Err(passage.refuse_answer(&error)),
        }
    }
    Ok(())
}

fn panicked() -> Error {
    Denial::internal("an expression of the rule panicked").into()
}

/// The handler's arguments, in the time they may take.
async fn extract<Args: FromRequest>(passage: &mut Passage) -> Result<Args, Box<SecuredResponse>> {
    let endpoint = passage.endpoint;
    offer_grants(&passage.request, endpoint);
    let (request, body) = passage.request_and_body();
    let extraction = match caught("an extractor", || Args::from_request(request, body)) {
        Ok(extraction) => extraction,
        Err(denial) => {
            withdraw_grants(&passage.request, endpoint);
            return Err(Box::new(passage.refuse(denial)));
        }
    };
    let mut extraction = pin!(extraction);
    let mut poll = |context: &mut Context<'_>| {
        poll_caught("an extractor", || extraction.as_mut().poll(context))
    };
    let extracted = poll_fn(|context| match poll(context) {
        Poll::Ready(Ok(arguments)) => Poll::Ready(Ok(arguments)),
        Poll::Ready(Err(error)) => Poll::Ready(Err(passage.refuse_arguments(&error))),
        Poll::Pending => passage.poll_deadline(context).map(Err),
    })
    .await;
    withdraw_grants(&passage.request, endpoint);
    extracted
}
