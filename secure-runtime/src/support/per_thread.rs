//! Thread numbers, for counters with a slot for each thread.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More than most services have workers. Threads that share a slot still count correctly.
pub(crate) const STRIPES: usize = 32;

/// The slot of this thread. Threads are numbered in the order in which they first count.
#[inline]
pub(crate) fn stripe() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    let mine = MINE.get();
    if mine < STRIPES {
        return mine;
    }
    let mine = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
    MINE.set(mine);
    mine
}
