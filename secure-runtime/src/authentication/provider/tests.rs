//! Tests of the schedule of fetches, and of the requests that wait for them.

use std::sync::mpsc::Receiver;

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

const SECOND: u64 = 1_000_000_000;

const TERMS: Terms = Terms { refresh_nanos: 300 * SECOND, longest_nanos: 3600 * SECOND };

/// The provider, and who must not be gone.
fn provider() -> (Provider<Keys>, Receiver<Order>) {
    let (orders, received) = std::sync::mpsc::channel();
    (Provider::new(TERMS, orders), received)
}

#[test]
fn who_looked_just_before_a_fetch_ended_has_what_it_brought() {
    let (provider, _orders) = provider();
    // The service starts: this request found nothing, and the first fetch ends.
    let nothing = provider.usable(at(0));
    assert!(provider.fetch(at(0)).is_some());
    provider.absorb(0, Ok(Keys("first")));
    let found = provider.look_again(nothing, at(0));
    assert!(matches!(found, Look::Use(held) if held.keys == Keys("first")));

    // It was idle: this request found what was withdrawn meanwhile.
    let withdrawn = provider.usable(at(1000));
    assert!(provider.fetch(at(1000)).is_some());
    provider.absorb(at(1000).monotonic_nanos(), Ok(Keys("second")));
    let found = provider.look_again(withdrawn, at(1000));
    assert!(matches!(found, Look::Use(held) if held.keys == Keys("second")));
}

/// Two clocks that agree: that of the requests and the machine's.
struct Clocks {
    start: Instant,
    millis: u64,
}

impl Clocks {
    fn now(&self) -> (Moment, Instant) {
        let passed = Duration::from_millis(self.millis);
        (Moment::new(passed, passed), self.start + passed)
    }
}

/// A flight, its clocks, and when its fetches begin, in milliseconds.
struct Airport {
    flight: Flight,
    clocks: Clocks,
    begin: Vec<u64>,
}

impl Airport {
    fn new() -> Self {
        let clocks = Clocks { start: Instant::now(), millis: 0 };
        Self { flight: Flight::default(), clocks, begin: Vec::new() }
    }

    fn join_for_unknown(&mut self) -> Seat {
        self.join_again(self.clocks.millis)
    }

    /// What a request does that came at this time.
    fn join_again(&mut self, came: u64) -> Seat {
        let Self { flight, clocks, begin } = self;
        let came = clocks.start + Duration::from_millis(came);
        let (now, here) = clocks.now();
        let order = |order: Order| {
            begin.push((order.not_before - clocks.start).as_millis() as u64);
            true
        };
        flight.join_for_unknown(now, (came, here), order).unwrap()
    }

    /// Ends the fetch under way, once it has begun.
    fn land(&mut self, change: Change) {
        self.clocks.millis = self.clocks.millis.max(*self.begin.last().unwrap());
        self.flight.land(self.clocks.millis * 1_000_000, 0, change);
    }
}

#[test]
fn a_token_with_an_unknown_key_waits_for_a_fetch_that_begins_after_it_came() {
    let mut airport = Airport::new();
    let first = airport.join_for_unknown();
    assert!(first.is_newer && first.begins_at == 0);
    // Under way: this one needs another fetch, and may ask for it once the first is over.
    airport.clocks.millis = 100;
    assert!(!airport.join_for_unknown().is_newer);
    airport.land(Change::Nothing);
    let second = airport.join_for_unknown();
    assert!(second.is_newer && second.begins_at == SECOND && second != first);
    airport.clocks.millis = 999;
    assert_eq!(airport.join_for_unknown(), second, "all that come before it begins");
    airport.clocks.millis = 1_001;
    assert!(!airport.join_for_unknown().is_newer);
    // Those that waited for an earlier fetch came before this one began.
    assert_eq!(airport.join_again(100), second);
    assert_eq!(airport.begin, [0, 1_000]);
}

#[test]
fn fetches_for_invented_keys_begin_further_apart_and_never_more_than_four_seconds() {
    let mut airport = Airport::new();
    for _ in 0..12 {
        airport.join_for_unknown();
        airport.land(Change::Nothing);
    }
    let seconds: Vec<_> = airport.begin.iter().map(|millis| millis / 1_000).collect();
    assert_eq!(seconds, [0, 1, 2, 3, 5, 7, 9, 11, 15, 19, 23, 27]);
    // Once a fetch brings something the gaps are short again, and after a while without any.
    airport.join_for_unknown();
    airport.land(Change::Added);
    airport.join_for_unknown();
    assert_eq!(airport.begin.iter().rev().take(2).collect::<Vec<_>>(), [&32_000, &31_000]);
    for _ in 0..12 {
        airport.join_for_unknown();
        airport.land(Change::Nothing);
    }
    airport.clocks.millis += 60_000;
    let now = airport.clocks.millis;
    for _ in 0..2 {
        airport.join_for_unknown();
        airport.land(Change::Nothing);
    }
    assert_eq!(airport.begin.iter().rev().take(2).collect::<Vec<_>>(), [&(now + 1_000), &now]);
}

#[test]
fn a_clock_that_stands_still_keeps_nobody_for_longer_than_the_machines_does() {
    let mut flight = Flight::default();
    let (now, start) = (at(0), Instant::now());
    for second in 0..3 {
        let here = start + Duration::from_secs(2 * second);
        let mut delay = None;
        let order = |order: Order| {
            delay = Some(order.not_before - here);
            true
        };
        flight.join_for_unknown(now, (here, here), order).unwrap();
        assert_eq!(delay, Some(Duration::ZERO));
        flight.land(0, 0, Change::Nothing);
    }
}

