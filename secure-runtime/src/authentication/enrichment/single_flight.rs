//! Single flight: one enrichment for all requests that wait for the same principal.
//!
//! A result is cached before its load is removed from the board, and a request that finds no load looks at
//! the cache again while the board is locked: so nothing is loaded twice. A load that started before the
//! cache was emptied is not cached.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Outcome;
use super::authenticator::is_same;
use crate::principal::Principal;

/// The enrichments under way.
#[derive(Clone, Default)]
pub(super) struct SingleFlight(Arc<Mutex<Board>>);

#[derive(Default)]
struct Board {
    running: HashMap<u64, Entry, ahash::RandomState>,
    /// How often the cache was emptied.
    generation: u64,
}

struct Entry {
    owner: u64,
    given: Principal,
    receiver: Receiver,
}

type Receiver = watch::Receiver<Option<Outcome>>;

/// What a request does about a principal that is not cached.
pub(super) enum Join {
    /// It was cached in the meantime.
    Cached(Principal),
    /// Waits for a load that is running.
    Waiting(Receiver),
    /// Starts one.
    Started(Running, Receiver),
    /// Another principal with the same hash is being loaded: nothing is shared.
    Uncached,
}

/// An enrichment that was started; dropping it removes it from the board in any case.
pub(super) struct Running {
    single_flight: SingleFlight,
    key: u64,
    generation: u64,
    announcement: watch::Sender<Option<Outcome>>,
}

impl SingleFlight {
    /// Joins the load for this principal, or starts it, unless the result is cached by now.
    pub(super) fn join(
        &self,
        key: u64,
        owner: u64,
        given: &Principal,
        known: impl FnOnce() -> Option<Principal>,
    ) -> Join {
        let mut board = self.board();
        if let Some(other) = board.running.get(&key) {
            return match other.owner == owner && is_same(&other.given, given) {
                true => Join::Waiting(other.receiver.clone()),
                false => Join::Uncached,
            };
        }
        if let Some(enriched) = known() {
            return Join::Cached(enriched);
        }
        let (announcement, receiver) = watch::channel(None);
        let running = Entry { owner, given: given.clone(), receiver: receiver.clone() };
        board.running.insert(key, running);
        let (single_flight, generation) = (self.clone(), board.generation);
        Join::Started(Running { single_flight, key, generation, announcement }, receiver)
    }

    /// Empties something; loads that are running are not cached, and later requests do not join them.
    pub(super) fn cancel(&self, empty: impl FnOnce()) {
        let mut board = self.board();
        board.generation += 1;
        board.running.clear();
        empty();
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Caches the result, unless the cache was emptied in the meantime, and passes it to the waiting requests.
    pub(super) fn finish(self, outcome: Outcome, keep: impl FnOnce(&Principal)) {
        let board = self.single_flight.board();
        if board.generation == self.generation
            && let Ok(enriched) = &outcome
        {
            keep(enriched);
        }
        drop(board);
        self.announcement.send_replace(Some(outcome));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut board = self.single_flight.board();
        if board.generation == self.generation {
            board.running.remove(&self.key);
        }
    }
}
