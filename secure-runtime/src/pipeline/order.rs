//! **The order of the stages**: the variants of [`Stage`], from top to bottom, as [`advance`] runs
//! them.
//!
//! A stage is a function that lets the request pass, refuses it, or waits. To add a stage, add a
//! variant of [`Stage`] at its place and an arm in [`advance`].

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

/// The stages, in the order in which they run. The first one that refuses ends the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Load shedding, and reading the clock: [`load`], 503.
    #[default]
    Load,
    /// Bans for too many failures: [`failures`], 429.
    Bans,
    /// Rate limits that need no principal: [`limits`], 429.
    EarlyLimits,
    /// Credentials, and bans of the caller: [`authentication`], 429. A rejection is kept for the next
    /// stage.
    Authentication,
    /// Rate limits of anonymous requests, 429; then the answer to rejected credentials, 401:
    /// [`limits`].
    AnonymousLimits,
    /// The WebSocket handshake: [`handshake`], 403 and 426.
    Handshake,
    /// The rule, as far as it needs no argument: [`rules`], 401 and 403.
    RulesAboutTheCaller,
    /// The application's own policy about the endpoint's actions: [`decision`], 403.
    Decision,
    /// How and when the caller signed in: [`rules::check_step_up`], 401.
    StepUp,
    /// Concurrency limits of this caller, which may queue the request: [`concurrency`], 429.
    OwnConcurrency,
    /// Rate limits by principal: [`limits`], 429.
    CallerLimits,
    /// Arguments that need only the request's head: [`extraction`].
    Arguments,
    /// Resources ([`crate::Loaded`], [`crate::Granted`]): [`extraction`], 404.
    Resources,
    /// The rule, as far as it needs the arguments of the head: [`rules`].
    RulesAboutArguments,
    /// Media type, coding and announced size of the body: [`body`], 413 and 415.
    OpeningOfTheBody,
    /// Arguments that need the body: [`extraction`], 400, 408 and 413.
    Body,
    /// Concurrency limits that several callers share: [`concurrency`], 429.
    SharedConcurrency,
    /// Validation of the arguments: [`extraction::validate`], 422.
    Validation,
    /// Rate limits whose cost depends on the arguments: [`limits`], 429.
    DeferredCosts,
    /// The rest of the rule, which needs the body: [`rules`].
    RulesAboutTheBody,
    /// The handler is called next.
    Handler,
    /// The handler was called. Its response is finished in [`super::exchange`].
    Answer,
}

impl Stage {
    /// Whether a request that waits at this stage is being checked: its credentials by an
    /// authenticator, or its arguments by an extractor or the rule. A client that disconnects now
    /// is charged for an attempt.
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

/// A step that needs the handler's types; [`super::serve`] does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Evaluate the rule's expression with this number.
    EvaluateExpression(u8),
    /// Call the handler.
    CallHandler,
}

/// Runs the stages in order, until one needs a step, refuses the request, or waits.
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
