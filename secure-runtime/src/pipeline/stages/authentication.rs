//! Authentication: runs the endpoint's authenticators until the caller is known or the credentials
//! are rejected.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::failures;
use crate::authentication::{Attempt, Presented, Refusal, RefusalCode, Verdict};
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::{Refused, refused};
use crate::plan::{Authentication, Mode};
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::support::time::Moment;

type PendingVerdict = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// The caller; `None` for an anonymous request that the endpoint allows.
type Outcome = Result<Option<Principal>, Refused>;

/// Authenticates the caller, or keeps the reason of the rejection. A later poll continues where
/// this one stopped.
///
/// # Errors
///
/// If the caller is banned.
#[inline]
pub(in crate::pipeline) fn poll(
    gate: &Gate<'_>,
    request: &mut Progress,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    let authentication = &gate.plan.authentication;
    let Some(now) = request.entered.filter(|_| authentication.mode != Mode::Nobody) else {
        return Poll::Ready(Ok(()));
    };
    let head = RequestHead::new(gate.request);
    match ready!(request.authentication.poll(authentication, &head, now, context)) {
        Ok(Some(caller)) => {
            request.caller = Some(caller);
            failures::check_caller(gate, request.caller.as_ref(), now)?;
        }
        Ok(None) => request.caller = open_principal(gate, now),
        Err(refused) if authentication.is_lenient && is_rejection(&refused) => {
            request.count_rejected(gate, refused.kind(), now);
            log_rejection(gate, &refused);
        }
        Err(refused) => request.refused = Some(refused),
    }
    Poll::Ready(Ok(()))
}

/// The principal of every request, if the configuration allows every request.
fn open_principal(gate: &Gate<'_>, now: Moment) -> Option<Principal> {
    let open = gate.security.inner().open.as_ref();
    let open = open.filter(|_| gate.plan.authentication.mode == Mode::Open)?;
    open.warn(now);
    Some(open.principal.clone())
}

/// Whether the credentials were rejected. This is false if they could not be checked, or if their
/// owner is locked out.
fn is_rejection(refused: &Denial) -> bool {
    matches!(refused.kind(), DenialKind::InvalidToken | DenialKind::InvalidCredentials)
}

/// The request continues, so no line for a refused request is logged.
#[cold]
fn log_rejection(gate: &Gate<'_>, refused: &Denial) {
    let names = &gate.plan.authentication.names;
    tracing::debug!(
        handler = gate.plan.endpoint.full_name(),
        cause = refused.cause(),
        authenticator = refused.authenticator.and_then(|place| names.get(place)).copied(),
        "rejected credentials are ignored (`auth = lenient(…)`)"
    );
}

/// The state of one request's authentication.
#[derive(Default)]
pub(in crate::pipeline) struct AuthenticationState {
    /// How many authenticators were called.
    next: usize,
    /// The index of the authenticator that was called last.
    asked: usize,
    /// One bit for each authenticator whose credentials come in a cookie. They are called last.
    cookies: u64,
    /// One bit for each authenticator that accepted.
    accepted: u64,
    caller: Option<Principal>,
    /// The rejection that the client gets, and the index of its authenticator.
    refusal: Option<(usize, Refusal)>,
    waiting: Option<PendingVerdict>,
}

impl AuthenticationState {
    /// One bit for each of the endpoint's authenticators: whether it accepted the credentials.
    pub(in crate::pipeline) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// The index of the authenticator that named the caller.
    pub(in crate::pipeline) fn accepting_authenticator(&self) -> Option<usize> {
        (self.accepted != 0).then(|| self.accepted.trailing_zeros() as usize)
    }

