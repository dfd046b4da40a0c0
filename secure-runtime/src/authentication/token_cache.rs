//! Tokens that were verified, kept until they expire.
//!
//! 1. Only verified tokens come in; a refusal is never stored.
//! 2. A hit needs the *whole* token to be equal, byte for byte. The hash only finds the candidate.
//! 3. A hit is checked against the clock each time: an entry never outlives its token, and one that
//!    is not valid yet (the wall clock was set back) does not count.
//! 4. Memory is bounded in bytes. An entry weighs its token, its principal and its bookkeeping.
//! 5. A verdict that depends on keys that may be withdrawn is asked for again when they are due.
//! 6. [`TokenCache::clear`] drops everything at once, verifications that are under way included:
//!    what started before it does not count after it.
//!
//! The hash reads the token's last bytes only. Those are the end of a signature, so they differ
//! between tokens that an issuer signed, and nobody chooses them freely; mixed with a secret of this
//! cache, nobody can aim for one slot either, not even an owner of many valid tokens. An ECDSA
//! signature can be rewritten into a second valid one by anybody, so one token may take two entries:
//! they are two verified tokens, and the bound holds.
//!
//! The token is compared after the full 64-bit keyed hash matched. Who guesses another caller's token
//! therefore learns nothing from how long the comparison takes: without the token's end it never runs.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, OptionsBuilder, Weighter};

use crate::principal::Principal;
use crate::time::Moment;

/// The verified tokens of one authenticator.
pub(crate) struct TokenCache {
    table: Option<Table>,
    secret: ahash::RandomState,
    /// How often the cache was cleared.
    generation: AtomicU64,
}

type Table = Cache<Key, Entry, Weight, KeyedAlready, DefaultLifecycle<Key, Entry>>;

/// From when (inclusive) until when (exclusive) a verdict holds, in nanoseconds since the Unix
/// epoch, leeway included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) from_nanos: u64,
    pub(crate) until_nanos: u64,
}

impl Validity {
    /// Whether it has ended.
    pub(crate) const fn is_over(self, now: Moment) -> bool {
        now.unix_nanos() >= self.until_nanos
    }

    /// Whether it has not begun.
    pub(crate) const fn is_ahead(self, now: Moment) -> bool {
        now.unix_nanos() < self.from_nanos
    }
}

/// What the cache knows about a token.
#[derive(Debug)]
pub(crate) enum Cached {
    /// It was verified, and is valid now.
    Valid(Principal),
    /// It was verified and has expired; it is dropped.
    Expired,
    /// It was verified and is not valid yet.
    NotYet,
    /// Nothing.
    Unknown,
}

/// Which generation a verification belongs to; taken before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(u64);

impl TokenCache {
    /// A cache of at most this many bytes; none at all of 0 bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            table: table(bytes),
            secret: ahash::RandomState::new(),
            generation: AtomicU64::new(0),
        }
    }

    /// Looks a token up.
    pub(crate) fn get(&self, token: &[u8], now: Moment) -> Cached {
        let Some(table) = &self.table else { return Cached::Unknown };
        let probe = Probe { hash: self.hash(token), token };
        let Some(entry) = table.get(&probe) else { return Cached::Unknown };
        if entry.generation != self.generation() {
            return Cached::Unknown;
        }
        if entry.validity.is_over(now) {
            table.remove(&probe);
            return Cached::Expired;
        }
        if entry.validity.is_ahead(now) {
            return Cached::NotYet;
        }
        if now.monotonic_nanos() >= entry.good_until {
            return Cached::Unknown;
        }
        Cached::Valid(entry.principal)
    }

    /// The present generation, for [`insert`](Self::insert).
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::Acquire))
    }

    /// Keeps a token that was just verified, and need not be verified again until a monotonic time in
    /// nanoseconds; `generation` is the one before its verification began.
    pub(crate) fn insert(
        &self,
        token: &[u8],
        (principal, validity, good_until): (Principal, Validity, u64),
        generation: Generation,
    ) {
        if let Some(table) = &self.table {
            let key = Key { hash: self.hash(token), token: token.into() };
            table.insert(key, Entry { principal, validity, good_until, generation });
        }
    }

    /// Forgets every token.
    pub(crate) fn clear(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        if let Some(table) = &self.table {
            table.clear();
        }
    }

    fn hash(&self, token: &[u8]) -> u64 {
        match token.last_chunk::<TAIL>() {
            Some(tail) => self.secret.hash_one(u128::from_ne_bytes(*tail)),
            None => self.secret.hash_one(token),
        }
    }
}

/// Says how full it is; tokens are secrets.
impl fmt::Debug for TokenCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut output = formatter.debug_struct("TokenCache");
        if let Some(table) = &self.table {
            output.field("entries", &table.len()).field("bytes", &table.weight());
            output.field("max_bytes", &table.capacity());
        }
        output.finish_non_exhaustive()
    }
}

fn table(bytes: usize) -> Option<Table> {
    let items = bytes / TYPICAL_ENTRY;
    let options = OptionsBuilder::new()
        .weight_capacity(bytes as u64)
        .estimated_items_capacity(items)
        .build()
        .ok()?;
    (items > 0)
        .then(|| Cache::with_options(options, Weight, KeyedAlready, DefaultLifecycle::default()))
}

struct Key {
    hash: u64,
    token: Box<[u8]>,
}

struct Probe<'a> {
    hash: u64,
    token: &'a [u8],
}

impl Equivalent<Key> for Probe<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.hash == key.hash && *self.token == *key.token
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        Probe { hash: self.hash, token: &self.token }.equivalent(other)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hash for Probe<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

#[derive(Clone)]
struct Entry {
    principal: Principal,
    validity: Validity,
    good_until: u64,
    generation: Generation,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Entry> for Weight {
    fn weight(&self, key: &Key, entry: &Entry) -> u64 {
        (key.token.len() + entry.principal.footprint() + BOOKKEEPING) as u64
    }
}

/// Keys bring their keyed hash along.
#[derive(Clone, Copy)]
struct KeyedAlready;

impl BuildHasher for KeyedAlready {
    type Hasher = Passed;

    fn build_hasher(&self) -> Passed {
        Passed(0)
    }
}

struct Passed(u64);

impl Hasher for Passed {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// 96 bits of a signature in base64url.
const TAIL: usize = 16;

/// What the table itself needs for an entry, and for the trace of an evicted one.
const BOOKKEEPING: usize = 256;

/// A token of 700 bytes, its claims and the rest.
const TYPICAL_ENTRY: usize = 2048;

#[cfg(test)]
mod tests {
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
            output.contains("entries: 1")
                && !output.contains("eyJ")
                && !output.contains("101, 121")
        );
    }
}
