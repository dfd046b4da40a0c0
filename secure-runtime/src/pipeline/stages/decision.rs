//! The application's own policy: runs `decide` for each action of the endpoint.
//!
//! It runs after the rules about the caller, and before everything that has a cost. A decision
//! never widens the rules, and a forbidden caller uses up nothing of a limit that callers share.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::errors;
use super::extraction::poll_deadline;
use crate::authorization::{
    AccessDecision, AccessRequest, Decided, Decider, Deciding, Probe, Version,
};
use crate::denial::{Denial, DenialKind, caught};
use crate::pipeline::gate::Gate;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::{Ended, Refused, refused};
use crate::plan::Mode;
use crate::request::{KeptHead, RequestHead};

/// A decision that is being made.
pub(in crate::pipeline) struct PendingDecision {
    /// The index of the action in the endpoint's list.
    place: usize,
    /// The version of the cache when the decision was started.
    version: Version,
    deciding: Deciding,
}

/// Whether the policy permits all actions. Ready at once for endpoints without actions.
///
/// # Errors
///
/// If it forbids an action, or does not decide.
#[inline]
pub(in crate::pipeline) fn poll(
    gate: &Gate<'_>,
    request: &mut Progress,
    context: &mut Context<'_>,
) -> Poll<Result<(), Ended>> {
    if gate.plan.actions.is_empty() {
        return Poll::Ready(Ok(()));
    }
    poll_actions(gate, request, context)
}

fn poll_actions(
    gate: &Gate<'_>,
    request: &mut Progress,
    context: &mut Context<'_>,
) -> Poll<Result<(), Ended>> {
    let Some(decider) = &gate.security.inner().decider else {
        let cause = "the endpoint has an action, and no `decide` is configured";
        return Poll::Ready(Err(refused(DenialKind::Internal, cause).into()));
    };
    let first =
        request.pending_decision.as_ref().map_or(0, |pending_decision| pending_decision.place);
    for (place, action) in gate.plan.actions.iter().enumerate().skip(first) {
        let decision = ready!(poll_action(gate, request, decider, (place, action), context))?;
        if !decision.is_permitted() {
            return Poll::Ready(Err(forbidden(gate, request, action, &decision).into()));
        }
    }
    Poll::Ready(Ok(()))
}

fn poll_action(
    gate: &Gate<'_>,
    request: &mut Progress,
    decider: &Decider,
    (place, action): (usize, &Arc<str>),
    context: &mut Context<'_>,
) -> Poll<Result<AccessDecision, Ended>> {
    let mut pending_decision = match request.pending_decision.take() {
        Some(pending_decision) => pending_decision,
        None => match start_decision(gate, request, decider, (place, action))? {
            Ok(known) => return Poll::Ready(Ok(known)),
            Err(pending_decision) => pending_decision,
        },
    };
    let polled = caught("`decide`", || pending_decision.deciding.as_mut().poll(context));
    match polled.map_err(Box::new)? {
        Poll::Ready(Decided { asked, answer }) => {
            request.deadline = None;
            let decision = answer.map_err(|error| undecided(action, &error))?;
            if let (Some(cache), Some(now)) = (&decider.cache, request.entered)
                && !asked.is_about_head()
            {
                let head = RequestHead::new(gate.request);
                let probe = probe(gate, request, &head, place);
                cache.keep(pending_decision.version, probe, decision.clone(), now);
            }
            Poll::Ready(Ok(decision))
        }
        Poll::Pending => {
            if poll_deadline(gate, request, false, context).is_ready() {
                let late = undecided(action, "it gave no answer before the deadline");
                return Poll::Ready(Err(late.into()));
            }
            request.pending_decision = Some(pending_decision);
            Poll::Pending
        }
    }
}

/// The remembered decision, or a new one that is being made.
fn start_decision(
    gate: &Gate<'_>,
    request: &Progress,
    decider: &Decider,
    (place, action): (usize, &Arc<str>),
) -> Result<Result<AccessDecision, Box<PendingDecision>>, Ended> {
    let mut version = Version::default();
    if let (Some(cache), Some(now)) = (&decider.cache, request.entered) {
        let head = RequestHead::new(gate.request);
        match cache.look(probe(gate, request, &head, place), now) {
            Ok(known) => return Ok(Ok(known)),
            Err(noted) => version = noted,
        }
    }
    let head = KeptHead::new(gate.request);
    let parameters =
        head.parameters().map_err(|error| errors::refusal(&error, gate.plan.max_body()))?;
    let asked = AccessRequest::new(request.caller.clone(), Arc::clone(action), parameters, head);
    let deciding = caught("`decide`", || (decider.function)(asked)).map_err(Box::new)?;
    Ok(Err(Box::new(PendingDecision { place, version, deciding })))
}

fn probe<'a>(
    gate: &'a Gate<'_>,
    request: &'a Progress,
    head: &'a RequestHead<'_>,
    action: usize,
) -> Probe<'a> {
    Probe {
        endpoint: gate.plan.endpoint.position,
        action,
        method: head.method(),
        path: head.path(),
        caller: request.caller.as_ref(),
    }
}

fn forbidden(
    gate: &Gate<'_>,
    request: &Progress,
    action: &str,
    decision: &AccessDecision,
) -> Refused {
    let is_anonymous = request.caller.is_none() && gate.plan.authentication.mode != Mode::Nobody;
    let hides = gate.plan.endpoint.policy.hides;
    let kind = match () {
        // Every anonymous request that is not permitted gets the same 401, regardless of what
        // the policy looked up.
        () if is_anonymous => DenialKind::Unauthenticated,
        () if hides => DenialKind::NotFound,
        () => DenialKind::Forbidden,
    };
    let cause = match decision.reason() {
        Some(reason) => format!("`decide` forbids the action {action:?}: {reason}"),
        None => format!("`decide` forbids the action {action:?}"),
    };
    let denial = Denial::new(kind, cause).with_authenticator(request.accepting_authenticator());
    Box::new(match decision.detail().filter(|_| !hides) {
        Some(detail) => denial.with_detail(detail),
        None => denial,
    })
}

fn undecided(action: &str, why: &str) -> Refused {
    let cause = format!("`decide` did not decide about the action {action:?}: {why}");
    Box::new(Denial::new(DenialKind::Unavailable, cause))
}