    /// Calls one authenticator after the other until the outcome is known. Ready at once, unless an
    /// authenticator has to wait.
    pub(in crate::pipeline) fn poll(
        &mut self,
        authentication: &Authentication,
        request: &RequestHead<'_>,
        now: Moment,
        context: &mut Context<'_>,
    ) -> Poll<Outcome> {
        if self.next == 0 && authentication.authenticators.len() > 1 {
            self.cookies = check_places(authentication, request)?;
        }
        loop {
            let verdict = match &mut self.waiting {
                Some(waiting) => {
                    let verdict = ready!(poll_guarded(waiting, context));
                    self.waiting = None;
                    verdict
                }
                None => {
                    let place = self.place(authentication.authenticators.len());
                    // A cookie does not make up for rejected credentials that the client sent
                    // deliberately.
                    if self.refusal.is_some() && is_in(self.cookies, place) {
                        return Poll::Ready(self.conclude(authentication));
                    }
                    let Some(authenticator) = authentication.authenticators.get(place) else {
                        return Poll::Ready(self.conclude(authentication));
                    };
                    self.next += 1;
                    self.asked = place;
                    let ask = || authenticator.authenticate(request, now);
                    match catch_unwind(AssertUnwindSafe(ask)) {
                        Ok(Attempt::Absent) => continue,
                        Ok(Attempt::Accepted(principal)) => Verdict::Accepted(principal),
                        Ok(Attempt::Refused(refusal)) => Verdict::Refused(refusal),
                        Ok(Attempt::Pending(waiting)) => {
                            self.waiting = Some(waiting);
                            continue;
                        }
                        Err(_) => panicked(),
                    }
                }
            };
            if let Some(outcome) = self.apply_verdict(authentication, verdict) {
                return Poll::Ready(outcome);
            }
        }
    }

    /// The index of the next authenticator of this many. Credentials in a cookie come last: a
    /// browser sends a cookie automatically, and a sibling domain can set one.
    fn place(&self, count: usize) -> usize {
        if self.cookies == 0 {
            return self.next;
        }
        let of_cookie = |place: &usize| is_in(self.cookies, *place);
        let others = (0..count).filter(|place| !of_cookie(place));
        others.chain((0..count).filter(of_cookie)).nth(self.next).unwrap_or(count)
    }

    /// Takes a verdict into account; `Some` if it is decisive.
    fn apply_verdict(
        &mut self,
        authentication: &Authentication,
        verdict: Verdict,
    ) -> Option<Outcome> {
        let needs_all = matches!(authentication.mode, Mode::All { .. });
        let asked = self.asked;
        match verdict {
            Verdict::Accepted(principal) => {
                let name = authentication.names.get(asked).copied().unwrap_or_default();
                let principal = principal.accepted_by(name);
                // A startup check refuses more authenticators than there are bits.
                self.accepted |= bit(asked);
                if !needs_all {
                    return Some(Ok(Some(principal)));
                }
                // The first authenticator names the caller.
                self.caller.get_or_insert(principal);
                None
            }
            Verdict::Refused(refusal) if needs_all || is_malformed(&refusal) => {
                Some(Err(denial(asked, &refusal)))
            }
            Verdict::Refused(refusal) => {
                let kept = self.refusal.as_ref();
                if kept.is_none_or(|(_, kept)| weight(&refusal) > weight(kept)) {
                    self.refusal = Some((asked, refusal));
                }
                None
            }
        }
    }

    /// The outcome after all authenticators were called without a decision.
    fn conclude(&mut self, authentication: &Authentication) -> Outcome {
        // Credentials that were sent and not accepted never make a request anonymous.
        if let Some((from, refusal)) = self.refusal.take() {
            return Err(denial(from, &refusal));
        }
        let asked = authentication.authenticators.len();
        match authentication.mode {
            Mode::All { .. } if self.accepted.count_ones() as usize == asked && asked > 0 => {
                Ok(self.caller.take())
            }
            Mode::All { .. } if self.accepted != 0 => {
                Err(unauthenticated("credentials of one of the schemes are missing"))
            }
            Mode::Any { required: true } | Mode::All { required: true } => {
                Err(unauthenticated("no credentials were sent"))
            }
            Mode::Closed => {
                let cause =
                    "an authenticator that the endpoint needs is absent from the configuration";
                Err(refused(DenialKind::Unavailable, cause))
            }
            Mode::Nobody
            | Mode::Open
            | Mode::Any { required: false }
            | Mode::All { required: false } => Ok(None),
        }
    }
}

