//! Lock stripes, chosen by a key's hash: a thread that inserts a key holds its stripe.

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

/// A fixed set of locks. Only insertions take one.
#[derive(Debug)]
pub(in crate::throttling) struct Stripes {
    locks: Box<[Mutex<()>]>,
}

/// A stripe that is held until this is dropped.
#[derive(Debug)]
pub(in crate::throttling) struct Held<'a> {
    stripe: usize,
    _guard: Option<MutexGuard<'a, ()>>,
}

impl Stripes {
    /// `count` locks; at least one.
    pub(in crate::throttling) fn new(count: usize) -> Self {
        Self { locks: (0..count.max(1)).map(|_| Mutex::new(())).collect() }
    }

    /// Waits for the stripe of a key.
    pub(in crate::throttling) fn lock(&self, key: u64) -> Held<'_> {
        let stripe = self.stripe(key);
        // The lock guards no data, so poisoning has no meaning.
        let guard =
            self.locks.get(stripe).map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
        Held { stripe, _guard: guard }
    }

    /// The stripe of another key, if it is free or already held by this thread.
    ///
    /// Never waits: two insertions that want each other's stripe cannot block each other.
    pub(in crate::throttling) fn try_lock_beside(
        &self,
        held: &Held<'_>,
        key: u64,
    ) -> Option<Held<'_>> {
        let stripe = self.stripe(key);
        if stripe == held.stripe {
            return Some(Held { stripe, _guard: None });
        }
        let guard = self.locks.get(stripe)?.try_lock().ok()?;
        Some(Held { stripe, _guard: Some(guard) })
    }

    fn stripe(&self, key: u64) -> usize {
        // Other bits than those that choose the buckets (the upper part of each half), so that
        // the keys of one bucket spread over all stripes.
        (key % self.locks.len() as u64) as usize
    }
}
