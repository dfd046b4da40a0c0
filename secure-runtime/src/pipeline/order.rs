//! The order of the stages. It stands here, in one list, and nowhere else.
//!
//! A stage is a function: it lets the request pass, refuses it, or waits. To add one, add a variant of
//! [`Stage`] and its line in [`advance`].

use std::task::{Context, Poll, ready};

use super::gate::Gate;
use super::limits;
use super::progress::Progress;
use super::refused::Refused;
use super::stages::body::RequestBody;
use super::stages::{authentication, body, caller, concurrency, failures, load, rules};
use crate::authorization::Verdict;
use crate::policy::{Needs, Places};
use crate::security::Stage as LimitStage;

/// Where a request stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    #[default]
    Load,
    Bans,
    EarlyLimits,
    Authentication,
    AnonymousLimits,
    RulesAboutTheCaller,
    StepUp,
    OwnConcurrency,
    CallerLimits,
    Arguments,
    Resources,
    RulesAboutArguments,
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
    /// Whether a request that waits in front of this stage is being judged: its credentials, by an
    /// authenticator, or what it asks for, by the rule.
    pub(super) fn is_judging(self) -> bool {
        matches!(
            self,
            Self::Authentication
                | Self::AnonymousLimits
                | Self::RulesAboutTheCaller
                | Self::Resources
                | Self::RulesAboutArguments
                | Self::RulesAboutTheBody
        )
    }
}

/// What only the code that knows the handler's types can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Evaluate the rule's expression of this number.
    Ask(u8),
    /// Extract these arguments.
    Extract(Places),
    /// Validate the arguments, and find out what they cost.
    Validate,
    /// Call the handler.
    Call,
}

/// Runs stages until one needs a step, refuses the request, or waits.
#[inline]
pub(super) fn advance(
    gate: &Gate<'_>,
    request: &mut Progress,
    body: &mut RequestBody,
    context: &mut Context<'_>,
) -> Poll<Result<Step, Refused>> {
    loop {
        let mut step = None;
        request.stage = match request.stage {
            Stage::Load => {
                load::enter(gate, request)?;
                body::let_go(gate, body);
                Stage::Bans
            }
            Stage::Bans => {
                failures::begin(gate, request)?;
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
                Stage::RulesAboutTheCaller
            }
            Stage::RulesAboutTheCaller => match rules::decide(gate, request, Needs::Nothing)? {
                Verdict::Asks(index) => return Poll::Ready(Ok(Step::Ask(index))),
                _ => Stage::StepUp,
            },
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
                step = Some(Step::Extract(gate.plan.arguments));
                Stage::Resources
            }
            Stage::Resources => {
                caller::offer_grants(gate);
                step = extract(gate.plan.endpoint.policy.resources);
                Stage::RulesAboutArguments
            }
            Stage::RulesAboutArguments => match rules::decide(gate, request, Needs::Arguments)? {
                Verdict::Asks(index) => return Poll::Ready(Ok(Step::Ask(index))),
                _ => Stage::Body,
            },
            Stage::Body => {
                caller::withdraw_grants(gate);
                body::open(gate, body)?;
                step = extract(gate.plan.endpoint.policy.bodies);
                Stage::SharedConcurrency
            }
            Stage::SharedConcurrency => {
                load::come_back(gate, request)?;
                ready!(concurrency::poll_shared(gate, request, context))?;
                Stage::Validation
            }
            Stage::Validation => {
                step = gate.plan.validates.then_some(Step::Validate);
                Stage::DeferredCosts
            }
            Stage::DeferredCosts => {
                ready!(limits::poll_deferred_costs(gate, request, context))?;
                Stage::RulesAboutTheBody
            }
            Stage::RulesAboutTheBody => match rules::decide(gate, request, Needs::Body)? {
                Verdict::Asks(index) => return Poll::Ready(Ok(Step::Ask(index))),
                _ => Stage::Handler,
            },
            Stage::Handler | Stage::Answer => {
                step = Some(Step::Call);
                Stage::Answer
            }
        };
        if let Some(step) = step {
            return Poll::Ready(Ok(step));
        }
    }
}

/// Nothing, if there is nothing to extract.
fn extract(arguments: Places) -> Option<Step> {
    (!arguments.is_empty()).then_some(Step::Extract(arguments))
}
