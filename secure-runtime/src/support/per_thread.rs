//! The number of a thread, for counters that no two threads write.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More than most services have workers; those that share a counter still count right.
pub(crate) const STRIPES: usize = 32;

/// Which of the counters is this thread's; threads are numbered as they first count.
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
