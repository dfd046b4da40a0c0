//! What the limiter admits, charges and gives back.

use std::collections::HashSet;
use std::time::Duration;

use super::*;

const ONE: NonZeroU32 = NonZeroU32::MIN;

fn at(nanos: u64) -> Moment {
    Moment::new(Duration::from_nanos(nanos), Duration::ZERO)
}

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
        let decision = limiter.check(key, &quota, ONE, at(77));
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
        assert!(limiter.check(key, &quota, ONE, at(0)).is_allowed());
        assert!(!limiter.check(key, &quota, ONE, at(0)).is_allowed());
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
        ["0.0.0.1", "::1", "::fffe:0.0.0.1", "100::"].map(|it| it.parse().unwrap());
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
    let [short, mapped]: [IpAddr; 2] =
        ["192.0.2.7", "::ffff:192.0.2.7"].map(|it| it.parse().unwrap());
    assert!(limiter.key_address(1, short) == limiter.key_address(1, mapped));
    let distinct: HashSet<LimitKey> = keys.iter().copied().collect();
    assert_eq!(distinct.len(), keys.len());
}

/// A hasher that widens every number to the same length, as ahash does on processors with AES.
#[derive(Default)]
struct Widening(Vec<u128>);

impl Hasher for Widening {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend(bytes.iter().map(|byte| u128::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u128(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.write_u128(number.into());
    }

    fn write_u128(&mut self, number: u128) {
        self.0.push(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u128(number as u128);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[test]
fn no_address_is_hashed_as_another_or_as_a_small_number() {
    let mut seen = HashSet::new();
    for octets in [[0; 4], [1, 0, 0, 0], [0, 0, 0, 1], [32, 1, 13, 184], [255; 4]] {
        let mut long = [0; 16];
        long[..4].copy_from_slice(&octets);
        let mut tail = [1; 16];
        tail[..4].copy_from_slice(&octets);
        let mut swapped = [0; 16];
        swapped[12..].copy_from_slice(&octets);
        let short = IpAddr::from(octets);
        let addresses = [short, long.into(), tail.into(), swapped.into()];
        let written = addresses.map(|address| {
            let mut hasher = Widening::default();
            write_address(&mut hasher, address);
            (address, hasher.0)
        });
        seen.extend(written);
    }
    let written: HashSet<&Vec<u128>> = seen.iter().map(|(_, written)| written).collect();
    assert_eq!(written.len(), seen.len());
    for variant in 0..100_isize {
        let mut hasher = Widening::default();
        hasher.write_isize(variant);
        assert!(!written.contains(&hasher.0), "variant {variant}");
    }
}

#[test]
fn a_refund_restores_exactly_and_never_creates_permits() {
    let limiter = Limiter::with_capacity_bytes(0);
    let key = limiter.key(0, "alice");
    let quota = quota(2, 2);
    let first = limiter.check(key, &quota, ONE, at(0));
    let second = limiter.check(key, &quota, ONE, at(0));
    limiter.refund(key, &first, at(0));
    assert_eq!(limiter.peek(key, &quota, ONE, at(0)).remaining(), 1);
    limiter.refund(key, &second, at(0));
    assert_eq!(limiter.peek(key, &quota, ONE, at(0)).remaining(), 2);

    // Time gave the permit back before the refund did: nothing is left to give.
    let stale = limiter.check(key, &quota, ONE, at(0));
    assert!(limiter.check(key, &quota, ONE, at(1_000_000_000)).is_allowed());
    limiter.refund(key, &stale, at(1_000_000_000));
    assert_eq!(limiter.peek(key, &quota, ONE, at(1_000_000_000)).remaining(), 1);
}

#[test]
fn a_refused_request_takes_and_returns_nothing() {
    let limiter = Limiter::with_capacity_bytes(0);
    let key = limiter.key(0, "alice");
    let quota = quota(2, 2);
    let refused = limiter.check(key, &quota, NonZeroU32::MAX, at(0));
    assert!(!refused.is_allowed());
    assert_eq!((refused.remaining(), refused.retry_after()), (2, None));
    assert!(limiter.check(key, &quota, ONE, at(0)).is_allowed());
    limiter.refund(key, &refused, at(0));
    assert_eq!(limiter.peek(key, &quota, ONE, at(0)).remaining(), 1);
}

#[test]
fn a_charge_may_owe_a_whole_burst_and_no_more() {
    let limiter = Limiter::with_capacity_bytes(0);
    let key = limiter.key(0, "alice");
    let quota = quota(10, 10);
    let number = |number| NonZeroU32::new(number).unwrap();
    assert_eq!(limiter.charge(key, &quota, number(4), at(0)).remaining(), 6);
    assert_eq!(limiter.charge(key, &quota, number(9), at(0)).remaining(), 0);
    let wait = |now| limiter.peek(key, &quota, ONE, at(now)).retry_after();
    assert_eq!(wait(0).map(|wait| wait.as_secs()), Some(4));
    for cost in [1, 10, 11, u32::MAX] {
        assert!(limiter.charge(key, &quota, number(cost), at(0)).is_allowed());
    }
    assert_eq!(wait(0).map(|wait| wait.as_secs()), Some(11), "a burst and the next permit");
    assert_eq!(limiter.peek(key, &quota, ONE, at(11_000_000_000)).remaining(), 1);
    assert_eq!(limiter.peek(key, &quota, ONE, at(20_000_000_000)).remaining(), 10);
    // Read out of order: what is owed already stays owed.
    let _ = limiter.charge(key, &quota, number(10), at(20_000_000_000));
    let _ = limiter.charge(key, &quota, number(10), at(1_000_000_000));
    assert_eq!(limiter.peek(key, &quota, ONE, at(20_000_000_000)).remaining(), 0);
}

#[test]
fn capacity_is_what_was_asked_for() {
    let limiter = Limiter::with_capacity_bytes(1_000_063);
    assert_eq!(limiter.statistics().bytes, 999_936);
    assert_eq!(limiter.statistics().capacity_entries, 62_496);
    let limiter = Limiter::with_capacity_keys(1_000_000);
    assert!(limiter.statistics().bytes < 20_000_000);
}
