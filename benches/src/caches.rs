//! Alternative stores for verified tokens, each behind the same authenticator, so that whole requests can be
//! compared with nothing else changed.
//!
//! All stores take the hash from the end of the token, compare the whole token, check its expiry and clone the
//! principal. They differ in the lookup and in what threads share.

use std::cell::RefCell;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use equivalent::Equivalent;
use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented};
use secure_runtime::{Moment, Principal, RequestHead};

/// A cache of verified tokens.
pub trait Store: Send + Sync + 'static {
    /// The principal of this token, if it is in the cache.
    fn find(&self, token: Probe<'_>) -> Option<Principal>;
    /// Stores a token.
    fn keep(&self, token: Token, principal: Principal);
}

/// An authenticator with a cache, in front of another one that verifies tokens.
pub struct Remembering<S> {
    verifier: Arc<dyn Authenticator>,
    secret: ahash::RandomState,
    store: S,
}

impl<S> Remembering<S> {
    /// Caches in this store the tokens that the authenticator accepts.
    pub fn new(verifier: Arc<dyn Authenticator>, store: S) -> Self {
        Self { verifier, secret: ahash::RandomState::new(), store }
    }
}

impl<S: Store> Authenticator for Remembering<S> {
    fn challenge(&self) -> Challenge {
        self.verifier.challenge()
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        self.verifier.presented(request)
    }

    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt {
        let mut lines = request.header_lines("authorization");
        let (Some(line), None) = (lines.next(), lines.next()) else { return Attempt::Absent };
        let Some(token) = line.strip_prefix(b"Bearer ") else { return Attempt::Absent };
        let hash = match token.last_chunk::<16>() {
            Some(tail) => self.secret.hash_one(u128::from_ne_bytes(*tail)),
            None => self.secret.hash_one(token),
        };
        let found = self.store.find(Probe { hash, token });
        if let Some(principal) = found.filter(|it| it.expires_at() > Some(now.into())) {
            return Attempt::Accepted(principal);
        }
        let attempt = self.verifier.authenticate(request, now);
        if let Attempt::Accepted(principal) = &attempt {
            self.store.keep(Token { hash, token: token.into() }, principal.clone());
        }
        attempt
    }
}

/// A token as a key: its hash and its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    hash: u64,
    token: Box<[u8]>,
}

/// A token of a request.
#[derive(Clone, Copy)]
pub struct Probe<'a> {
    hash: u64,
    token: &'a [u8],
}

impl Equivalent<Token> for Probe<'_> {
    fn equivalent(&self, key: &Token) -> bool {
        self.hash == key.hash && *self.token == *key.token
    }
}

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hash for Probe<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A hasher that returns the hash that is stored in the key.
#[derive(Clone, Copy, Default)]
pub struct HashedAlready;

/// The hash of one key.
#[derive(Default)]
pub struct Passed(u64);

impl BuildHasher for HashedAlready {
    type Hasher = Passed;

    fn build_hasher(&self) -> Passed {
        Passed(0)
    }
}

impl Hasher for Passed {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// quick_cache: shards behind read locks.
pub struct Quick(
    quick_cache::sync::Cache<Token, Principal, quick_cache::UnitWeighter, HashedAlready>,
);

/// moka: a concurrent map with a log of reads.
pub struct Moka(moka::sync::Cache<Token, Principal, HashedAlready>);

/// papaya: a lock-free map without a bound, which gives the minimum cost of a lock-free cache.
pub struct Papaya(papaya::HashMap<Token, Principal, HashedAlready>);

/// Slots with an `ArcSwap` each, without a bound: lock-free, and built from existing dependencies.
pub struct Slots(Box<[Slot]>);

#[derive(Default)]
struct Slot {
    hash: AtomicU64,
    kept: ArcSwapOption<(Token, Principal)>,
}

/// A table for each thread, without a bound, whose principals no other thread uses. It gives the minimum cost of
/// any cache, but needs one copy and one verification per thread.
pub struct PerThread(usize);

thread_local! {
    static MINE: RefCell<Vec<Option<(Token, Principal)>>> = RefCell::default();
}

impl Quick {
    /// For so many tokens.
    #[must_use]
    pub fn new(tokens: usize) -> Self {
        let room = tokens * 2;
        Self(quick_cache::sync::Cache::with(
            room,
            room as u64,
            quick_cache::UnitWeighter,
            HashedAlready,
            quick_cache::sync::DefaultLifecycle::default(),
        ))
    }
}

impl Store for Quick {
    fn find(&self, token: Probe<'_>) -> Option<Principal> {
        self.0.get(&token)
    }

