//! Loom models of the table: every interleaving of a few threads.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p throttling-loom --release --target-dir target/loom`.
//! A bucket has two slots here, and keys are chosen so that they share one.

use std::num::NonZeroU32;

use loom::sync::Arc;
use loom::thread;

use super::memory::table::{Table, Update};
use super::rate::gcra::{Decision, Demand};
use super::rate::quota::Quota;

const NOW: u64 = 5;

fn quota(burst: u32) -> Quota {
    let burst = NonZeroU32::new(burst).unwrap();
    Quota::new(burst, NonZeroU32::new(60).unwrap())
}

fn check(table: &Table, key: u64, quota: &Quota) -> Decision {
    let demand = Demand::new(quota, NonZeroU32::MIN, NOW);
    match table.admit(key, demand.instant(), move |arrival| demand.admit(arrival)) {
        Update::Changed(arrival) => demand.decide(arrival, true),
        Update::Unchanged(arrival) => demand.decide(arrival, false),
    }
}

fn refund(table: &Table, key: u64, decision: Decision) {
    table.update(key, decision.instant(NOW), move |arrival| decision.refund(arrival, NOW));
}

fn allowed(table: &Table, key: u64, quota: &Quota) -> u32 {
    u32::from(check(table, key, quota).is_allowed())
}

/// Every interleaving with at most two preemptions: more of them take hours, not minutes.
fn model(test: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(test);
}

/// A key of a table of up to three buckets, by its two buckets and something to differ in.
fn key(first: u64, second: u64, number: u64) -> u64 {
    // A little more than a third of 32 bits, and bits that differ as those of hashes do.
    let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 38;
    let half = |bucket: u64| bucket * 0x5600_0000 + noise % 0x0100_0000 * (bucket + 1);
    (half(first) << 32) | half(second)
}

#[test]
fn one_new_key_in_two_threads_is_inserted_once() {
    model(|| {
        let table = Arc::new(Table::new(3, 2));
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || allowed(&other, key(0, 1, 1), &quota(1)));
        let here = allowed(&table, key(0, 1, 1), &quota(1));
        assert_eq!(here + thread.join().unwrap(), 1);
        assert_eq!(table.evicted_live(), 0);
    });
}

#[test]
fn the_last_permit_of_a_known_key_is_given_once() {
    model(|| {
        let table = Arc::new(Table::new(2, 1));
        assert_eq!(allowed(&table, key(0, 0, 7), &quota(3)), 1);
        let threads = [(); 2].map(|()| {
            let table = Arc::clone(&table);
            thread::spawn(move || allowed(&table, key(0, 0, 7), &quota(3)))
        });
        let admitted: u32 = threads.map(|thread| thread.join().unwrap()).iter().sum();
        assert_eq!(admitted, 2, "none lost");
        assert_eq!(allowed(&table, key(0, 0, 7), &quota(3)), 0, "never one more");
    });
}

#[test]
fn insertions_into_one_bucket_do_not_disturb_each_other() {
    model(|| {
        // Two slots, one of them taken: one of the three keys is evicted.
        let table = Arc::new(Table::new(1, 3));
        assert_eq!(allowed(&table, key(0, 0, 1), &quota(2)), 1);
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || allowed(&other, key(0, 0, 2), &quota(1)));
        assert_eq!(allowed(&table, key(0, 0, 3), &quota(1)), 1);
        assert_eq!(thread.join().unwrap(), 1, "a full bucket refuses nobody");
        assert_eq!(table.evicted_live(), 1);
    });
}

#[test]
fn a_key_that_is_evicted_while_it_is_used_is_never_there_twice() {
    model(|| {
        let table = Arc::new(Table::new(1, 3));
        assert_eq!(allowed(&table, key(0, 0, 1), &quota(2)), 1);
        assert_eq!(allowed(&table, key(0, 0, 2), &quota(1)), 1);
        // Key 1 is the nearest to its expiry: key 3 takes its place.
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || allowed(&other, key(0, 0, 3), &quota(1)));
        let admitted: u32 = (0..4).map(|_| allowed(&table, key(0, 0, 1), &quota(2))).sum();
        assert_eq!(thread.join().unwrap(), 1);
        // One permit was left; forgotten once, it starts again with two.
        assert!(admitted <= 3, "admitted {admitted}");
        assert!(admitted >= 1, "none lost");
    });
}

