//! What the limiter admits, charges and gives back.

use std::collections::HashSet;

use super::*;

const ONE: NonZeroU32 = NonZeroU32::MIN;

fn quota(permits: u32, window: u32) -> Quota {
    Quota::new(NonZeroU32::new(permits).unwrap(), NonZeroU32::new(window).unwrap())
}

#[test]
fn a_burst_is_admitted_and_one_more_is_not() {
    let limiter = Limiter::with_capacity_bytes(0);
    let key = limiter.key(1, "alice");
    let quota = quota(3, 60);
    let answers = [(true, 2, None), (true, 1, None), (true, 0, None), (false, 0, Some(20))];
    for (allowed, remaining, retry) in answers {
        let decision = limiter.check(key, &quota, ONE, 77);
        assert_eq!(decision.is_allowed(), allowed);
        assert_eq!(decision.remaining(), remaining);
        assert_eq!(decision.retry_after().map(|wait| wait.as_secs()), retry);
    }
    assert_eq!(limiter.statistics().evicted_live, 0);
}

#[test]
fn limits_and_keys_count_separately() {
    let limiter = Limiter::with_capacity_bytes(1 << 12);
    let quota = quota(1, 60);
    for key in [limiter.key(1, "alice"), limiter.key(2, "alice"), limiter.key(1, "bob")] {
        assert!(limiter.check(key, &quota, ONE, 0).is_allowed());
        assert!(!limiter.check(key, &quota, ONE, 0).is_allowed());
    }
}

#[test]
fn a_kept_hash_makes_the_same_keys_and_none_for_another_limiter() {
    let (limiter, other) = (Limiter::with_capacity_bytes(0), Limiter::with_capacity_bytes(0));
    let hashed = limiter.hashed("alice");
    for limit in [0, 1, u64::MAX] {
        assert!(limiter.key_of(limit, hashed) == Some(limiter.key(limit, "alice")));
    }
    assert!(limiter.key_of(1, hashed) != Some(limiter.key(1, "bob")));
    assert!(other.key_of(1, hashed).is_none());
}

#[test]
fn what_is_hashed_in_different_ways_counts_separately() {
    let limiter = Limiter::with_capacity_bytes(0);
    let addresses: [IpAddr; 4] =
        ["0.0.0.1", "::1", "::ffff:0.0.0.1", "100::"].map(|it| it.parse().unwrap());
    let mut keys: Vec<LimitKey> = Vec::new();
    for address in addresses {
        assert!(limiter.key_address(1, address) == limiter.key_address(1, address));
        keys.extend([limiter.key_address(1, address), limiter.key_address(2, address)]);
        keys.push(limiter.key(1, &address));
        keys.push(match address {
            IpAddr::V4(address) => limiter.key_bytes(1, &address.octets()),
            IpAddr::V6(address) => limiter.key_bytes(1, &address.octets()),
        });
    }
    let distinct: HashSet<LimitKey> = keys.iter().copied().collect();
    assert_eq!(distinct.len(), keys.len());
}

#[test]
fn a_refund_restores_exactly_and_never_creates_permits() {
    let limiter = Limiter::with_capacity_bytes(0);
    let key = limiter.key(0, "alice");
    let quota = quota(2, 2);
    let first = limiter.check(key, &quota, ONE, 0);
    let second = limiter.check(key, &quota, ONE, 0);
    limiter.refund(key, &first, 0);
    assert_eq!(limiter.peek(key, &quota, ONE, 0).remaining(), 1);
    limiter.refund(key, &second, 0);
    assert_eq!(limiter.peek(key, &quota, ONE, 0).remaining(), 2);

    // Time gave the permit back before the refund did: nothing is left to give.
    let stale = limiter.check(key, &quota, ONE, 0);
    assert!(limiter.check(key, &quota, ONE, 1_000_000_000).is_allowed());
    limiter.refund(key, &stale, 1_000_000_000);
    assert_eq!(limiter.peek(key, &quota, ONE, 1_000_000_000).remaining(), 1);
}

#[test]
fn a_refused_request_takes_and_returns_nothing() {
    let limiter = Limiter::with_capacity_bytes(0);
    let key = limiter.key(0, "alice");
    let quota = quota(2, 2);
    let refused = limiter.check(key, &quota, NonZeroU32::MAX, 0);
    assert!(!refused.is_allowed());
    assert_eq!((refused.remaining(), refused.retry_after()), (2, None));
    assert!(limiter.check(key, &quota, ONE, 0).is_allowed());
    limiter.refund(key, &refused, 0);
    assert_eq!(limiter.peek(key, &quota, ONE, 0).remaining(), 1);
}

#[test]
fn a_charge_may_owe_a_whole_burst_and_no_more() {
    let limiter = Limiter::with_capacity_bytes(0);
    let key = limiter.key(0, "alice");
    let quota = quota(10, 10);
    let number = |number| NonZeroU32::new(number).unwrap();
    assert_eq!(limiter.charge(key, &quota, number(4), 0).remaining(), 6);
    assert_eq!(limiter.charge(key, &quota, number(9), 0).remaining(), 0);
    let wait = |now| limiter.peek(key, &quota, ONE, now).retry_after();
    assert_eq!(wait(0).map(|wait| wait.as_secs()), Some(4));
    for cost in [1, 10, 11, u32::MAX] {
        assert!(limiter.charge(key, &quota, number(cost), 0).is_allowed());
    }
    assert_eq!(wait(0).map(|wait| wait.as_secs()), Some(11), "a burst and the next permit");
    assert_eq!(limiter.peek(key, &quota, ONE, 11_000_000_000).remaining(), 1);
    assert_eq!(limiter.peek(key, &quota, ONE, 20_000_000_000).remaining(), 10);
    // Read out of order: what is owed already stays owed.
    let _ = limiter.charge(key, &quota, number(10), 20_000_000_000);
    let _ = limiter.charge(key, &quota, number(10), 1_000_000_000);
    assert_eq!(limiter.peek(key, &quota, ONE, 20_000_000_000).remaining(), 0);
}

#[test]
fn capacity_is_what_was_asked_for() {
    let limiter = Limiter::with_capacity_bytes(1_000_063);
    assert_eq!(limiter.statistics().bytes, 999_936);
    assert_eq!(limiter.statistics().capacity_entries, 62_496);
    let limiter = Limiter::with_capacity_keys(1_000_000);
    assert!(limiter.statistics().bytes < 20_000_000);
}
