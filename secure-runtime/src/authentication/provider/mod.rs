//! What is kept elsewhere and changes there, an identity provider's keys, say, or a file of API keys:
//! how old it may be, and when it is fetched again.
//!
//! 1. The first set is fetched when the service starts; requests that come before it wait for it.
//! 2. A set that is older than the interval is fetched again in the background, while it still
//!    serves. One that is older than two intervals is waited for: after an idle night, nothing is
//!    accepted that was withdrawn the evening before. Where the provider was out of reach just now,
//!    nobody waits for it again.
//! 3. A token that names an unknown key waits for a set whose fetch begins after the token came: the
//!    key may have been published a moment ago, and a token of a published key is never refused. All
//!    tokens that come before that fetch begins wait for the same one. It begins a second after the
//!    one before, and up to four seconds after it while names of keys are invented all the time (see
//!    [`flight`]). No more than 1,024 requests wait at once, and none while the provider is failing.
//! 4. While the provider is down, or publishes nothing usable, the old set serves until its longest
//!    age. Then nothing is accepted: 503.
//! 5. A set learns of the one that it replaces: one that lacks a key of the one before, or has
//!    changed it, makes every verified token be verified again. One that changes nothing makes nothing
//!    be forgotten.
//!
//! The clock is that of the requests: nothing happens here while none come.

mod flight;
mod supply;

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

pub(crate) use flight::{Order, Seat};
pub(crate) use supply::supply;

use crate::support::time::Moment;
use flight::Flight;

/// What is fetched, as a whole.
pub(crate) trait Fetched: fmt::Debug + Send + Sync + 'static {
    /// Takes the place of an earlier set.
    fn succeed(&self, earlier: &Self) -> Change;
}

/// What a fetch has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Nothing,
    /// Something is there that was not, and all is there that was.
    Added,
    /// Something that was there is gone, or is another.
    Withdrawn,
}

/// The keys of one provider.
pub(crate) struct Provider<K> {
    held: ArcSwapOption<Held<K>>,
    flight: Mutex<Flight>,
    /// How many fetches have ended.
    ended: watch::Sender<u64>,
    orders: Mutex<Sender<Order>>,
    /// How many fetches have failed since the last good one.
    failures: AtomicU64,
    /// When the last one that failed was ordered.
    failed_at: AtomicU64,
    /// Why it failed.
    fault: Mutex<Option<Arc<str>>>,
    /// How many requests wait for keys that the set lacks.
    waiting: Arc<AtomicUsize>,
    terms: Terms,
}

/// How old keys may be, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) refresh_nanos: u64,
    pub(crate) longest_nanos: u64,
}

/// A set, and when the request came for which it was fetched.
pub(crate) struct Held<K> {
    pub(crate) keys: K,
    since: u64,
}

/// What a request can do.
pub(crate) enum Look<K> {
    /// Verify with these keys.
    Use(Arc<Held<K>>),
    /// Wait for a fetch first.
    Wait(Wait),
    /// Nothing: there are no keys, or they are too old.
    Nothing,
}

/// Waits for the end of a fetch, however it ends.
pub(crate) struct Wait {
    ended: watch::Receiver<u64>,
    flight: Seat,
    place: Option<Place>,
}

impl Wait {
    /// Waits; answers which fetch it was.
    pub(crate) async fn over(mut self) -> Seat {
        // An error means that the provider was dropped, and nothing is fetched anymore.
        let _ = self.ended.wait_for(|ended| *ended >= self.flight.number).await;
        drop(self.place);
        self.flight
    }
}

/// Why no request waits for an unknown key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotWaiting {
    /// The newest set could not be fetched.
    Failing,
    /// Too many requests wait already.
    Crowded,
    /// A fetch has ended since the request looked at the keys: it looks again.
    Changed,
}