    fn keep(&self, token: Token, principal: Principal) {
        self.0.insert(token, principal);
    }
}

impl Moka {
    /// For so many tokens.
    #[must_use]
    pub fn new(tokens: usize) -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(tokens as u64 * 2);
        Self(builder.build_with_hasher(HashedAlready))
    }
}

impl Store for Moka {
    fn find(&self, token: Probe<'_>) -> Option<Principal> {
        self.0.get(&token)
    }

    fn keep(&self, token: Token, principal: Principal) {
        self.0.insert(token, principal);
    }
}

impl Papaya {
    /// For so many tokens.
    #[must_use]
    pub fn new(tokens: usize) -> Self {
        Self(papaya::HashMap::with_capacity_and_hasher(tokens, HashedAlready))
    }
}

impl Store for Papaya {
    fn find(&self, token: Probe<'_>) -> Option<Principal> {
        self.0.pin().get(&token).cloned()
    }

    fn keep(&self, token: Token, principal: Principal) {
        self.0.pin().insert(token, principal);
    }
}

impl Slots {
    /// For so many tokens.
    #[must_use]
    pub fn new(tokens: usize) -> Self {
        Self((0..(tokens * 4).next_power_of_two()).map(|_| Slot::default()).collect())
    }

    fn run(&self, hash: u64) -> impl Iterator<Item = &Slot> {
        let start = hash as usize % self.0.len();
        self.0.iter().skip(start).chain(self.0.iter().take(start)).take(16)
    }
}

impl Store for Slots {
    fn find(&self, token: Probe<'_>) -> Option<Principal> {
        self.run(token.hash).find_map(|slot| {
            if slot.hash.load(Ordering::Acquire) != token.hash {
                return None;
            }
            let kept = slot.kept.load();
            let (key, principal) = kept.as_deref()?;
            token.equivalent(key).then(|| principal.clone())
        })
    }

    fn keep(&self, token: Token, principal: Principal) {
        if let Some(slot) = self.run(token.hash).find(|it| it.hash.load(Ordering::Acquire) == 0) {
            let hash = token.hash;
            slot.kept.store(Some(Arc::new((token, principal))));
            slot.hash.store(hash, Ordering::Release);
        }
    }
}

impl PerThread {
    /// For so many tokens.
    #[must_use]
    pub fn new(tokens: usize) -> Self {
        Self((tokens * 4).next_power_of_two())
    }
}

impl Store for PerThread {
    fn find(&self, token: Probe<'_>) -> Option<Principal> {
        MINE.with_borrow(|mine| {
            let slots = (0..mine.len()).map(|step| token.hash as usize + step);
            let mut kept = slots.map_while(|slot| mine.get(slot & (mine.len() - 1))?.as_ref());
            kept.find(|(key, _)| token.equivalent(key)).map(|(_, principal)| principal.clone())
        })
    }

    fn keep(&self, token: Token, principal: Principal) {
        MINE.with_borrow_mut(|mine| {
            if mine.len() != self.0 {
                mine.clear();
                mine.resize(self.0, None);
            }
            let mask = self.0 - 1;
            let mut slot = token.hash as usize & mask;
            while mine.get(slot).is_some_and(Option::is_some) {
                slot = (slot + 1) & mask;
            }
            if let Some(free) = mine.get_mut(slot) {
                *free = Some((token, principal));
            }
        });
    }
}
