//! Tests of the token cache: lifetimes and memory.

use std::time::Duration;

use super::*;

const ALWAYS: Validity = Validity { from_nanos: 0, until_nanos: u64::MAX };

fn at(seconds: u64) -> Moment {
    Moment::new(Duration::ZERO, Duration::from_secs(seconds))
}

fn between(from: u64, until: u64) -> Validity {
    Validity { from_nanos: from * 1_000_000_000, until_nanos: until * 1_000_000_000 }
}

fn caller(name: &str) -> Principal {
    Principal::builder(name).build()
}

fn insert(cache: &TokenCache, token: &[u8], validity: Validity) {
    cache.insert(token, (caller("alice"), validity, u64::MAX), cache.generation());
}

fn entries(cache: &TokenCache) -> usize {
    cache.table.as_ref().map_or(0, Cache::len)
}

#[test]
fn a_hit_is_the_same_token_to_the_last_byte() {
    let cache = TokenCache::new(1 << 20);
    let token: Vec<u8> = (0..700).map(|n| b'a' + (n % 26) as u8).collect();
    insert(&cache, &token, ALWAYS);
    assert!(
        matches!(cache.get(&token, at(1)), Cached::Valid(caller) if caller.subject() == "alice")
    );
    for position in 0..token.len() {
        let mut other = token.clone();
        other[position] ^= 1;
        // Outside of the tail the hash is the same, so only the comparison tells them apart.
        assert_eq!(cache.hash(&other) == cache.hash(&token), position < 700 - TAIL);
        assert!(matches!(cache.get(&other, at(1)), Cached::Unknown), "{position}");
    }
    assert!(matches!(cache.get(&token[1..], at(1)), Cached::Unknown));
    assert!(matches!(cache.get(&[&b"a"[..], &token].concat(), at(1)), Cached::Unknown));
    for short in [&b""[..], b"a", &token[700 - TAIL..], &token[700 - TAIL + 1..]] {
        assert!(matches!(cache.get(short, at(1)), Cached::Unknown));
    }
}

#[test]
fn times_are_checked_at_every_hit() {
    let cache = TokenCache::new(1 << 20);
    insert(&cache, b"token", between(100, 200));
    assert!(matches!(cache.get(b"token", at(100)), Cached::Valid(_)));
    assert!(matches!(cache.get(b"token", at(199)), Cached::Valid(_)));
    // The wall clock was set back: not an error of the token, so it stays.
    assert!(matches!(cache.get(b"token", at(99)), Cached::NotYet));
    assert!(matches!(cache.get(b"token", at(150)), Cached::Valid(_)));
    assert!(matches!(cache.get(b"token", at(200)), Cached::Expired));
    // Dropped, so a clock that goes back does not bring it back.
    assert_eq!(entries(&cache), 0);
    assert!(matches!(cache.get(b"token", at(150)), Cached::Unknown));
}

#[test]
fn what_is_due_is_verified_again() {
    let cache = TokenCache::new(1 << 20);
    let kept = (caller("alice"), ALWAYS, 5_000_000_000);
    cache.insert(b"token", kept, cache.generation());
    let at = |monotonic| Moment::new(Duration::from_secs(monotonic), Duration::from_secs(1));
    assert!(matches!(cache.get(b"token", at(4)), Cached::Valid(_)));
    assert!(matches!(cache.get(b"token", at(5)), Cached::Unknown));
}

#[test]
fn clearing_reaches_verifications_under_way() {
    let cache = TokenCache::new(1 << 20);
    insert(&cache, b"before", ALWAYS);
    let generation = cache.generation();
    cache.clear();
    cache.insert(b"under way", (caller("alice"), ALWAYS, u64::MAX), generation);
    insert(&cache, b"after", ALWAYS);
    assert!(matches!(cache.get(b"before", at(1)), Cached::Unknown));
    assert!(matches!(cache.get(b"under way", at(1)), Cached::Unknown));
    assert!(matches!(cache.get(b"after", at(1)), Cached::Valid(_)));
    insert(&cache, b"under way", ALWAYS);
    assert!(matches!(cache.get(b"under way", at(1)), Cached::Valid(_)));
}

#[test]
fn memory_is_bounded_in_bytes() {
    const BYTES: usize = 1 << 20;
    let cache = TokenCache::new(BYTES);
    for number in 0..100_000 {
        insert(&cache, format!("{}{number:016}", "x".repeat(700)).as_bytes(), ALWAYS);
    }
    let table = cache.table.as_ref().unwrap();
    assert!(table.weight() <= BYTES as u64);
    assert!(entries(&cache) > BYTES / 2048, "{}", entries(&cache));
    // What the table says of itself is inside of what its entries are charged for it.
    assert!(table.memory_used().total() <= entries(&cache) * BOOKKEEPING + BYTES / 8);
}

#[test]
fn no_bytes_are_no_cache() {
    let cache = TokenCache::new(0);
    insert(&cache, b"token", ALWAYS);
    assert!(matches!(cache.get(b"token", at(1)), Cached::Unknown));
    cache.clear();
}

#[test]
fn threads_share_it() {
    let cache = TokenCache::new(1 << 20);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let cache = &cache;
            scope.spawn(move || {
                for round in 0..2_000 {
                    let token = format!("{:032}", (round * (thread + 1)) % 97);
                    match cache.get(token.as_bytes(), at(1)) {
                        Cached::Valid(caller) => assert_eq!(caller.subject(), token),
                        Cached::Unknown => cache.insert(
                            token.as_bytes(),
                            (caller(&token), ALWAYS, u64::MAX),
                            cache.generation(),
                        ),
                        Cached::Expired | Cached::NotYet => panic!("valid for ever"),
                    }
                    if round % 500 == 0 {
                        cache.clear();
                    }
                }
            });
        }
    });
}

#[test]
fn debug_output_shows_no_token() {
    let cache = TokenCache::new(1 << 20);
    insert(&cache, b"eyJhbGciOiJIUzI1NiJ9.secret", ALWAYS);
    let output = format!("{cache:?}");
    assert!(
        output.contains("entries: 1") && !output.contains("eyJ") && !output.contains("101, 121")
    );
}

#[cfg(feature = "introspection")]
#[test]
fn tokens_that_end_alike_are_told_apart_where_that_may_happen() {
    let (one, other) = (b"one.and-the-same-end-of-32-bytes", b"two.and-the-same-end-of-32-bytes");
    let signed = TokenCache::new(1 << 20);
    assert_eq!(signed.hash(one), signed.hash(other));
    let opaque = TokenCache::new(1 << 20).hashing_whole_tokens();
    assert_ne!(opaque.hash(one), opaque.hash(other));
    assert_eq!(opaque.hash(one), opaque.hash(one));
}
