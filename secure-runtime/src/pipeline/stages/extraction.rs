//! Extraction of the handler's arguments, within a deadline, and their validation.

use std::task::{Context, Poll, ready};

use actix_web::dev::Payload;
use actix_web::rt::time::sleep;
use actix_web::{Error, HttpRequest};

use super::errors::{hide, refusal};
use super::request_body::RequestBody;
use super::timed_body::poll_extended;
use super::{body, counted_body, load};
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::{Ended, Refused};
use crate::policy::Places;
use crate::validation::{Values, Violations};

/// Extraction and validation with the types of the handler's parameters.
pub(in crate::pipeline) trait HandlerArguments {
    /// Extracts the arguments at these places that are not extracted yet.
    fn poll_extract(
        &mut self,
        places: Places,
        from: (&HttpRequest, &mut Payload),
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Error>>;

    /// Validates the arguments, and computes their costs.
    fn validate(&self, violations: &mut Violations);
}

/// Extracts some of the arguments. Arguments that are ready at once, as most are, need no timer.
pub(in crate::pipeline) fn poll(
    gate: &Gate<'_>,
    request: &mut Progress,
    body: &mut RequestBody,
    places: Places,
    arguments: &mut dyn HandlerArguments,
    context: &mut Context<'_>,
) -> Poll<Result<(), Ended>> {
    if places.is_empty() {
        return Poll::Ready(Ok(()));
    }
    let extracted = arguments.poll_extract(places, (gate.request, body.opened()), context);
    let reads_body = places == gate.plan.endpoint.policy.bodies;
    if reads_body
        && extracted.is_ready()
        && let Some(fault) = body::fault(gate)
    {
        // Its reader may have ignored the fault, for example as an `Option` without a value.
        return Poll::Ready(Err(fault.into()));
    }
    match extracted {
        Poll::Ready(Ok(())) => {
            request.deadline = None;
            Poll::Ready(Ok(()))
        }
        Poll::Ready(Err(error)) => {
            let policy = &gate.plan.endpoint.policy;
            // A missing resource, or one that a rule would hide.
            let is_hidden = policy.hides && places == policy.resources;
            let refusal = refusal(&error, gate.plan.max_body());
            Poll::Ready(Err(if is_hidden { hide(refusal, 400..500) } else { refusal }))
        }
        Poll::Pending => {
            if reads_body {
                load::leave(request);
            }
            ready!(poll_deadline(gate, request, reads_body, context));
            let kind = if reads_body { DenialKind::Timeout } else { DenialKind::Unavailable };
            let late = Denial::new(kind, "the arguments were not extracted before the deadline");
            Poll::Ready(Err(Ended::Refused(Box::new(late))))
        }
    }
}

/// The deadline of the arguments, and of the application's own policy. A body that arrives at the
/// minimum rate extends its deadline.
pub(super) fn poll_deadline(
    gate: &Gate<'_>,
    request: &mut Progress,
    reads_body: bool,
    context: &mut Context<'_>,
) -> Poll<()> {
    let inner = gate.security.inner();
    let deadline = request.deadline.get_or_insert_with(|| {
        if reads_body {
            body::count_bytes(gate.request);
        }
        let own = gate.plan.endpoint.policy.body_timeout.filter(|_| reads_body);
        Box::pin(sleep(own.unwrap_or(inner.body_timeout)))
    });
    let rate = inner.body_rate.filter(|_| reads_body);
    poll_extended(deadline.as_mut(), context, || body::time_earned(gate.request, rate?))
}

/// Validates the arguments, and stores their costs.
///
/// # Errors
///
/// 422 with a list of the violations.
pub(in crate::pipeline) fn validate(
    gate: &Gate<'_>,
    request: &mut Progress,
    arguments: &dyn HandlerArguments,
) -> Result<(), Refused> {
    if !gate.plan.validates {
        return Ok(());
    }
    let mut violations = match gate.plan.most_values {
        None => Violations::default(),
        Some(most) => {
            let counted = counted_body::counted(gate.request);
            Violations::within(Values::of(gate.request, counted, most))
        }
    };
    arguments.validate(&mut violations);
    request.costs = violations.into_costs()?;
    Ok(())
}
