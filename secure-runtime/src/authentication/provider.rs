//! What is kept elsewhere and changes there, an identity provider's keys, say, or a file of API keys:
//! how old it may be, and when it is fetched again.
//!
//! 1. The first set is fetched when the service starts; requests that come before it wait for it.
//! 2. A set that is older than the interval is fetched again in the background, while it still
//!    serves. One that is older than two intervals is waited for: after an idle night, nothing is
//!    accepted that was withdrawn the evening before. Where the provider was out of reach just now,
//!    nobody waits for it again.
//! 3. A token that names an unknown key has the set fetched at once, and waits for it. All that come
//!    meanwhile wait for the same fetch, and no fetch begins within a second of the one before, or
//!    within the doubled waits that follow failures. Whoever finds that one has just ended looks at
//!    what it brought, and whoever waited for one that began earlier, in vain, may have it fetched
//!    once more. Names can be invented, so these fetches pause for longer, up to about a minute,
//!    while they bring nothing new; fetches by age (2) do not.
//! 4. While the provider is down, or publishes nothing usable, the old set serves until its longest
//!    age. Then nothing is accepted: 503.
//! 5. A set learns of the one that it replaces: one that lacks a key of the one before, or has
//!    changed it, makes every verified token be verified again. One that changes nothing makes nothing
//!    be forgotten.
//!
//! The clock is that of the requests: nothing happens here while none come.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use crate::time::Moment;

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
    /// Orders a fetch, at the time of the request that needs it.
    orders: Mutex<Sender<u64>>,
    /// How many fetches have failed since the last good one.
    failures: AtomicU64,
    /// When the last one that failed was ordered.
    failed_at: AtomicU64,
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

/// The fetch under way, and the next one.
#[derive(Default)]
struct Flight {
    begun: u64,
    ended: u64,
    next_at: u64,
    /// Whether somebody waits for a key that the set lacks.
    is_for_unknown: bool,
    /// How many fetches in a row were for unknown keys and changed nothing.
    fruitless: u64,
    /// Before that, none begins for an unknown key.
    next_for_unknown_at: u64,
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
    until: u64,
}

impl Wait {
    pub(crate) async fn over(mut self) {
        // An error says that the provider is gone, and nobody will fetch again.
        let _ = self.ended.wait_for(|ended| *ended >= self.until).await;
    }
}

impl<K: Fetched> Provider<K> {
    pub(crate) fn new(terms: Terms, orders: Sender<u64>) -> Self {
        Self {
            held: ArcSwapOption::empty(),
            flight: Mutex::new(Flight::default()),
            ended: watch::Sender::new(0),
            orders: Mutex::new(orders),
            failures: AtomicU64::new(0),
            failed_at: AtomicU64::new(0),
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
        self.begin(now, false)
    }

    /// The same for a key that the set lacks, which anybody can invent.
    pub(crate) fn fetch_for_unknown(&self, now: Moment) -> Option<Wait> {
        self.begin(now, true)
    }

    fn begin(&self, now: Moment, is_for_unknown: bool) -> Option<Wait> {
        let mut flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner);
        if flight.begun == flight.ended {
            let pause = if is_for_unknown { flight.next_for_unknown_at } else { 0 };
            if now.monotonic_nanos() < flight.next_at.max(pause) {
                return None;
            }
            let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
            orders.send(now.monotonic_nanos()).ok()?;
            flight.begun += 1;
        }
        flight.is_for_unknown |= is_for_unknown;
        Some(Wait { ended: self.ended.subscribe(), until: flight.begun })
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
        let at_least = now.monotonic_nanos().saturating_add(RECHECK_NANOS);
        due.max(at_least).min(held.since.saturating_add(self.terms.longest_nanos))
    }

    /// Takes in the end of a fetch that was ordered at `since`.
    pub(crate) fn absorb(&self, since: u64, fetched: Option<K>) -> Change {
        let mut change = Change::Nothing;
        let failures = match fetched {
            Some(keys) => {
                let held = Arc::new(Held { keys, since });
                let before = self.held.swap(Some(Arc::clone(&held)));
                change = before.map_or(Change::Added, |before| held.keys.succeed(&before.keys));
                self.failures.store(0, Ordering::Release);
                0
            }
            None => {
                self.failed_at.store(since, Ordering::Release);
                self.failures.fetch_add(1, Ordering::AcqRel) + 1
            }
        };
        let mut flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner);
        flight.ended = flight.begun;
        flight.next_at = since.saturating_add(gap(failures));
        let is_for_unknown = std::mem::take(&mut flight.is_for_unknown);
        match change {
            Change::Nothing if is_for_unknown => flight.fruitless += 1,
            Change::Nothing => {}
            Change::Added | Change::Withdrawn => flight.fruitless = 0,
        }
        if is_for_unknown {
            let pause = gap(flight.fruitless.saturating_sub(1));
            flight.next_for_unknown_at = since.saturating_add(pause);
        }
        drop(flight);
        change
    }

    /// Wakes those who wait: after [`absorb`](Self::absorb), and whatever follows from it.
    pub(crate) fn announce(&self) {
        let flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner);
        self.ended.send_replace(flight.ended);
    }
}

impl<K> Held<K> {
    fn age(&self, now: Moment) -> u64 {
        now.monotonic_nanos().saturating_sub(self.since)
    }
}

