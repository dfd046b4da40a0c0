//! Loom models of leases.

use std::sync::atomic::{AtomicU32, Ordering};

use loom::sync::Arc;
use loom::thread;

use crate::lease_table::{Bounds, Departure, Landing, Leases, Spending};

const KEY: u64 = 7;
const LIFE: u64 = 100;
const MOST: u32 = 8;
const BOUNDS: Bounds = Bounds { brought: MOST, held: 2 * MOST };
const WIDE: Bounds = Bounds { brought: MOST, held: 4 * MOST };

/// A bell with the number of its flight.
type Table = Leases<u32>;

/// A key whose flights may lease `MOST`, and which has this number of permits in hand, until `LIFE`.
fn table(in_hand: u32) -> Arc<Table> {
    table_within(BOUNDS, in_hand)
}

fn table_within(bounds: Bounds, in_hand: u32) -> Arc<Table> {
    let table = Table::new(8, LIFE);
    // The demand is high: the next flight leases more than the last one.
    for _ in 0..5 {
        assert!(matches!(table.depart(KEY, 1_000, bounds, 0, || 0), Departure::Begun(_, 0)));
        table.land(KEY, 0, Some(Landing { leased: 0, sent: 0, arrival: 0 }));
    }
    assert!(matches!(table.depart(KEY, 1_000, bounds, 0, || 0), Departure::Begun(MOST, 0)));
    table.land(KEY, 0, Some(Landing { leased: in_hand, sent: 0, arrival: 0 }));
    Arc::new(table)
}

fn spend(table: &Table, now: u64) -> u32 {
    u32::from(matches!(table.spend(KEY, (1, BOUNDS), true, now, |_| false), Spending::Spent(_)))
}

#[test]
fn the_last_permit_in_hand_is_spent_once() {
    loom::model(|| {
        let table = table(1);
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || spend(&other, 1));
        assert_eq!(spend(&table, 1) + thread.join().unwrap(), 1);
        assert_eq!(spend(&table, 1), 0);
    });
}

#[test]
fn of_two_who_find_none_one_departs_and_what_it_brings_is_spent_once() {
    loom::model(|| {
        let table = table(0);
        let threads = [1, 2].map(|bell| {
            let table = Arc::clone(&table);
            thread::spawn(move || match table.depart(KEY, 1, BOUNDS, 1, || bell) {
                Departure::Begun(pending, berth) => {
                    assert!((1..=MOST).contains(&pending));
                    table.land(KEY, berth, Some(Landing { leased: 1, sent: 1, arrival: 5 }));
                    (1, spend(&table, 1))
                }
                Departure::Joined(bell) => {
                    assert!(bell == 1 || bell == 2);
                    (0, spend(&table, 1))
                }
                Departure::Alone => panic!("a key that is asked for often"),
            })
        });
        let done = threads.map(|thread| thread.join().unwrap());
        let begun: u32 = done.iter().map(|(begun, _)| begun).sum();
        let spent: u32 = done.iter().map(|(_, spent)| spent).sum();
        // Both run at the same time, or one after the other.
        assert!((1..=2).contains(&begun));
        assert_eq!(spent + spend(&table, 1) + spend(&table, 1), begun, "each permit once");
    });
}

#[test]
fn a_flight_that_lands_beside_those_who_spend_loses_and_doubles_nothing() {
    loom::model(|| {
        let table = table(6);
        assert_eq!((0..4).map(|_| spend(&table, 1)).sum::<u32>(), 4);
        // Two are in hand and two arrive: there are never more.
        let begun = table.depart_early(KEY, BOUNDS, 1, || 1).expect("a flight");
        assert_eq!(begun, (MOST, 0));
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || {
            other.land(KEY, 0, Some(Landing { leased: 2, sent: 1, arrival: 5 }));
            spend(&other, 2)
        });
        let here = spend(&table, 2) + spend(&table, 2) + spend(&table, 2);
        let there = thread.join().unwrap();
        let rest: u32 = (0..4).map(|_| spend(&table, 2)).sum();
        assert_eq!(here + there + rest, 4);
        assert!(here >= 2, "what was in hand");
    });
}

#[test]
fn of_a_busy_key_two_flights_bring_no_more_than_twice_what_one_may() {
    static MOST_BROUGHT: AtomicU32 = AtomicU32::new(0);
    loom::model(|| {
        let table = table(2);
        let threads = [1, 2].map(|bell| {
            let table = Arc::clone(&table);
            thread::spawn(move || {
                assert_eq!(spend(&table, 1), 1);
                let begun = table.depart_early(KEY, BOUNDS, 1, || bell);
                assert!(begun.is_none_or(|(pending, _)| pending == MOST));
                begun
            })
        });
        let flights = threads.map(|thread| thread.join().unwrap());
        assert!(table.depart_early(KEY, BOUNDS, 1, || 3).is_none());
        for (_, berth) in flights.iter().flatten() {
            table.land(KEY, *berth, Some(Landing { leased: MOST, sent: 1, arrival: 5 }));
        }
        let brought = table.look(KEY, 1).in_hand;
        assert_eq!(brought, MOST * flights.iter().flatten().count() as u32);
        assert!((MOST..=2 * MOST).contains(&brought));
        assert_eq!((0..3 * MOST).map(|_| spend(&table, 1)).sum::<u32>(), brought);
        MOST_BROUGHT.fetch_max(brought, Ordering::Relaxed);
    });
    assert_eq!(MOST_BROUGHT.load(Ordering::Relaxed), 2 * MOST, "two were under way in some");
}

