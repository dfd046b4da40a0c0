//! The cache of verified tokens.
//!
//! 1. Only verified tokens come in; refusals are kept apart ([`RefusedTokens`]), for a moment.
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
//! they are two verified tokens, and the bound holds. Nobody promises as much of opaque tokens, so
//! those are hashed as a whole ([`TokenCache::hashing_whole_tokens`]).
//!
//! The token is compared after the full 64-bit keyed hash matched. Who guesses another caller's token
//! therefore learns nothing from how long the comparison takes: without the token's end it never runs.

mod refused;
mod statistics;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Lifecycle, OptionsBuilder, Weighter};

use super::TokenCacheStatistics;
use crate::principal::Principal;
use crate::support::prehashed::KeyedAlready;
use crate::support::time::Moment;
pub(crate) use refused::{Mark, Refused, RefusedTokens};
use statistics::Hits;

/// The verified tokens of one authenticator.
pub(crate) struct TokenCache {
    table: Option<Table>,
    secret: ahash::RandomState,
    hashes_whole_tokens: bool,
    /// How often the cache was cleared.
    generation: AtomicU64,
    hits: Hits,
    misses: AtomicU64,
    evictions: Arc<AtomicU64>,
}

type Table = Cache<Key, Entry, Weight, KeyedAlready, Evictions>;

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
        let evictions = Arc::default();
        Self {
            table: table(bytes, Evictions(Arc::clone(&evictions))),
            secret: ahash::RandomState::new(),
            hashes_whole_tokens: false,
            generation: AtomicU64::new(0),
            hits: Hits::new(),
            misses: AtomicU64::new(0),
            evictions,
        }
    }

    /// Tokens may be equal at their ends: for those that no issuer's signature ends.
    #[cfg(feature = "introspection")]
    pub(crate) fn hashing_whole_tokens(mut self) -> Self {
        self.hashes_whole_tokens = true;
        self
    }

    /// Looks a token up.
    #[inline]
    pub(crate) fn get(&self, token: &[u8], now: Moment) -> Cached {
        let found = self.peek(token, now);
        match found {
            Cached::Valid(_) => self.hits.count(),
            // What follows takes so long that one counter for all threads does not matter.
            _ => {
                self.misses.fetch_add(1, Ordering::Relaxed);
            }
        }
        found
    }

    /// The same, uncounted: for who looks twice at one request.
    pub(crate) fn peek(&self, token: &[u8], now: Moment) -> Cached {
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

    /// Forgets one token.
    pub(crate) fn forget(&self, token: &[u8]) {
        if let Some(table) = &self.table {
            table.remove(&Probe { hash: self.hash(token), token });
        }
    }

    /// Forgets every token.
    pub(crate) fn clear(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        if let Some(table) = &self.table {
            table.clear();
        }
    }

    /// What it holds, and was good for.
    pub(crate) fn statistics(&self) -> TokenCacheStatistics {
        let table = self.table.as_ref();
        TokenCacheStatistics {
            entries: table.map_or(0, Cache::len),
            bytes: table.map_or(0, Cache::weight),
            max_bytes: table.map_or(0, Cache::capacity),
            hits: self.hits.total(),
            misses: self.misses.load(Ordering::Relaxed),
            evictions: self.evictions.load(Ordering::Relaxed),
            cleared: self.generation.load(Ordering::Acquire),
            refused_again: 0,
        }
    }

    #[inline]
    fn hash(&self, token: &[u8]) -> u64 {
        match token.last_chunk::<TAIL>() {
            Some(tail) if !self.hashes_whole_tokens => {
                self.secret.hash_one(u128::from_ne_bytes(*tail))
            }
            _ => self.secret.hash_one(token),
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

fn table(bytes: usize, evictions: Evictions) -> Option<Table> {
    let items = bytes / TYPICAL_ENTRY;
    let options = OptionsBuilder::new()
        .weight_capacity(bytes as u64)
        .estimated_items_capacity(items)
        .build()
        .ok()?;
    (items > 0).then(|| Cache::with_options(options, Weight, KeyedAlready, evictions))
}

/// Counts what makes room for others.
#[derive(Clone)]
struct Evictions(Arc<AtomicU64>);

impl Lifecycle<Key, Entry> for Evictions {
    /// What was evicted last, so that it is dropped outside of the lock.
    type RequestState = Option<(Key, Entry)>;

    fn on_evict(&self, evicted: &mut Self::RequestState, key: Key, entry: Entry) {
        self.0.fetch_add(1, Ordering::Relaxed);
        *evicted = Some((key, entry));
    }
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

/// 96 bits of a signature in base64url.
const TAIL: usize = 16;

/// What the table itself needs for an entry, and for the trace of an evicted one.
const BOOKKEEPING: usize = 256;

/// A token of 700 bytes, its claims and the rest.
const TYPICAL_ENTRY: usize = 2048;