/// Fetches when it is told to, on a thread of its own, until `tell` says that nobody listens any more.
///
/// `what` stands in the log.
pub(crate) fn supply<K>(
    what: String,
    orders: Receiver<u64>,
    read: impl Fn() -> Result<K, String> + Send + 'static,
    tell: impl Fn(u64, Option<K>) -> bool + Send + 'static,
) -> Result<(), String> {
    let fetch = move || {
        while let Ok(since) = orders.recv() {
            // Whatever happens here, those who wait are told.
            let fetched = catch_unwind(AssertUnwindSafe(&read));
            let fetched = fetched.unwrap_or_else(|_| Err("reading them panicked".to_owned()));
            let fetched = fetched.map_err(|cause| tracing::warn!("no keys from {what}: {cause}"));
            if !tell(since, fetched.ok()) {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("secure-keys".to_owned()).spawn(fetch);
    thread.map(drop).map_err(|error| format!("no thread to fetch keys: {error}"))
}

/// From the beginning of a fetch to that of the next, after so many doublings.
fn gap(failures: u64) -> u64 {
    GAP_NANOS << failures.min(MOST_DOUBLINGS)
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

const GAP_NANOS: u64 = 1_000_000_000;
/// 64 s at most.
const MOST_DOUBLINGS: u64 = 6;
const RECHECK_NANOS: u64 = 10_000_000_000;

/// How often keys are fetched again, unless said otherwise.
pub(crate) const REFRESH: Duration = Duration::from_secs(5 * 60);
/// How long keys serve without a successful fetch, unless said otherwise.
pub(crate) const LONGEST: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Keys(&'static str);

    impl Fetched for Keys {
        fn succeed(&self, earlier: &Self) -> Change {
            if self == earlier { Change::Nothing } else { Change::Withdrawn }
        }
    }

    fn at(seconds: u64) -> Moment {
        Moment::new(Duration::from_secs(seconds), Duration::from_secs(seconds))
    }

    const TERMS: Terms = Terms { refresh_nanos: 300 * GAP_NANOS, longest_nanos: 3600 * GAP_NANOS };

    /// The provider, and who must not be gone.
    fn provider() -> (Provider<Keys>, Receiver<u64>) {
        let (orders, received) = std::sync::mpsc::channel();
        (Provider::new(TERMS, orders), received)
    }

    #[test]
    fn who_looked_just_before_a_fetch_ended_has_what_it_brought() {
        let (provider, _orders) = provider();
        // The service starts: this request found nothing, and the first fetch ends.
        let nothing = provider.usable(at(0));
        assert!(provider.fetch(at(0)).is_some());
        provider.absorb(0, Some(Keys("first")));
        let found = provider.look_again(nothing, at(0));
        assert!(matches!(found, Look::Use(held) if held.keys == Keys("first")));

        // It was idle: this request found what was withdrawn meanwhile.
        let withdrawn = provider.usable(at(1000));
        assert!(provider.fetch(at(1000)).is_some());
        provider.absorb(at(1000).monotonic_nanos(), Some(Keys("second")));
        let found = provider.look_again(withdrawn, at(1000));
        assert!(matches!(found, Look::Use(held) if held.keys == Keys("second")));
    }

    #[test]
    fn fetches_for_unknown_keys_pause_for_longer_while_they_bring_nothing_new() {
        let (provider, _orders) = provider();
        assert!(provider.fetch(at(0)).is_some());
        provider.absorb(0, Some(Keys("first")));
        // Somebody asks for a key that does not exist, again and again.
        let asked = |seconds: std::ops::Range<u64>, brought: &'static str| {
            let mut begun = Vec::new();
            for second in seconds {
                if provider.fetch_for_unknown(at(second)).is_some() {
                    begun.push(second);
                    provider.absorb(at(second).monotonic_nanos(), Some(Keys(brought)));
                }
            }
            begun
        };
        assert_eq!(asked(1..260, "first"), [1, 2, 4, 8, 16, 32, 64, 128, 192, 256]);
        // The set is fetched when it is due, and once it brings something the pauses are short again.
        assert!(provider.fetch(at(300)).is_some());
        provider.absorb(at(300).monotonic_nanos(), Some(Keys("second")));
        assert_eq!(asked(320..330, "second"), [320, 321, 323, 327]);
    }

    #[test]
    fn what_serves_is_used_while_it_is_fetched_again_and_waited_for_after_a_pause() {
        let (provider, _orders) = provider();
        assert!(matches!(provider.look(at(0)), Look::Wait(_)));
        provider.absorb(0, None);
        assert!(matches!(provider.look(at(1)), Look::Nothing), "two seconds after a failure");
        assert!(matches!(provider.look(at(2)), Look::Wait(_)));
        provider.absorb(at(2).monotonic_nanos(), Some(Keys("first")));
        for (second, waits) in [(2, false), (301, false), (302, false), (602, true)] {
            assert_eq!(matches!(provider.look(at(second)), Look::Wait(_)), waits, "{second}");
        }
        assert!(matches!(provider.look(at(3602)), Look::Wait(_)));
        provider.absorb(at(3602).monotonic_nanos(), None);
        assert!(matches!(provider.look(at(3602)), Look::Nothing));
    }
}
