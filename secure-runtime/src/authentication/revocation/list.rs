//! The in-memory revocation list: its entries, and how long each is kept.
//!
//! 1. A token that is checked here lives for the longest life at most. So does what revokes it, with
//!    a margin for clocks that disagree: after that, nothing is left that it could stop.
//! 2. That time is measured by the monotonic clock: a wall clock that jumps forward forgets nothing.
//!    Where the wall clock was set back meanwhile, it must agree too, for as long again at most.
//! 3. What does not fit is kept coarsely: everything that the issuer has issued until now is revoked
//!    instead, and where even that does not fit, everything of everybody. Nothing is dropped. For a
//!    token or a session, "now" is read on a clock that is ahead by the largest leeway: otherwise a
//!    token of such an issuer would not be covered.
//! 4. Readers compare one number, the version. It changes after the entry is in place. So a reader of the new
//!    version finds the entry, and a reader that found nothing under the old version looks again.
//!
//! A revoked name is kept as 128 bits of a keyed hash: no name of anybody lies in memory, and none
//! can be made that collides with another.

use std::collections::{HashMap, VecDeque, hash_map};
use std::hash::{Hash, Hasher};
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
#[cfg(not(loom))]
use std::sync::{Mutex, RwLock};

#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
#[cfg(loom)]
use loom::sync::{Mutex, RwLock};

use crate::support::prehashed::KeyedAlready;
use crate::support::time::Moment;

/// What a revocation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target<'a> {
    /// One token of an issuer, by its `jti`.
    Token(&'a str, &'a str),
    /// The tokens of one session at an issuer, by its `sid`.
    Session(&'a str, &'a str),
    /// The tokens of one subject of an issuer, by its `sub`.
    Subject(&'a str, &'a str),
    /// The tokens of an issuer.
    Issuer(&'a str),
    /// All tokens.
    Everything,
}

impl<'a> Target<'a> {
    /// Whose tokens it is about.
    fn issuer(self) -> Option<&'a str> {
        match self {
            Self::Token(issuer, _)
            | Self::Session(issuer, _)
            | Self::Subject(issuer, _)
            | Self::Issuer(issuer) => Some(issuer),
            Self::Everything => None,
        }
    }
}

/// Which of a target's tokens are revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Issued {
    Whenever,
    /// In seconds since the Unix epoch, the second itself included.
    Until(u64),
}

impl Issued {
    /// Whether it is about what will be issued, as far as an issuer's clock may be ahead.
    pub(super) fn is_ahead_of(self, unix_seconds: u64) -> bool {
        matches!(self, Self::Until(until) if until > unix_seconds.saturating_add(MOST_AHEAD_SECONDS))
    }
}

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) capacity: usize,
    /// How long a revocation may stop something, in nanoseconds.
    pub(super) life_nanos: u64,
}

/// The revocations of this process.
pub(super) struct List {
    shards: Box<[RwLock<HashMap<Key, Entry, KeyedAlready>>]>,
    secrets: [ahash::RandomState; 2],
    /// Everything issued before this second is revoked; zero of nothing.
    everything_before: AtomicU64,
    live: AtomicUsize,
    /// What readers compare: the ledger's version, or [`UNREADABLE`].
    published: AtomicU64,
    ledger: Mutex<Ledger>,
    terms: Terms,
}

/// Who changes something holds this.
struct Ledger {
    version: u64,
    is_readable: bool,
    /// Every entry once, in about the order of their ends.
    ends: VecDeque<(Key, End)>,
    coarse: u64,
}

/// A target's 128 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key(u64, u64);

#[derive(Clone, Copy)]
struct Entry {
    /// Issued before this second.
    before: u64,
    end: End,
}

/// When nothing is left that an entry could stop.
#[derive(Clone, Copy)]
struct End {
    monotonic: u64,
    wall: u64,
}

/// What became of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Exactly,
    /// More than requested is revoked.
    Coarsely,
}

impl List {
    /// An empty list. One that `is_readable` only later refuses to say anything until then.
    pub(super) fn new(terms: Terms, is_readable: bool) -> Self {
        let secrets = [ahash::RandomState::new(), ahash::RandomState::new()];
        // Random, so that what one list has cleared means nothing to another; odd, so that it is
        // never zero, under which nothing was ever cleared, nor `UNREADABLE`.
        let version = secrets.iter().fold(0, |mixed: u64, it| mixed ^ it.hash_one(0)) | 1;
        Self {
            shards: (0..SHARDS).map(|_| RwLock::new(HashMap::default())).collect(),
            secrets,
            everything_before: AtomicU64::new(0),
            live: AtomicUsize::new(0),
            published: AtomicU64::new(if is_readable { version } else { UNREADABLE }),
            ledger: Mutex::new(Ledger { version, is_readable, ends: VecDeque::new(), coarse: 0 }),
            terms,
        }
    }

    /// What changes whenever something is revoked.
    #[inline]
    pub(super) fn version(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Whether something issued in that second is revoked as one of these.
    pub(super) fn holds<'a>(
        &self,
        issued_at: u64,
        targets: impl IntoIterator<Item = Target<'a>>,
    ) -> bool {
        issued_at < self.everything_before.load(Ordering::Acquire)
            || (self.live.load(Ordering::Acquire) > 0
                && targets.into_iter().any(|target| issued_at < self.before(&target)))
    }