#[test]
fn of_a_very_busy_key_four_flights_bring_no_more_than_may_be_held() {
    static MOST_BROUGHT: AtomicU32 = AtomicU32::new(0);
    loom::model(|| {
        let table = table_within(WIDE, 4);
        let threads = [1, 2].map(|bell| {
            let table = Arc::clone(&table);
            thread::spawn(move || {
                [(); 2].map(|()| {
                    assert_eq!(spend(&table, 1), 1);
                    table.depart_early(KEY, WIDE, 1, || bell)
                })
            })
        });
        let flights = threads.map(|thread| thread.join().unwrap());
        assert!(table.depart_early(KEY, WIDE, 1, || 3).is_none());
        let begun = || flights.iter().flatten().flatten();
        for (pending, berth) in begun() {
            assert_eq!(*pending, MOST);
            table.land(KEY, *berth, Some(Landing { leased: MOST, sent: 1, arrival: 5 }));
        }
        let brought = table.look(KEY, 1).in_hand;
        assert_eq!(brought, MOST * begun().count() as u32);
        assert!((3 * MOST..=WIDE.held).contains(&brought));
        assert_eq!((0..5 * MOST).map(|_| spend(&table, 1)).sum::<u32>(), brought);
        MOST_BROUGHT.fetch_max(brought, Ordering::Relaxed);
    });
    assert_eq!(MOST_BROUGHT.load(Ordering::Relaxed), WIDE.held, "four were under way in some");
}

#[test]
fn who_waited_is_served_before_others_whichever_flight_lands_first() {
    loom::model(|| {
        let table = table(2);
        let flights = [1, 2].map(|bell| {
            assert_eq!(spend(&table, 1), 1);
            table.depart_early(KEY, BOUNDS, 1, || bell).expect("a flight")
        });
        for bell in [1, 2] {
            let joined = table.depart(KEY, MOST, BOUNDS, 1, || 9);
            assert_eq!(joined, Departure::Joined(bell), "each flight has its crowd");
        }
        let threads = flights.map(|(_, berth)| {
            let table = Arc::clone(&table);
            thread::spawn(move || {
                table.land(KEY, berth, Some(Landing { leased: MOST, sent: 1, arrival: 5 }));
                // A later request finds nothing: other requests wait for all permits.
                let found = table.spend(KEY, (1, BOUNDS), false, 1, |_| false);
                assert!(!matches!(found, Spending::Spent(_)));
                let all = table.spend(KEY, (MOST, BOUNDS), true, 1, |_| false);
                assert!(matches!(all, Spending::Spent(_)));
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(table.look(KEY, 1).in_hand, 0);
    });
}

#[test]
fn what_is_put_back_is_spent_once_and_not_after_it_lapsed() {
    loom::model(|| {
        let table = table(1);
        let Spending::Spent(spent) = table.spend(KEY, (1, BOUNDS), false, 1, |_| false) else {
            panic!("one is in hand")
        };
        assert_eq!(spent.lapses, LIFE);
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || {
            other.land(KEY, 0, None);
            other.put_back(KEY, 1, spent.lapses, BOUNDS, 2);
        });
        let here = spend(&table, LIFE - 1);
        thread.join().unwrap();
        let rest = spend(&table, LIFE - 1);
        assert_eq!(here + rest, 1);
        table.put_back(KEY, 1, spent.lapses, BOUNDS, 2);
        assert_eq!(spend(&table, LIFE), 0, "it has lapsed");
    });
}

#[test]
fn what_is_put_back_makes_no_more_than_twice_what_a_flight_brings() {
    loom::model(|| {
        let table = table(MOST);
        let Spending::Spent(spent) = table.spend(KEY, (1, BOUNDS), false, 1, |_| false) else {
            panic!("some are in hand")
        };
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || match other.depart(KEY, 1_000, BOUNDS, 1, || 1) {
            Departure::Begun(pending, 0) => pending,
            departure => panic!("{departure:?}"),
        });
        for _ in 0..3 {
            table.put_back(KEY, 1, spent.lapses, BOUNDS, 1);
        }
        let pending = thread.join().unwrap();
        table.put_back(KEY, 1, spent.lapses, BOUNDS, 1);
        let in_hand = table.look(KEY, 1).in_hand;
        assert!(in_hand + pending <= 2 * MOST, "{in_hand} in hand, {pending} under way");
        assert!(in_hand >= MOST, "some was put back: {in_hand}");
    });
}

#[test]
fn a_key_that_is_forgotten_in_flight_gets_nothing_twice() {
    loom::model(|| {
        // One bucket of eight, full of keys without permits in hand.
        let table = table(1);
        for key in 100..107 {
            assert!(matches!(table.depart(key, 1, BOUNDS, 1, || 9), Departure::Begun(_, 0)));
            if key == 100 {
                table.land(key, 0, None);
            }
        }
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || {
            let begun = other.depart(200, 1, BOUNDS, 2, || 1);
            assert!(matches!(begun, Departure::Begun(0, 0)), "the one without permits goes");
            other.land(200, 0, Some(Landing { leased: 0, sent: 2, arrival: 3 }));
        });
        let here = spend(&table, 2);
        thread.join().unwrap();
        assert_eq!(here + spend(&table, 2), 1);
        assert_eq!(table.look(100, 2), Default::default());
    });
}
