//! The order of the stages. It stands here, in one list, and nowhere else.
//!
//! A stage is a function: it lets the request pass, refuses it, or waits. To add one, add a variant of
//! [`Stage`] and its line in [`advance`].

use std::task::{Context, Poll, ready};

use super::gate::Gate;
use super::limits;
use super::progress::Progress;
use super::refused::Ended;
use super::stages::extraction::{self, HandlerArguments};
use super::stages::request_body::RequestBody;
use super::stages::{
    authentication, body, caller, concurrency, decision, failures, handshake, load, rules,
};
use crate::authorization::Verdict;
use crate::plan::Stage as LimitStage;
use crate::policy::Needs;

/// Where a request stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    #[default]
    Load,
    Bans,
    EarlyLimits,
    Authentication,
    AnonymousLimits,
    Handshake,
    RulesAboutTheCaller,
    Decision,
    StepUp,
    OwnConcurrency,
    CallerLimits,
    Arguments,
    Resources,
    RulesAboutArguments,
    OpeningOfTheBody,
    Body,
    SharedConcurrency,
    Validation,
    DeferredCosts,
    RulesAboutTheBody,
    Handler,
    /// The handler was called.
    Answer,
}

impl Stage {
    /// Whether a request that waits at this stage is being judged: its credentials, by an authenticator,
    /// or what it asks for, by an extractor or the rule.
    pub(super) fn is_judging(self) -> bool {
        matches!(
            self,
            Self::Authentication
                | Self::AnonymousLimits
                | Self::RulesAboutTheCaller
                | Self::Decision
                | Self::Arguments
                | Self::Resources
                | Self::RulesAboutArguments
                | Self::RulesAboutTheBody
        )
    }
}

/// What only the code that knows the handler can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Evaluate the rule's expression of this number.
    EvaluateExpression(u8),
    /// Call the handler.
    CallHandler,
}

/// Runs stages until one needs a step, refuses the request, or waits.
#[inline]
pub(super) fn advance(
    gate: &Gate<'_>,
    request: &mut Progress,
    body: &mut RequestBody,
    arguments: &mut dyn HandlerArguments,
    context: &mut Context<'_>,
) -> Poll<Result<Step, Ended>> {
    loop {
        request.stage = match request.stage {
            Stage::Load => {
                load::enter(gate, request)?;
                body::release_unread(gate, body);
                Stage::Bans
            }
            Stage::Bans => {
                failures::check_bans(gate, request)?;
                Stage::EarlyLimits
            }
            Stage::EarlyLimits => {
                ready!(limits::poll(gate, request, LimitStage::Early, context))?;
                Stage::Authentication
            }
            Stage::Authentication => {
                ready!(authentication::poll(gate, request, context))?;
                Stage::AnonymousLimits
            }
            Stage::AnonymousLimits => {
                ready!(limits::poll_anonymous(gate, request, context))?;
                Stage::Handshake
            }
            Stage::Handshake => {
                handshake::check(gate, request)?;
                Stage::RulesAboutTheCaller
            }
            Stage::RulesAboutTheCaller => match rules::decide(gate, request, Needs::Nothing)? {
                Verdict::Asks(index) => return Poll::Ready(Ok(Step::EvaluateExpression(index))),
                _ => Stage::Decision,
            },
            Stage::Decision => {
                ready!(decision::poll(gate, request, context))?;
                Stage::StepUp
            }
            Stage::StepUp => {
                rules::check_step_up(gate, request)?;
                Stage::OwnConcurrency
            }
            Stage::OwnConcurrency => {
                ready!(concurrency::poll_own(gate, request, context))?;
                Stage::CallerLimits
            }
            Stage::CallerLimits => {
                ready!(limits::poll(gate, request, LimitStage::Caller, context))?;
                caller::publish(gate, request);
                Stage::Arguments
            }
            Stage::Arguments => {
                request.stop_if_abandoned()?;
                let places = gate.plan.arguments;
                ready!(extraction::poll(gate, request, body, places, arguments, context))?;
                caller::offer_grants(gate);
                Stage::Resources
            }
            Stage::Resources => {
                let places = gate.plan.endpoint.policy.resources;
                ready!(extraction::poll(gate, request, body, places, arguments, context))?;
                Stage::RulesAboutArguments
            }
            Stage::RulesAboutArguments => match rules::decide(gate, request, Needs::Arguments)? {
                Verdict::Asks(index) => return Poll::Ready(Ok(Step::EvaluateExpression(index))),
                _ => Stage::OpeningOfTheBody,
            },
            Stage::OpeningOfTheBody => {
                request.stop_if_abandoned()?;
                caller::withdraw_grants(gate);
                body::open(gate, request, body)?;
                Stage::Body
            }
            Stage::Body => {
                let places = gate.plan.endpoint.policy.bodies;
                ready!(extraction::poll(gate, request, body, places, arguments, context))?;
                Stage::SharedConcurrency
            }
            Stage::SharedConcurrency => {
                load::reenter(gate, request)?;
                ready!(concurrency::poll_shared(gate, request, context))?;
                Stage::Validation
            }
            Stage::Validation => {
                extraction::validate(gate, request, arguments)?;
                Stage::DeferredCosts
            }
            Stage::DeferredCosts => {
                ready!(limits::poll_deferred_costs(gate, request, context))?;
                Stage::RulesAboutTheBody
            }
            Stage::RulesAboutTheBody => match rules::decide(gate, request, Needs::Body)? {
                Verdict::Asks(index) => return Poll::Ready(Ok(Step::EvaluateExpression(index))),
                _ => Stage::Handler,
            },
            Stage::Handler | Stage::Answer => {
                request.stop_if_abandoned()?;
                request.stage = Stage::Answer;
                return Poll::Ready(Ok(Step::CallHandler));
            }
        };
    }
}
