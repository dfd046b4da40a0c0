//! Single flight: one introspection call for all requests that wait for the same token, and a bound on the number of calls.
//!
//! A flight does not belong to the request that began it: a client that disconnects does not end what
//! others wait for. A request that finds no flight under way looks again at what is known, with the
//! board locked: what lands is known before its flight is taken off the board, so no token is asked
//! about twice.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::fingerprint::Fingerprint;
use super::outcome::Outcome;
use crate::support::circuit::{Call, Circuit};
use crate::support::time::Moment;

/// The calls under way of one authenticator, and the requests that wait for them.
pub(super) struct Flights {
    board: Mutex<Board>,
    waiting: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Board {
    under_way: HashMap<Fingerprint, Arrival, ahash::RandomState>,
    circuit: Circuit,
}

/// How a flight ends, once it has.
pub(super) type Arrival = watch::Receiver<Option<Outcome>>;

/// Wakes the requests that wait.
pub(super) type Announcement = watch::Sender<Option<Outcome>>;

/// What a request does about a token that nothing is known of.
pub(super) enum Departure {
    /// Waits for a flight that is under way.
    Joined(Arrival),
    /// Waits for a flight that it begins.
    Begun(Arrival, Announcement, Call),
    /// What is known by now.
    Known(Outcome),
    /// Neither.
    Impossible(&'static str),
}

/// The right to wait; given back when it is dropped.
pub(super) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Flights {
    pub(super) fn new() -> Self {
        Self { board: Mutex::default(), waiting: Arc::default() }
    }

    /// A place to wait, unless too many do already.
    pub(super) fn place(&self) -> Option<Place> {
        let place = Place(Arc::clone(&self.waiting));
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        (before < MOST_WAITING).then_some(place)
    }

    /// Joins the flight for this token, or begins it.
    pub(super) fn depart(
        &self,
        token: Fingerprint,
        now: Moment,
        known: impl FnOnce() -> Option<Outcome>,
    ) -> Departure {
        let mut board = self.board();
        if let Some(arrival) = board.under_way.get(&token) {
            return Departure::Joined(arrival.clone());
        }
        if let Some(outcome) = known() {
            return Departure::Known(outcome);
        }
        if board.under_way.len() >= MOST_FLIGHTS {
            return Departure::Impossible(CROWDED);
        }
        let Some(call) = board.circuit.admit(now.monotonic_nanos()) else {
            return Departure::Impossible(OUT_OF_REACH);
        };
        let (announcement, arrival) = watch::channel(None);
        board.under_way.insert(token, arrival.clone());
        Departure::Begun(arrival, announcement, call)
    }

    /// Ends a flight; what it brought is known already.
    pub(super) fn land(&self, token: &Fingerprint, to: &Announcement, outcome: Outcome) {
        self.board().under_way.remove(token);
        to.send_replace(Some(outcome));
    }

    /// Whether a flight that waited for its turn may still call.
    pub(super) fn still_admits(&self, call: Call) -> bool {
        self.board().circuit.still_admits(call)
    }

    /// Whether the provider was reached at the last attempt.
    pub(super) fn reaches(&self) -> bool {
        self.still_admits(Call::Usual)
    }

    /// Takes in that the provider answered.
    pub(super) fn reached(&self) {
        self.board().circuit.reached();
    }

    /// Takes in that it did not.
    pub(super) fn failed(&self, call: Call, now_nanos: u64) {
        self.board().circuit.failed(call, now_nanos);
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the end of a flight.
pub(super) async fn arrived(mut arrival: Arrival) -> Outcome {
    match arrival.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or(Outcome::Unknown(GIVEN_UP)),
        Err(_) => Outcome::Unknown(GIVEN_UP),
    }
}

pub(super) const CROWDED: &str = "too many tokens are asked about at once";
pub(super) const OUT_OF_REACH: &str = "the introspection endpoint is out of reach";
pub(super) const GIVEN_UP: &str = "the introspection was given up";

/// Calls under way, and those that wait for their turn. The tokens of as many take 8 MiB at most,
/// unless longer ones are allowed.
pub(super) const MOST_FLIGHTS: usize = 1024;

/// Requests that wait.
const MOST_WAITING: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::time::Clock;
    use crate::testing::FakeClock;

    fn begin(flights: &Flights, number: usize) -> Departure {
        let token = Fingerprint::of(&number.to_ne_bytes());
        flights.depart(token, FakeClock::new().now(), || None)
    }

    #[test]
    fn there_are_no_more_flights_than_so_many_and_each_is_begun_once() {
        let flights = Flights::new();
        for number in 0..MOST_FLIGHTS {
            assert!(matches!(begin(&flights, number), Departure::Begun(..)));
        }
        assert!(matches!(begin(&flights, MOST_FLIGHTS), Departure::Impossible(CROWDED)));
        for number in 0..MOST_FLIGHTS {
            assert!(matches!(begin(&flights, number), Departure::Joined(_)));
        }
        let (announcement, _) = watch::channel(None);
        let first = Fingerprint::of(&0_usize.to_ne_bytes());
        flights.land(&first, &announcement, Outcome::Refused("x"));
        assert!(matches!(begin(&flights, MOST_FLIGHTS), Departure::Begun(..)));
    }

    #[test]
    fn what_landed_meanwhile_is_not_asked_again() {
        let flights = Flights::new();
        let token = Fingerprint::of(b"a");
        let known = || Some(Outcome::Refused("x"));
        let departure = flights.depart(token, FakeClock::new().now(), known);
        assert!(matches!(departure, Departure::Known(Outcome::Refused("x"))));
        assert!(flights.board().under_way.is_empty());
    }

    #[test]
    fn no_more_requests_wait_than_so_many() {
        let flights = Flights::new();
        let places: Vec<_> = (0..MOST_WAITING).map(|_| flights.place().unwrap()).collect();
        assert!(flights.place().is_none());
        drop(places);
        assert!(flights.place().is_some());
        assert_eq!(flights.waiting.load(Ordering::SeqCst), 0);
    }
}
