//! The limiter under load from all cores: never one permit too many, none lost.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use secure_runtime::throttling::Limiter;

use crate::{at, number, one, quota};

fn threads() -> usize {
    thread::available_parallelism().map_or(4, usize::from).max(4)
}

/// Runs `work` on all threads at once, with the number of the thread.
fn together(work: impl Fn(usize) + Sync) {
    let barrier = Barrier::new(threads());
    thread::scope(|scope| {
        for thread in 0..threads() {
            let (work, barrier) = (&work, &barrier);
            scope.spawn(move || {
                barrier.wait();
                work(thread);
            });
        }
    });
}

#[test]
fn a_hot_key_admits_exactly_its_burst() {
    for burst in [1, 1_000, 100_000] {
        let limiter = Limiter::with_capacity_bytes(1 << 16);
        let (key, quota) = (limiter.key(0, "hot"), quota(100, 3600, burst));
        let admitted = AtomicU32::new(0);
        together(|_| {
            let mine = (0..50_000).filter(|_| one(&limiter, key, &quota, 7).is_allowed()).count();
            admitted.fetch_add(u32::try_from(mine).unwrap(), Ordering::Relaxed);
        });
        let asked = u32::try_from(threads()).unwrap() * 50_000;
        assert_eq!(admitted.into_inner(), burst.min(asked));
    }
}

#[test]
fn new_keys_that_all_threads_insert_at_once_count_once() {
    const KEYS: u32 = 50_000;
    let limiter = Limiter::with_capacity_keys(KEYS as usize);
    let quota = quota(3, 3600, 3);
    let admitted: Vec<AtomicU32> = (0..KEYS).map(|_| AtomicU32::new(0)).collect();
    together(|_| {
        for (number, count) in admitted.iter().enumerate() {
            for _ in 0..2 {
                if one(&limiter, limiter.key(0, &number), &quota, 7).is_allowed() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    });
    assert_eq!(limiter.statistics().evicted_live, 0);
    assert!(admitted.iter().all(|count| count.load(Ordering::Relaxed) == 3));
}

#[test]
fn a_flood_that_evicts_and_moves_entries_does_not_touch_those_that_owe_more() {
    // 32 buckets; the hot keys fill an eighth of them and have the largest debt.
    let limiter = Limiter::with_capacity_bytes(32 * 128);
    let (hot, flood) = (quota(64, 1_000_000, 64), quota(1, 10, 1));
    let admitted: Vec<AtomicU32> = (0..32).map(|_| AtomicU32::new(0)).collect();
    // Each key owes one permit of hours before the flood begins.
    for (number, count) in admitted.iter().enumerate() {
        assert!(one(&limiter, limiter.key(0, &number), &hot, 7).is_allowed());
        count.store(1, Ordering::Relaxed);
    }
    let refused = AtomicU32::new(0);
    together(|thread| {
        for round in 0..20_000_usize {
            let number = round % admitted.len();
            if one(&limiter, limiter.key(0, &number), &hot, 7).is_allowed() {
                admitted[number].fetch_add(1, Ordering::Relaxed);
            }
            if !one(&limiter, limiter.key(1, &(thread, round)), &flood, 7).is_allowed() {
                refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    assert!(limiter.statistics().evicted_live > 1_000);
    assert_eq!(refused.into_inner(), 0, "a new key is always admitted");
    for count in &admitted {
        assert_eq!(count.load(Ordering::Relaxed), 64);
    }
}

#[test]
fn refunds_beside_checks_are_neither_lost_nor_doubled() {
    let limiter = Limiter::with_capacity_bytes(1 << 12);
    let (key, quota) = (limiter.key(0, "hot"), quota(1_000, 3600, 1_000));
    let kept = AtomicU32::new(0);
    together(|thread| {
        for round in 0..40_000_usize {
            let decision = one(&limiter, key, &quota, 7);
            if !decision.is_allowed() {
                continue;
            }
            if (thread + round) % 100 == 0 && kept.load(Ordering::Relaxed) < 500 {
                kept.fetch_add(1, Ordering::Relaxed);
            } else {
                limiter.refund(key, &decision, at(7));
            }
        }
    });
    let left = limiter.peek(key, &quota, number(1), at(7)).remaining();
    assert_eq!(left, 1_000 - kept.into_inner());
}

#[test]
fn charges_and_checks_of_all_threads_take_exactly_their_sum() {
    const EACH: u32 = 20_000;
    let limiter = Limiter::with_capacity_bytes(1 << 16);
    let (key, quota) = (limiter.key(0, "hot"), quota(100, 3600, 1_000_000));
    let checked = AtomicU32::new(0);
    together(|_| {
        for _ in 0..EACH {
            let _ = limiter.charge(key, &quota, number(3), at(7));
            let admitted = one(&limiter, key, &quota, 7).is_allowed();
            checked.fetch_add(u32::from(admitted), Ordering::Relaxed);
        }
    });
    let threads = u32::try_from(threads()).unwrap();
    let taken = threads * EACH * 3 + checked.into_inner();
    let left = limiter.peek(key, &quota, number(1), at(7)).remaining();
    assert_eq!(left, 1_000_000_u32.saturating_sub(taken));
    assert!(threads > 4 || left == 1_000_000 - threads * EACH * 4);
}
