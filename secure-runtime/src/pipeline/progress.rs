//! How far a request has come, and what the stages have found out.

use std::pin::Pin;

use actix_web::rt::time::Sleep;

use super::limits::reserve::{LimitReport, LimitState};
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
    /// The next stage. One that had to wait is entered again, and goes on where it stopped.
    pub(super) stage: Stage,
    /// Whether this is the policy of a scope, on the way to an endpoint.
    pub(super) is_scope_policy: bool,
    /// When the request entered, or has waited in a queue since; `None` before.
    pub(super) entered: Option<Moment>,
    pub(super) authentication: AuthenticationState,
    pub(super) caller: Option<Principal>,
    /// Why there is no caller, while the limits of anonymous requests are counted.
    pub(super) refused: Option<Refused>,
    /// The question that the application's own policy is asked.
    pub(super) pending_decision: Option<Box<PendingDecision>>,
    /// What the application's expressions have said.
    pub(super) answers: Answers,
    pub(super) limit_state: LimitState,
    /// What the arguments cost.
    pub(super) costs: Costs,
    /// Whether the handler's answer may be a failure that counts.
    pub(super) watches_failures: bool,
    /// What was charged when the client went.
    pub(super) attempts: Attempts,
    /// Whether its client is gone.
    pub(super) is_abandoned: bool,
    /// When the arguments that are being extracted have taken too long.
    pub(super) deadline: Option<Pin<Box<Sleep>>>,
}

impl Progress {
    /// Whether something hangs on how a request ends whose client is gone.
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

    /// Whether what comes next is done: for a client that is gone, only where something hangs on it.
    ///
    /// # Errors
    ///
    /// Where nothing does.
    #[inline]
    pub(super) fn stop_if_abandoned(&self) -> Result<(), Ended> {
        if self.is_abandoned && !self.must_finish() { Err(Ended::Abandoned) } else { Ok(()) }
    }

    /// What the limits that were asked so far have said.
    pub(super) fn report(&self) -> Option<&LimitReport> {
        self.limit_state.report.as_ref()
    }

    /// The limits that are not enforced for this request, a bit each.
    pub(super) fn unenforced(&self) -> u64 {
        self.limit_state.unenforced
    }

    /// The caller, once it is known.
    pub(super) fn caller(&self) -> Option<&Principal> {
        self.caller.as_ref()
    }

    /// The place of the authenticator that named the caller.
    pub(super) fn caller_is_from(&self) -> Option<usize> {
        self.authentication.caller_is_from()
    }
}
