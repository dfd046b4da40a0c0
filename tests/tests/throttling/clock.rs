//! Clocks that jump, differ, or overflow.

use secure_runtime::throttling::Limiter;

use crate::{SECOND, at, number, one, quota};

#[test]
fn a_clock_that_goes_back_makes_no_permits() {
    let limiter = Limiter::with_capacity_bytes(0);
    let (key, quota) = (limiter.key(0, "alice"), quota(2, 2, 2));
    assert!(one(&limiter, key, &quota, 100 * SECOND).is_allowed());
    assert!(one(&limiter, key, &quota, 100 * SECOND).is_allowed());
    for now in [99 * SECOND, 50 * SECOND, 0] {
        let refused = one(&limiter, key, &quota, now);
        assert!(!refused.is_allowed());
        assert_eq!(refused.remaining(), 0);
        assert_eq!(refused.reset_after().as_nanos(), u128::from(102 * SECOND - now));
        assert_eq!(refused.retry_after().unwrap().as_nanos(), u128::from(101 * SECOND - now));
    }
    // The refused request took nothing, and the old time continues where it was.
    assert!(one(&limiter, key, &quota, 101 * SECOND).is_allowed());
    assert!(!one(&limiter, key, &quota, 101 * SECOND).is_allowed());
}

#[test]
fn a_clock_that_jumps_ahead_fills_the_burst_and_no_more() {
    let limiter = Limiter::with_capacity_bytes(0);
    let (key, quota) = (limiter.key(0, "alice"), quota(3, 60, 3));
    for now in [0, 1 << 40, 1 << 60, u64::MAX / 2] {
        let admitted = (0..9).filter(|_| one(&limiter, key, &quota, now).is_allowed()).count();
        assert_eq!(admitted, 3, "at {now}");
    }
}

#[test]
fn the_end_of_time_refuses() {
    let limiter = Limiter::with_capacity_bytes(0);
    let (key, quota) = (limiter.key(0, "alice"), quota(1, 60, 1));
    for now in [u64::MAX, u64::MAX - 1, u64::MAX - 59 * SECOND] {
        let refused = one(&limiter, key, &quota, now);
        assert!(!refused.is_allowed());
        assert_eq!(refused.reset_after().as_nanos(), 0);
    }
}

#[test]
fn quotas_at_the_edge_of_64_bits_are_still_quotas() {
    let limiter = Limiter::with_capacity_bytes(0);
    // 4 billion permits of one in 136 years each: far beyond 64 bits of nanoseconds.
    let quota = quota(1, u32::MAX, u32::MAX);
    let key = limiter.key(0, "alice");
    let admitted = (0..9).filter(|_| one(&limiter, key, &quota, 0).is_allowed()).count();
    assert_eq!(admitted, 4, "what fits into 584 years");
    assert!(!limiter.check(key, &quota, number(u32::MAX), at(0)).is_allowed());
}