impl NotWaiting {
    pub(crate) fn cause(self) -> &'static str {
        match self {
            Self::Failing => "the key is unknown, and the newest key set could not be fetched",
            Self::Crowded | Self::Changed => {
                "the key is unknown, and too many requests wait for a newer key set"
            }
        }
    }
}

/// The right to wait for an unknown key; given back when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<K: Fetched> Provider<K> {
    pub(crate) fn new(terms: Terms, orders: Sender<Order>) -> Self {
        Self {
            held: ArcSwapOption::empty(),
            flight: Mutex::new(Flight::default()),
            ended: watch::Sender::new(0),
            orders: Mutex::new(orders),
            failures: AtomicU64::new(0),
            failed_at: AtomicU64::new(0),
            fault: Mutex::default(),
            waiting: Arc::default(),
            terms,
        }
    }

    /// The keys, if they may be used now; has them fetched when they are due.
    pub(crate) fn look(&self, now: Moment) -> Look<K> {
        self.look_again(self.usable(now), now)
    }

    /// What follows from the keys that were found.
    fn look_again(&self, held: Option<Arc<Held<K>>>, now: Moment) -> Look<K> {
        let age = held.as_ref().map_or(u64::MAX, |held| held.age(now));
        if age < self.terms.refresh_nanos {
            return held.map_or(Look::Nothing, Look::Use);
        }
        match (held, self.fetch(now)) {
            (Some(held), Some(_)) if age < self.patience() || self.failed_just_now(now) => {
                Look::Use(held)
            }
            (_, Some(wait)) => Look::Wait(wait),
            // A fetch that ended meanwhile has brought other keys than those found above.
            (_, None) => self.usable(now).map_or(Look::Nothing, Look::Use),
        }
    }

    /// What `read` finds in the keys, if they need not be fetched again yet. Counts no reference,
    /// for those who look at every request.
    pub(crate) fn fresh<T>(&self, now: Moment, read: impl FnOnce(&K) -> T) -> Option<T> {
        let held = self.held.load();
        let held = held.as_ref().filter(|held| held.age(now) < self.terms.refresh_nanos)?;
        Some(read(&held.keys))
    }

    /// The keys, unless there are none or they are older than they may ever be.
    pub(crate) fn usable(&self, now: Moment) -> Option<Arc<Held<K>>> {
        self.held.load_full().filter(|held| held.age(now) < self.terms.longest_nanos)
    }

    /// The keys that were fetched last, however old they are.
    pub(crate) fn last(&self) -> Option<Arc<Held<K>>> {
        self.held.load_full()
    }

    /// Has the keys fetched, unless that was tried just now: what there is to wait for.
    pub(crate) fn fetch(&self, now: Moment) -> Option<Wait> {
        let here = Instant::now();
        let seat = self.flight().join(now, here, |order| self.order(order))?;
        Some(Wait { ended: self.ended.subscribe(), flight: seat, place: None })
    }

    /// What to wait for where the set lacks a key, whose name anybody can invent: a fetch that begins
    /// after the request `came`, or one under way, after which this is asked again. See
    /// [`Seat::is_newer`]. Where the request looked at the keys when so many fetches [had
    /// ended](Self::ended) and others have since, it looks again first.
    pub(crate) fn fetch_for_unknown(
        &self,
        now: Moment,
        came: Instant,
        seen: Option<u64>,
    ) -> Result<Wait, NotWaiting> {
        if self.is_failing() {
            // It is tried again when that is due; no request waits for it.
            drop(self.fetch(now));
            return Err(NotWaiting::Failing);
        }
        let place = self.place().ok_or(NotWaiting::Crowded)?;
        let times = (came, Instant::now());
        let mut flight = self.flight();
        if seen.is_some_and(|seen| flight.ended() != seen) {
            return Err(NotWaiting::Changed);
        }
        let seat = flight.join_for_unknown(now, times, |order| self.order(order));
        let seat = seat.ok_or(NotWaiting::Failing)?;
        Ok(Wait { ended: self.ended.subscribe(), flight: seat, place: Some(place) })
    }

    /// How many fetches have ended.
    pub(crate) fn ended(&self) -> u64 {
        self.flight().ended()
    }

    /// Whether the order was heard.
    fn order(&self, order: Order) -> bool {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).send(order).is_ok()
    }

    fn flight(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self) -> Option<Place> {
        let place = Place(Arc::clone(&self.waiting));
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        (before < MOST_WAITING).then_some(place)
    }

    /// Whether there are keys that may be used; the error is why not. Has them fetched when they are
    /// due, so that a service without requests recovers.
    pub(crate) fn ready(&self, now: Moment) -> Result<(), Arc<str>> {
        drop(self.look(now));
        if self.usable(now).is_some() {
            return Ok(());
        }
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Err(fault.unwrap_or_else(|| "the keys have not been fetched yet".into()))
    }

    /// How old a set may be before requests wait for a newer one.
    fn patience(&self) -> u64 {
        self.terms.refresh_nanos.saturating_mul(2)
    }

    fn failed_just_now(&self, now: Moment) -> bool {
        let since = now.monotonic_nanos().saturating_sub(self.failed_at.load(Ordering::Acquire));
        self.is_failing() && since < self.patience()
    }

    /// Whether the last fetch failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.failures.load(Ordering::Acquire) > 0
    }

    /// Until when what is verified now need not be verified again, in monotonic nanoseconds.
    pub(crate) fn good_until(&self, now: Moment) -> u64 {
        let Some(held) = self.held.load_full() else { return 0 };
        let due = held.since.saturating_add(self.terms.refresh_nanos);
        // Where the provider is down, not every request pays for a signature.
        let at_least = match self.is_failing() {
            true => now.monotonic_nanos().saturating_add(RECHECK_NANOS),
            false => 0,
        };
        due.max(at_least).min(held.since.saturating_add(self.terms.longest_nanos))
    }

    /// Takes in the end of a fetch that was ordered at `since`; the error is why it failed.
    pub(crate) fn absorb(&self, since: u64, fetched: Result<K, String>) -> Change {
        let mut change = Change::Nothing;
        let (failures, fault) = match fetched {
            Ok(keys) => {
                let held = Arc::new(Held { keys, since });
                let before = self.held.swap(Some(Arc::clone(&held)));
                change = before.map_or(Change::Added, |before| held.keys.succeed(&before.keys));
                self.failures.store(0, Ordering::Release);
                (0, None)
            }
            Err(fault) => {
                self.failed_at.store(since, Ordering::Release);
                (self.failures.fetch_add(1, Ordering::AcqRel) + 1, Some(fault.into()))
            }
        };
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        self.flight().land(since, failures, change);
        change
    }

    /// Wakes the requests that wait: after [`absorb`](Self::absorb), and whatever follows from it.
    pub(crate) fn announce(&self) {
        let ended = self.flight().ended();
        self.ended.send_replace(ended);
    }
}

impl<K> Held<K> {
    fn age(&self, now: Moment) -> u64 {
        now.monotonic_nanos().saturating_sub(self.since)
    }
}

/// Neither keys nor addresses.
impl<K: fmt::Debug> fmt::Debug for Provider<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut output = formatter.debug_struct("Provider");
        if let Some(held) = self.held.load_full() {
            output.field("keys", &held.keys);
        }
        output.field("terms", &self.terms).finish_non_exhaustive()
    }
}

const RECHECK_NANOS: u64 = 10_000_000_000;

/// Their tokens take 8 MiB, unless longer ones are allowed.
const MOST_WAITING: usize = 1024;

/// How often keys are fetched again, by default.
pub(crate) const REFRESH: Duration = Duration::from_secs(5 * 60);
/// How long keys are used without a successful fetch, by default.
pub(crate) const LONGEST: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests;
