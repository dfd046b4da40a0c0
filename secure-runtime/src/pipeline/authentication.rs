//! Stage 3: asks the endpoint's authenticators who is calling.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use super::passage::Refused;
use crate::authentication::{Attempt, Refusal, RefusalCode, Verdict};
use crate::denial::{Denial, DenialKind};
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::security::{Authentication, Mode};
use crate::time::Moment;

type Waiting = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// The caller, or nobody where that is allowed. Does not suspend unless an authenticator waits.
pub(super) async fn authenticate(
    authentication: &Authentication,
    request: &RequestHead<'_>,
    now: Moment,
) -> Result<Option<Principal>, Refused> {
    let mut round = Round::new(authentication);
    loop {
        match round.advance(request, now) {
            Progress::Finished(outcome) => return outcome,
            Progress::Waiting(waiting) => {
                let verdict = wait(waiting).await;
                if let Some(outcome) = round.absorb(verdict) {
                    return outcome;
                }
            }
        }
    }
}

/// One request's turn through the authenticators of its endpoint.
struct Round<'a> {
    authentication: &'a Authentication,
    next: usize,
    accepted: usize,
    caller: Option<Principal>,
    refusal: Option<Refusal>,
}

enum Progress {
    Finished(Result<Option<Principal>, Refused>),
    Waiting(Waiting),
}

impl<'a> Round<'a> {
    fn new(authentication: &'a Authentication) -> Self {
        Self { authentication, next: 0, accepted: 0, caller: None, refusal: None }
    }

    /// Asks one after the other, until the outcome is known or one of them waits.
    fn advance(&mut self, request: &RequestHead<'_>, now: Moment) -> Progress {
        while let Some(authenticator) = self.authentication.authenticators.get(self.next) {
            self.next += 1;
            let attempt =
                catch_unwind(AssertUnwindSafe(|| authenticator.authenticate(request, now)));
            let verdict = match attempt {
                Ok(Attempt::Absent) => continue,
                Ok(Attempt::Accepted(principal)) => Verdict::Accepted(principal),
                Ok(Attempt::Refused(refusal)) => Verdict::Refused(refusal),
                Ok(Attempt::Pending(waiting)) => return Progress::Waiting(waiting),
                Err(_) => panicked(),
            };
            if let Some(outcome) = self.absorb(verdict) {
                return Progress::Finished(outcome);
            }
        }
        Progress::Finished(self.conclude())
    }

    /// Takes in one verdict; `Some` if it decides.
    fn absorb(&mut self, verdict: Verdict) -> Option<Result<Option<Principal>, Refused>> {
        let needs_all = matches!(self.authentication.mode, Mode::All { .. });
        match verdict {
            Verdict::Accepted(principal) if needs_all => {
                self.accepted += 1;
                // The first names the caller.
                self.caller.get_or_insert(principal);
                None
            }
            Verdict::Accepted(principal) => Some(Ok(Some(principal))),
            Verdict::Refused(refusal) if needs_all => Some(Err(denial(&refusal))),
            Verdict::Refused(refusal) => {
                if self.refusal.as_ref().is_none_or(|kept| weight(&refusal) > weight(kept)) {
                    self.refusal = Some(refusal);
                }
                None
            }
        }
    }

    /// All have been asked, and none decided alone.
    fn conclude(&mut self) -> Result<Option<Principal>, Refused> {
        // Credentials that were sent and accepted by none never make the caller anonymous.
        if let Some(refusal) = self.refusal.take() {
            return Err(denial(&refusal));
        }
        let asked = self.authentication.authenticators.len();
        match self.authentication.mode {
            Mode::All { .. } if self.accepted == asked && asked > 0 => Ok(self.caller.take()),
            Mode::All { .. } if self.accepted > 0 => {
                Err(unauthenticated("credentials of one of the schemes are missing"))
            }
            Mode::Any { required: true } | Mode::All { required: true } => {
                Err(unauthenticated("no credentials were sent"))
            }
            Mode::Nobody | Mode::Any { required: false } | Mode::All { required: false } => {
                Ok(None)
            }
        }
    }
}

/// An authenticator that panics while it waits is unable to judge.
async fn wait(mut waiting: Waiting) -> Verdict {
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| waiting.as_mut().poll(context))) {
        Ok(polled) => polled,
        Err(_) => Poll::Ready(panicked()),
    })
    .await
}

fn panicked() -> Verdict {
    Verdict::Refused(Refusal::unavailable("the authenticator panicked"))
}

/// Which of several refusals the client hears: a malformed request would be refused by all; one
/// that cannot judge might have accepted.
fn weight(refusal: &Refusal) -> u8 {
    match refusal.code() {
        RefusalCode::InvalidRequest => 2,
        RefusalCode::Unavailable => 1,
        RefusalCode::InvalidToken => 0,
    }
}

fn denial(refusal: &Refusal) -> Refused {
    let kind = match refusal.code() {
        RefusalCode::InvalidRequest => DenialKind::InvalidCredentials,
        RefusalCode::InvalidToken => DenialKind::InvalidToken,
        RefusalCode::Unavailable => DenialKind::Unavailable,
    };
    Box::new(Denial::new(kind, refusal.cause().to_owned()))
}

fn unauthenticated(cause: &'static str) -> Refused {
    Box::new(Denial::new(DenialKind::Unauthenticated, cause))
}
