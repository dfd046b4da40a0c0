//! One enrichment for all requests that wait for the same principal.
//!
//! What lands is kept before its flight is taken off the board, and whoever finds no flight looks again at
//! what is kept, with the board locked: so nothing is made twice. What began before the cache was emptied
//! is not kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Outcome;
use super::authenticator::is_same;
use crate::principal::Principal;

/// The enrichments under way.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Mutex<Board>>);

#[derive(Default)]
struct Board {
    under_way: HashMap<u64, UnderWay, ahash::RandomState>,
    /// How often the cache was emptied.
    generation: u64,
}

struct UnderWay {
    owner: u64,
    given: Principal,
    arrival: Arrival,
}

type Arrival = watch::Receiver<Option<Outcome>>;

/// What a request does about a principal that is not kept.
pub(super) enum Departure {
    /// It was kept meanwhile.
    Known(Principal),
    /// Waits for a flight that is under way.
    Joined(Arrival),
    /// Begins one.
    Begun(Flight, Arrival),
    /// Another principal has the place on the board.
    Alone,
}

/// An enrichment that was begun; whatever becomes of it, it leaves the board.
pub(super) struct Flight {
    flights: Flights,
    key: u64,
    generation: u64,
    announcement: watch::Sender<Option<Outcome>>,
}

impl Flights {
    /// Joins the flight for this principal, or begins it, unless it is known by now.
    pub(super) fn depart(
        &self,
        key: u64,
        owner: u64,
        given: &Principal,
        known: impl FnOnce() -> Option<Principal>,
    ) -> Departure {
        let mut board = self.board();
        if let Some(other) = board.under_way.get(&key) {
            return match other.owner == owner && is_same(&other.given, given) {
                true => Departure::Joined(other.arrival.clone()),
                false => Departure::Alone,
            };
        }
        if let Some(enriched) = known() {
            return Departure::Known(enriched);
        }
        let (announcement, arrival) = watch::channel(None);
        let under_way = UnderWay { owner, given: given.clone(), arrival: arrival.clone() };
        board.under_way.insert(key, under_way);
        let (flights, generation) = (self.clone(), board.generation);
        Departure::Begun(Flight { flights, key, generation, announcement }, arrival)
    }

    /// Empties something; what is under way will not be kept, and is joined by nobody.
    pub(super) fn cancel(&self, empty: impl FnOnce()) {
        let mut board = self.board();
        board.generation += 1;
        board.under_way.clear();
        empty();
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Ends it: keeps what it brought, unless the cache was emptied meanwhile, and tells those who wait.
    pub(super) fn land(self, outcome: Outcome, keep: impl FnOnce(&Principal)) {
        let board = self.flights.board();
        if board.generation == self.generation
            && let Ok(enriched) = &outcome
        {
            keep(enriched);
        }
        drop(board);
        self.announcement.send_replace(Some(outcome));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut board = self.flights.board();
        if board.generation == self.generation {
            board.under_way.remove(&self.key);
        }
    }
}