#[test]
fn nobody_waits_for_a_provider_that_fails_and_it_is_tried_again() {
    let (provider, orders) = provider();
    assert!(provider.fetch(at(0)).is_some());
    provider.absorb(0, Ok(Keys("first")));
    assert!(provider.fetch_for_unknown(at(1), Instant::now(), None).is_ok());
    provider.absorb(at(1).monotonic_nanos(), Err("down".to_owned()));
    assert_eq!(orders.try_iter().count(), 2);
    for (second, ordered) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
        assert_eq!(
            provider.fetch_for_unknown(at(second), Instant::now(), None).err(),
            Some(NotWaiting::Failing)
        );
        assert_eq!(orders.try_iter().count(), ordered, "{second}");
    }
    provider.absorb(at(3).monotonic_nanos(), Ok(Keys("second")));
    assert!(provider.fetch_for_unknown(at(4), Instant::now(), None).is_ok());
}

#[test]
fn a_request_that_looked_before_a_fetch_ended_looks_again() {
    let (provider, orders) = provider();
    provider.absorb(0, Ok(Keys("first")));
    let seen = provider.ended();
    assert!(provider.fetch(at(1)).is_some());
    provider.absorb(at(1).monotonic_nanos(), Ok(Keys("second")));
    let asked = |seen| provider.fetch_for_unknown(at(2), Instant::now(), Some(seen)).err();
    assert_eq!(asked(seen), Some(NotWaiting::Changed));
    assert_eq!(orders.try_iter().count(), 1);
    assert_eq!(asked(provider.ended()), None);
    assert_eq!(orders.try_iter().count(), 1);
}

#[test]
fn no_more_requests_wait_for_unknown_keys_than_so_many() {
    let (provider, _orders) = provider();
    provider.absorb(0, Ok(Keys("first")));
    let waiting: Vec<_> = (0..MOST_WAITING)
        .map(|_| provider.fetch_for_unknown(at(5), Instant::now(), None).unwrap())
        .collect();
    assert_eq!(
        provider.fetch_for_unknown(at(5), Instant::now(), None).err(),
        Some(NotWaiting::Crowded)
    );
    // Those who wait because of the keys' age are others.
    assert!(matches!(provider.look(at(700)), Look::Wait(_)));
    drop(waiting);
    assert!(provider.fetch_for_unknown(at(5), Instant::now(), None).is_ok());
}

#[test]
fn a_short_interval_is_kept_and_only_an_outage_makes_it_longer() {
    let terms = Terms { refresh_nanos: SECOND, longest_nanos: 3600 * SECOND };
    let (orders, _received) = std::sync::mpsc::channel();
    let provider = Provider::new(terms, orders);
    provider.absorb(0, Ok(Keys("first")));
    assert_eq!(provider.good_until(at(0)), SECOND);
    // Within the interval after the next one, the old set serves while it is fetched again.
    assert!(matches!(provider.look(at(1)), Look::Use(_)));
    assert_eq!(provider.good_until(at(1)), SECOND, "verified again by the next request");
    // After a pause nothing is accepted before the new set is there.
    assert!(matches!(provider.look(at(3)), Look::Wait(_)));
    provider.absorb(at(3).monotonic_nanos(), Err("down".to_owned()));
    assert_eq!(provider.good_until(at(4)), 14 * SECOND, "not every request pays for a signature");
    provider.absorb(at(5).monotonic_nanos(), Ok(Keys("first")));
    assert_eq!(provider.good_until(at(5)), 6 * SECOND);
}

#[test]
fn a_provider_is_ready_once_there_are_keys_and_recovers_without_requests() {
    let (provider, orders) = provider();
    let cause = |second| provider.ready(at(second)).unwrap_err().to_string();
    assert_eq!(cause(0), "the keys have not been fetched yet");
    assert_eq!(orders.try_iter().count(), 1);
    provider.absorb(0, Err("connection refused".to_owned()));
    assert_eq!(cause(1), "connection refused");
    assert_eq!(orders.try_iter().count(), 0, "it is not due");
    assert_eq!(cause(2), "connection refused");
    assert_eq!(orders.try_iter().count(), 1);
    provider.absorb(at(2).monotonic_nanos(), Ok(Keys("first")));
    assert_eq!(provider.ready(at(2)), Ok(()));
    // An outage is none of readiness while the old keys serve.
    provider.absorb(at(400).monotonic_nanos(), Err("down".to_owned()));
    assert_eq!(provider.ready(at(401)), Ok(()));
    assert_eq!(provider.ready(at(3602)), Err("down".into()));
}

#[test]
fn what_serves_is_used_while_it_is_fetched_again_and_waited_for_after_a_pause() {
    let (provider, _orders) = provider();
    assert!(matches!(provider.look(at(0)), Look::Wait(_)));
    provider.absorb(0, Err("down".to_owned()));
    assert!(matches!(provider.look(at(1)), Look::Nothing), "two seconds after a failure");
    assert!(matches!(provider.look(at(2)), Look::Wait(_)));
    provider.absorb(at(2).monotonic_nanos(), Ok(Keys("first")));
    for (second, waits) in [(2, false), (301, false), (302, false), (602, true)] {
        assert_eq!(matches!(provider.look(at(second)), Look::Wait(_)), waits, "{second}");
    }
    assert!(matches!(provider.look(at(3602)), Look::Wait(_)));
    provider.absorb(at(3602).monotonic_nanos(), Err("down".to_owned()));
    assert!(matches!(provider.look(at(3602)), Look::Nothing));
}