#[test]
fn a_key_that_is_moved_while_it_is_used_keeps_its_count() {
    model(|| {
        // Buckets 0 and 1 are full, bucket 2 has room for what can move there from bucket 0.
        let table = Arc::new(Table::new(3, 5));
        let moved = key(0, 2, 1);
        assert_eq!(allowed(&table, moved, &quota(2)), 1);
        assert_eq!(allowed(&table, key(0, 1, 2), &quota(1)), 1);
        assert_eq!(allowed(&table, key(1, 0, 3), &quota(1)), 1);
        assert_eq!(allowed(&table, key(1, 0, 4), &quota(1)), 1);
        let inserted = key(0, 1, 5);
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || allowed(&other, inserted, &quota(1)));
        let admitted = allowed(&table, moved, &quota(2)) + allowed(&table, moved, &quota(2));
        assert_eq!(admitted, 1, "the one permit that was left");
        assert_eq!(thread.join().unwrap(), 1);
        assert_eq!(table.evicted_live(), 0);
        assert_eq!(allowed(&table, moved, &quota(2)), 0);
    });
}

#[test]
fn a_refund_beside_a_check_is_neither_lost_nor_doubled() {
    model(|| {
        let table = Arc::new(Table::new(1, 2));
        let taken = check(&table, key(0, 0, 1), &quota(2));
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || refund(&other, key(0, 0, 1), taken));
        let admitted = allowed(&table, key(0, 0, 1), &quota(2));
        thread.join().unwrap();
        assert_eq!(admitted, 1);
        assert_eq!(allowed(&table, key(0, 0, 1), &quota(2)), 1);
        assert_eq!(allowed(&table, key(0, 0, 1), &quota(2)), 0);
    });
}

#[test]
fn a_refund_beside_an_eviction_gives_to_nobody_else() {
    model(|| {
        let table = Arc::new(Table::new(1, 3));
        let taken = check(&table, key(0, 0, 1), &quota(2));
        assert_eq!(allowed(&table, key(0, 0, 2), &quota(1)), 1);
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || {
            allowed(&other, key(0, 0, 3), &quota(1)) + allowed(&other, key(0, 0, 3), &quota(1))
        });
        refund(&table, key(0, 0, 1), taken);
        assert_eq!(thread.join().unwrap(), 1);
        assert_eq!(
            allowed(&table, key(0, 0, 3), &quota(1)) + allowed(&table, key(0, 0, 2), &quota(1)),
            0
        );
    });
}

fn charge(table: &Table, key: u64, quota: &Quota) {
    let demand = Demand::of_charge(quota, NonZeroU32::MIN, NOW);
    table.update(key, demand.instant(), move |arrival| Some(demand.charge(arrival)));
}

#[test]
fn a_charge_beside_a_check_is_neither_lost_nor_doubled() {
    model(|| {
        let table = Arc::new(Table::new(3, 2));
        let other = Arc::clone(&table);
        let thread = thread::spawn(move || charge(&other, key(0, 1, 1), &quota(3)));
        let admitted = allowed(&table, key(0, 1, 1), &quota(3));
        thread.join().unwrap();
        assert_eq!(admitted, 1);
        assert_eq!(allowed(&table, key(0, 1, 1), &quota(3)), 1);
        assert_eq!(allowed(&table, key(0, 1, 1), &quota(3)), 0);
    });
}

#[test]
fn a_charge_beyond_what_is_left_is_owed() {
    model(|| {
        let table = Arc::new(Table::new(2, 1));
        assert_eq!(allowed(&table, key(0, 0, 7), &quota(2)), 1);
        let threads = [(); 2].map(|()| {
            let table = Arc::clone(&table);
            thread::spawn(move || charge(&table, key(0, 0, 7), &quota(2)))
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let demand = Demand::new(&quota(2), NonZeroU32::MIN, NOW);
        let (Update::Changed(arrival) | Update::Unchanged(arrival)) =
            table.update(key(0, 0, 7), demand.instant(), |_| None);
        assert_eq!(arrival, NOW + 3 * quota(2).emission_interval_ns());
    });
}
