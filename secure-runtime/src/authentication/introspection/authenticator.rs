//! The authenticator that a checked [`Introspection`](super::Introspection) becomes: what a request
//! does.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;

use super::answer::Expectations;
use super::fingerprint::Fingerprint;
use super::outcome::{NOT_YET, Outcome};
use super::refusals::Refusals;
use super::request::{End, Order};
use super::single_flight::{CROWDED, Departure, Flights, OUT_OF_REACH, arrived};
use crate::authentication::bearer::{Bearer, is_b64token};
use crate::authentication::jwt::JwtAuthenticator;
use crate::authentication::outage::{Outage, duration, shortened};
use crate::authentication::token_cache::{Cached, TokenCache, Validity};
use crate::authentication::token_location::TokenPlace;
use crate::authentication::{
    Attempt, Authenticator, Capabilities, Challenge, Presented, Refusal, Revocations,
    TokenCacheStatistics, Verdict,
};
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::support::circuit::Call;
use crate::support::time::Moment;

/// Has an identity provider judge bearer tokens.
#[derive(Debug)]
pub(crate) struct IntrospectionAuthenticator(pub(super) Arc<Introspector>);

/// What requests share with the thread that sends introspection requests.
pub(super) struct Introspector {
    pub(super) challenge: Challenge,
    pub(super) place: TokenPlace,
    pub(super) expectations: Arc<Expectations>,
    /// Who verifies signed answers.
    pub(super) signed: Option<Arc<JwtAuthenticator>>,
    pub(super) revocations: Option<Revocations>,
    pub(super) cache: TokenCache,
    pub(super) refusals: Refusals,
    pub(super) flights: Flights,
    pub(super) outage: Mutex<Outage>,
    pub(super) memory: Memory,
    pub(super) orders: UnboundedSender<Order>,
}

/// How long answers are remembered, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    pub(super) positive_nanos: u64,
    pub(super) negative_nanos: u64,
}

impl Authenticator for IntrospectionAuthenticator {
    fn challenge(&self) -> Challenge {
        self.0.challenge.clone()
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        self.0.place.presented(request)
    }

    fn remembers_refusals(&self) -> bool {
        true
    }

    fn remembers(&self, request: &RequestHead<'_>, now: Moment) -> bool {
        let Bearer::Token(token) = self.0.place.find(request) else { return false };
        matches!(self.0.cache.peek(token, now), Cached::Valid(_))
    }

    fn start(&self, now: Moment) {
        if let Some(signed) = &self.0.signed {
            signed.start(now);
        }
    }

    /// Not ready while the provider was out of reach at the last attempt. A service without requests
    /// tries again from here, with a token that nobody has.
    fn ready(&self, now: Moment) -> Result<(), Arc<str>> {
        self.0.signed.as_ref().map_or(Ok(()), |signed| signed.ready(now))?;
        if self.0.flights.reaches() {
            return Ok(());
        }
        let nobodys = format!("readiness-{:016x}", ahash::RandomState::new().hash_one(()));
        drop(self.0.authenticate_unknown(nobodys.as_bytes(), now));
        Err(self.0.outage().cause().unwrap_or_else(|| OUT_OF_REACH.into()))
    }

    fn capabilities(&self) -> Capabilities {
        self.0.expectations.rules.capabilities(self.0.revocations.is_some())
    }

    fn token_cache_statistics(&self) -> Option<TokenCacheStatistics> {
        let refused_again = self.0.refusals.again();
        Some(TokenCacheStatistics { refused_again, ..self.0.cache.statistics() })
    }

    fn recheck(&self, caller: &Principal, _: Moment) -> Result<(), Refusal> {
        self.0.check_revoked(caller)
    }

    fn checks_origins(&self) -> bool {
        matches!(self.0.place, TokenPlace::Cookie { .. })
    }

    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt {
        match self.0.place.find(request) {
            Bearer::Absent => self.0.place.absent(request),
            Bearer::Malformed(cause) => Attempt::Refused(Refusal::invalid_request(cause)),
            Bearer::Token(token) => match self.0.cache.get(token, now) {
                Cached::Valid(principal) => match self.0.check_revoked(&principal) {
                    Ok(()) => Attempt::Accepted(principal),
                    // It stays in the cache: the provider need not be called for it each time.
                    Err(refusal) => Attempt::Refused(refusal),
                },
                Cached::NotYet => Attempt::Refused(Refusal::invalid_token(NOT_YET)),
                Cached::Expired | Cached::Unknown => self.0.authenticate_unknown(token, now),
            },
        }
    }
}