    /// Revokes; what is revoked already stays so.
    pub(super) fn add(&self, target: Target<'_>, issued: Issued, now: Moment) -> Kept {
        let before = match issued {
            Issued::Whenever => u64::MAX,
            Issued::Until(second) => second.saturating_add(1),
        };
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        self.drop_ended(&mut ledger, now);
        let kept = self.put(&mut ledger, target, before, now);
        self.publish(&mut ledger);
        kept
    }

    /// Whether the list is complete, as far as anybody can know.
    #[cfg(any(feature = "redis", test))]
    pub(super) fn set_readable(&self, is_readable: bool) {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.is_readable = is_readable;
        let version = if is_readable { ledger.version } else { UNREADABLE };
        self.published.store(version, Ordering::Release);
    }

    /// How many entries fit.
    pub(super) fn capacity(&self) -> usize {
        self.terms.capacity
    }

    /// How many entries there are, and how often one was kept coarsely.
    pub(super) fn count(&self) -> (usize, u64) {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        (ledger.ends.len(), ledger.coarse)
    }

    fn put(&self, ledger: &mut Ledger, target: Target<'_>, before: u64, now: Moment) -> Kept {
        let Some(issuer) = target.issuer() else {
            self.everything_before.fetch_max(before, Ordering::AcqRel);
            return Kept::Exactly;
        };
        let is_coarse = matches!(target, Target::Issuer(_));
        let room = self.terms.capacity + if is_coarse { ROOM_FOR_ISSUERS } else { 0 };
        let key = self.key(&target);
        let end = End::of(now, self.terms.life_nanos);
        let mut shard = self.shard(key).write().unwrap_or_else(PoisonError::into_inner);
        match shard.entry(key) {
            hash_map::Entry::Occupied(mut held) => {
                let held = held.get_mut();
                *held = Entry { before: held.before.max(before), end };
                return Kept::Exactly;
            }
            hash_map::Entry::Vacant(place) if ledger.ends.len() < room => {
                place.insert(Entry { before, end });
                ledger.ends.push_back((key, end));
                self.live.store(ledger.ends.len(), Ordering::Release);
                return Kept::Exactly;
            }
            hash_map::Entry::Vacant(_) => {}
        }
        drop(shard);
        ledger.coarse += 1;
        let before = match before {
            // The token exists by now, and its issuer's clock may be ahead.
            u64::MAX => now.unix_seconds().saturating_add(MOST_AHEAD_SECONDS).saturating_add(1),
            before => before.max(now.unix_seconds().saturating_add(1)),
        };
        let wider = if is_coarse { Target::Everything } else { Target::Issuer(issuer) };
        self.put(ledger, wider, before, now);
        Kept::Coarsely
    }

    /// Drops entries that can stop nothing any more.
    fn drop_ended(&self, ledger: &mut Ledger, now: Moment) {
        for _ in 0..MOST_DROPPED {
            let Some(&(key, end)) = ledger.ends.front() else { break };
            if !end.is_over(now, self.terms.life_nanos) {
                break;
            }
            ledger.ends.pop_front();
            let mut shard = self.shard(key).write().unwrap_or_else(PoisonError::into_inner);
            match shard.get(&key).map(|entry| entry.end) {
                // It was revoked again meanwhile.
                Some(later) if !later.is_over(now, self.terms.life_nanos) => {
                    ledger.ends.push_back((key, later))
                }
                _ => {
                    shard.remove(&key);
                }
            }
        }
        self.live.store(ledger.ends.len(), Ordering::Release);
    }

    fn publish(&self, ledger: &mut Ledger) {
        ledger.version = ledger.version.wrapping_add(2);
        if ledger.is_readable {
            self.published.store(ledger.version, Ordering::Release);
        }
    }

    /// Before which second a target's tokens are revoked; zero if it is not in the list.
    fn before(&self, target: &Target<'_>) -> u64 {
        let key = self.key(target);
        let shard = self.shard(key).read().unwrap_or_else(PoisonError::into_inner);
        shard.get(&key).map_or(0, |entry| entry.before)
    }

    fn key(&self, target: &Target<'_>) -> Key {
        let [first, second] = &self.secrets;
        Key(first.hash_one(target), second.hash_one(target))
    }

    #[expect(clippy::indexing_slicing, reason = "the remainder is smaller than the length")]
    fn shard(&self, key: Key) -> &RwLock<HashMap<Key, Entry, KeyedAlready>> {
        &self.shards[key.1 as usize % SHARDS]
    }
}

impl End {
    fn of(now: Moment, life_nanos: u64) -> Self {
        Self {
            monotonic: now.monotonic_nanos().saturating_add(life_nanos),
            wall: now.unix_nanos().saturating_add(life_nanos),
        }
    }

    fn is_over(self, now: Moment, life_nanos: u64) -> bool {
        let monotonic = now.monotonic_nanos();
        let latest = self.monotonic.saturating_add(life_nanos);
        monotonic >= latest || (monotonic >= self.monotonic && now.unix_nanos() >= self.wall)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// The version that is published while the list is unknown.
pub(super) const UNREADABLE: u64 = 2;

/// How far an issuer's clock may be ahead of ours: the largest leeway.
const MOST_AHEAD_SECONDS: u64 = 300;

/// Enough that readers on all cores hardly ever meet.
const SHARDS: usize = if cfg!(loom) { 1 } else { 64 };

/// What is kept coarsely has room beyond the capacity, for so many issuers.
const ROOM_FOR_ISSUERS: usize = 1024;

/// A revocation after a long pause does not have to tidy up all of it.
const MOST_DROPPED: usize = 1024;