fn bit(place: usize) -> u64 {
    1_u64.checked_shl(place as u32).unwrap_or_default()
}

pub(super) fn is_in(bits: u64, place: usize) -> bool {
    bits & bit(place) != 0
}

/// If any one of several schemes suffices, credentials must come in one place: with two, it is
/// ambiguous which one is meant (RFC 6750 section 2). Returns one bit for each authenticator whose
/// credentials come in a cookie.
fn check_places(
    authentication: &Authentication,
    request: &RequestHead<'_>,
) -> Result<u64, Refused> {
    if !matches!(authentication.mode, Mode::Any { .. }) {
        return Ok(0);
    }
    let (mut first, mut cookies) = (Presented::Absent, 0);
    for (asked, authenticator) in authentication.authenticators.iter().enumerate() {
        let look = || authenticator.presented(request);
        let Ok(place) = catch_unwind(AssertUnwindSafe(look)) else {
            return Err(denial(asked, &Refusal::unavailable("the authenticator panicked")));
        };
        if place.conflicts_with(&first) {
            let cause = "credentials were sent in two places, and only one is allowed";
            return Err(refused(DenialKind::InvalidCredentials, cause));
        }
        if matches!(place, Presented::Cookie(_)) {
            cookies |= bit(asked);
        }
        if matches!(first, Presented::Absent | Presented::Connection | Presented::Cookie(_)) {
            first = place;
        }
    }
    Ok(cookies)
}

/// An authenticator that panics while it waits cannot judge the credentials.
fn poll_guarded(waiting: &mut PendingVerdict, context: &mut Context<'_>) -> Poll<Verdict> {
    let polled = catch_unwind(AssertUnwindSafe(|| waiting.as_mut().poll(context)));
    polled.unwrap_or_else(|_| Poll::Ready(panicked()))
}

fn panicked() -> Verdict {
    Verdict::Refused(Refusal::unavailable("the authenticator panicked"))
}

/// A malformed request is refused, even if another authenticator would accept: one authenticator
/// sees two credentials, another might see only the first one and accept it.
fn is_malformed(refusal: &Refusal) -> bool {
    refusal.code() == RefusalCode::InvalidRequest
}

/// The weight of a rejection; the client gets the one with the highest weight. It is the rejection
/// of the authenticator that the credentials were for; otherwise that of one that could not judge
/// and might have accepted. Credentials can be for several authenticators that share an issuer,
/// with one audience each. Then one that could not judge may be the right one.
fn weight(refusal: &Refusal) -> u8 {
    match (refusal.code(), refusal.is_decided()) {
        (RefusalCode::Unavailable, true) => 3,
        (_, true) => 2,
        (RefusalCode::Unavailable, false) => 1,
        (_, false) => 0,
    }
}

fn denial(from: usize, refusal: &Refusal) -> Refused {
    let kind = match refusal.code() {
        RefusalCode::InvalidRequest => DenialKind::InvalidCredentials,
        RefusalCode::InvalidToken => DenialKind::InvalidToken,
        RefusalCode::Forbidden => DenialKind::Forbidden,
        RefusalCode::Unavailable => DenialKind::Unavailable,
    };
    let denial = Denial::new(kind, refusal.cause().to_owned()).with_authenticator(Some(from));
    Box::new(match &refusal.detail {
        Some(detail) => denial.with_detail(detail.to_string()),
        None => denial,
    })
}

fn unauthenticated(cause: &'static str) -> Refused {
    refused(DenialKind::Unauthenticated, cause)
}