impl Introspector {
    /// Out of line: a hit should not pay for its stack frame.
    #[inline(never)]
    fn authenticate_unknown(self: &Arc<Self>, token: &[u8], now: Moment) -> Attempt {
        if !is_b64token(token) {
            return Attempt::Refused(Refusal::invalid_request(
                "the token has characters that no token has (RFC 6750 section 2.1)",
            ));
        }
        if token.len() > self.expectations.rules.max_token_bytes {
            return Attempt::Refused(Refusal::invalid_token("the token is too long"));
        }
        let fingerprint = Fingerprint::of(token);
        if let Some(outcome) = self.refusals.get(&fingerprint, now) {
            self.refusals.count();
            return self.verdict(outcome, now).into();
        }
        let Some(place) = self.flights.place() else {
            return Attempt::Refused(Refusal::unavailable(CROWDED));
        };
        // Before the provider is asked: what it says does not outlive a call to forget it.
        let generation = self.cache.generation();
        let known = || self.known(token, &fingerprint, now);
        let arrival = match self.flights.depart(fingerprint, now, known) {
            Departure::Known(outcome) => return self.verdict(outcome, now).into(),
            Departure::Impossible(cause) => {
                return Attempt::Refused(Refusal::unavailable(cause));
            }
            Departure::Joined(arrival) => arrival,
            Departure::Begun(arrival, announcement, call) => {
                let order = Order {
                    token: token.into(),
                    fingerprint,
                    now,
                    begun: Instant::now(),
                    generation,
                    call,
                    announcement,
                    by: Arc::downgrade(self),
                    has_landed: false,
                };
                // If the thread is gone the order is dropped, and ends the flight.
                let _ = self.orders.send(order);
                arrival
            }
        };
        // Not the introspector: a waiting request does not keep it alive.
        let revocations = self.revocations.clone();
        Attempt::Pending(Box::pin(async move {
            let outcome = arrived(arrival).await;
            drop(place);
            outcome.verdict(revocations.as_ref(), now)
        }))
    }

    fn verdict(&self, outcome: Outcome, now: Moment) -> Verdict {
        outcome.verdict(self.revocations.as_ref(), now)
    }

    #[inline]
    fn check_revoked(&self, principal: &Principal) -> Result<(), Refusal> {
        self.revocations.as_ref().map_or(Ok(()), |revocations| revocations.check(principal))
    }

    /// What is known of a token by now.
    fn known(&self, token: &[u8], fingerprint: &Fingerprint, now: Moment) -> Option<Outcome> {
        match self.cache.peek(token, now) {
            // It was compared with the clock just now.
            Cached::Valid(principal) => Some(Outcome::Active(principal, ALWAYS)),
            _ => self.refusals.get(fingerprint, now),
        }
    }

    /// Caches the result of a flight, and wakes the requests that wait for it.
    pub(super) fn conclude(&self, order: &Order, end: End) {
        let outcome = match end {
            End::Answered(outcome) => {
                self.flights.reached();
                self.tell_end_of_outage();
                self.remember(order, &outcome);
                outcome
            }
            End::OutOfReach(cause) => {
                self.flights.failed(order.call, order.moment().monotonic_nanos());
                let cause = shortened(cause);
                if self.outage().failed(&cause) {
                    tracing::warn!("tokens cannot be introspected: {cause}");
                } else {
                    tracing::debug!("tokens cannot be introspected, again: {cause}");
                }
                Outcome::Unknown(OUT_OF_REACH)
            }
            End::Unasked(cause) => {
                if order.call == Call::Trial {
                    self.flights.failed(order.call, order.moment().monotonic_nanos());
                }
                Outcome::Unknown(cause)
            }
        };
        self.flights.land(&order.fingerprint, &order.announcement, outcome);
    }

    fn tell_end_of_outage(&self) {
        if let Some(over) = self.outage().ended() {
            tracing::info!(
                "tokens are introspected again, after {} and {} failed attempts",
                duration(over.lasted),
                over.attempts
            );
        }
    }

    fn outage(&self) -> MutexGuard<'_, Outage> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From the time of the request that began the flight: what it brought is at least as new.
    fn remember(&self, order: &Order, outcome: &Outcome) {
        let Memory { positive_nanos, negative_nanos } = self.memory;
        let until = |nanos: u64| order.now.monotonic_nanos().saturating_add(nanos);
        let (refusal, nanos) = match outcome {
            Outcome::Active(_, validity) if validity.is_over(order.now) => {
                (Outcome::Refused("`exp` has passed"), negative_nanos)
            }
            // Also one that is not valid yet: the clock decides at each use.
            Outcome::Active(principal, validity) => {
                if positive_nanos > 0 {
                    let kept = (principal.clone(), *validity, until(positive_nanos));
                    self.cache.insert(&order.token, kept, order.generation);
                }
                return;
            }
            Outcome::Refused(_) => (outcome.clone(), negative_nanos),
            Outcome::Early(_) | Outcome::Unknown(_) => (outcome.clone(), MOMENT_NANOS),
        };
        if nanos > 0 {
            self.refusals.keep(order.fingerprint, refusal, until(nanos));
        }
    }
}

/// Neither tokens nor the client's secret.
impl fmt::Debug for Introspector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Introspector")
            .field("expectations", &self.expectations)
            .field("cache", &self.cache)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

const ALWAYS: Validity = Validity { from_nanos: 0, until_nanos: u64::MAX };

/// How long an answer that says nothing, or that the token will be good soon, keeps the provider from
/// being asked about the same token.
const MOMENT_NANOS: u64 = 1_000_000_000;
