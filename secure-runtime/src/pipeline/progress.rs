//! How far a request has come, and the results of the stages so far.

use std::pin::Pin;

use actix_web::rt::time::Sleep;

use super::limits::reserve::LimitState;
use super::order::Stage;
use super::refused::{Ended, Refused};
use super::stages::authentication::AuthenticationState;
use super::stages::decision::PendingDecision;
use super::stages::failures::Attempts;
use crate::authorization::Answers;
use crate::principal::Principal;
use crate::support::time::Moment;
use crate::validation::Costs;

#[derive(Default)]
pub(super) struct Progress {
    /// The next stage. A stage that had to wait is entered again, and continues where it stopped.
    pub(super) stage: Stage,
    /// Whether this is a scope policy, and the endpoint comes after it.
    pub(super) is_scope_policy: bool,
    /// When the request entered, or left its queue; `None` before.
    pub(super) entered: Option<Moment>,
    pub(super) authentication: AuthenticationState,
    pub(super) caller: Option<Principal>,
    /// Why the credentials were rejected, until the limits of anonymous requests are counted.
    pub(super) refused: Option<Refused>,
    /// The pending decision of the application's own policy.
    pub(super) pending_decision: Option<Box<PendingDecision>>,
    /// The results of the rule's expressions.
    pub(super) answers: Answers,
    pub(super) limit_state: LimitState,
    /// The costs that depend on the arguments.
    pub(super) costs: Costs,
    /// Whether a failure budget counts the handler's response.
    pub(super) watches_failures: bool,
    /// The failures that were charged when the client disconnected.
    pub(super) attempts: Attempts,
    /// Whether the client is gone.
    pub(super) is_abandoned: bool,
    /// When the arguments that are being extracted run out of time.
    pub(super) deadline: Option<Pin<Box<Sleep>>>,
}

impl Progress {
    /// Whether something depends on how the request ends, although its client is gone.
    pub(super) fn must_finish(&self) -> bool {
        let limit_state = &self.limit_state;
        match self.stage {
            Stage::Authentication | Stage::AnonymousLimits => true,
            Stage::Answer => {
                self.watches_failures
                    || limit_state.has_deferred()
                    || limit_state.place.is_some()
                    || !limit_state.permits.is_empty()
            }
            stage => self.watches_failures && stage.is_judging(),
        }
    }

    /// Stops a request whose client is gone, unless something depends on how it ends.
    ///
    /// # Errors
    ///
    /// [`Ended::Abandoned`], if the request stops.
    #[inline]
    pub(super) fn stop_if_abandoned(&self) -> Result<(), Ended> {
        if self.is_abandoned && !self.must_finish() { Err(Ended::Abandoned) } else { Ok(()) }
    }

    /// The caller, once authentication has succeeded.
    pub(super) fn caller(&self) -> Option<&Principal> {
        self.caller.as_ref()
    }

    /// The index of the authenticator that accepted the caller.
    pub(super) fn accepting_authenticator(&self) -> Option<usize> {
        self.authentication.accepting_authenticator()
    }
}
