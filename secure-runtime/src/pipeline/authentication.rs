//! Stage 3: asks the endpoint's authenticators who is calling.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use crate::authentication::{Attempt, Authenticator, Refusal, RefusalCode, Verdict};
use crate::denial::{Denial, DenialKind};
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::security::{Authentication, Mode};
use crate::time::Moment;

/// The caller, or nobody where that is allowed.
pub(super) async fn authenticate(
    authentication: &Authentication,
    request: &RequestHead<'_>,
    now: Moment,
) -> Result<Option<Principal>, Denial> {
    let authenticators = &authentication.authenticators;
    let (caller, required) = match authentication.mode {
        Mode::Nobody => (None, false),
        Mode::Any { required } => (any(authenticators, request, now).await?, required),
        Mode::All { required } => (all(authenticators, request, now).await?, required),
    };
    match caller {
        None if required => Err(unauthenticated("no credentials were sent")),
        caller => Ok(caller),
    }
}

type Authenticators = [std::sync::Arc<dyn Authenticator>];

/// The first that accepts. Credentials that were sent and accepted by none are refused: they never
/// make the caller anonymous.
async fn any(
    authenticators: &Authenticators,
    request: &RequestHead<'_>,
    now: Moment,
) -> Result<Option<Principal>, Denial> {
    let mut refused: Option<Refusal> = None;
    for authenticator in authenticators {
        match ask(authenticator.as_ref(), request, now).await {
            Ok(Some(principal)) => return Ok(Some(principal)),
            Ok(None) => {}
            Err(refusal) => {
                let weightier = |kept: &Refusal| weight(&refusal) > weight(kept);
                if refused.as_ref().is_none_or(weightier) {
                    refused = Some(refusal);
                }
            }
        }
    }
    refused.map_or(Ok(None), |refusal| Err(denial(refusal)))
}

/// All of them; the first names the caller.
async fn all(
    authenticators: &Authenticators,
    request: &RequestHead<'_>,
    now: Moment,
) -> Result<Option<Principal>, Denial> {
    let mut caller = None;
    let mut accepted = 0;
    for authenticator in authenticators {
        if let Some(principal) = ask(authenticator.as_ref(), request, now).await.map_err(denial)? {
            accepted += 1;
            caller.get_or_insert(principal);
        }
    }
    if accepted == authenticators.len() {
        Ok(caller)
    } else if accepted == 0 {
        Ok(None)
    } else {
        Err(unauthenticated("credentials of one of the schemes are missing"))
    }
}

/// Asks one authenticator; one that panics is unable to judge.
async fn ask(
    authenticator: &dyn Authenticator,
    request: &RequestHead<'_>,
    now: Moment,
) -> Result<Option<Principal>, Refusal> {
    match catch_unwind(AssertUnwindSafe(|| authenticator.authenticate(request, now))) {
        Ok(Attempt::Accepted(principal)) => Ok(Some(principal)),
        Ok(Attempt::Absent) => Ok(None),
        Ok(Attempt::Refused(refusal)) => Err(refusal),
        Ok(Attempt::Pending(waiting)) => match wait(waiting).await {
            Some(Verdict::Accepted(principal)) => Ok(Some(principal)),
            Some(Verdict::Refused(refusal)) => Err(refusal),
            None => Err(panicked()),
        },
        Err(_) => Err(panicked()),
    }
}

/// `None`: the future panicked.
async fn wait(mut waiting: Pin<Box<dyn Future<Output = Verdict> + Send>>) -> Option<Verdict> {
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| waiting.as_mut().poll(context))) {
        Ok(Poll::Ready(verdict)) => Poll::Ready(Some(verdict)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(None),
    })
    .await
}

fn panicked() -> Refusal {
    Refusal::unavailable("the authenticator panicked")
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

fn denial(refusal: Refusal) -> Denial {
    let kind = match refusal.code() {
        RefusalCode::InvalidRequest => DenialKind::InvalidCredentials,
        RefusalCode::InvalidToken => DenialKind::InvalidToken,
        RefusalCode::Unavailable => DenialKind::Unavailable,
    };
    Denial::new(kind, refusal.cause().to_owned())
}

fn unauthenticated(cause: &'static str) -> Denial {
    Denial::new(DenialKind::Unauthenticated, cause)
}
