//! Single flight of fetches: the fetch in flight, and the earliest time of the next one.
//!
//! 1. No fetch begins within a second of the beginning of the one before; after one that failed, within
//!    2, 4 … 64 seconds.
//! 2. A fetch for an unknown key is ordered at once and begins as soon as that is over. Names of keys
//!    can be invented, so while these fetches follow each other closely and bring nothing new, they
//!    begin two and then four seconds after each other.
//! 3. Gaps are measured by the clock of the requests and by the machine's; the shorter one counts, so
//!    that a clock that a test holds still keeps nobody waiting for longer than the machine's does.

use std::time::{Duration, Instant};

use super::Change;
use crate::support::time::Moment;

/// Orders a fetch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    /// The time of the request that needs it, in monotonic nanoseconds.
    pub(crate) since: u64,
    /// Before that it does not begin.
    pub(crate) not_before: Instant,
}

/// A fetch that a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(super) number: u64,
    /// Whether it begins after the request came: what it does not bring was not published by then.
    pub(crate) is_newer: bool,
    /// When it begins, by the clock of the requests, in monotonic nanoseconds.
    pub(crate) begins_at: u64,
}

#[derive(Debug, Default)]
pub(super) struct Flight {
    begun: u64,
    ended: u64,
    /// When the last fetch began, or will: by both clocks.
    began: Option<(u64, Instant)>,
    /// How long after that the next one may begin, in nanoseconds.
    gap: u64,
    gap_for_unknown: u64,
    /// Whether a request waits for a key that the set lacks.
    is_for_unknown: bool,
    /// How many fetches for unknown keys have followed each other closely, and changed nothing.
    fruitless: u64,
    /// When the last of them began.
    fruitless_at: u64,
}

impl Flight {
    /// Joins the fetch under way, or begins one unless it is too early, for a request that comes `here`.
    pub(super) fn join(
        &mut self,
        now: Moment,
        here: Instant,
        order: impl FnOnce(Order) -> bool,
    ) -> Option<Seat> {
        if self.begun == self.ended {
            if self.remaining(now, here, self.gap, false) > 0 {
                return None;
            }
            self.begin(now, here, 0, order)?;
        }
        self.seat(here)
    }

    /// Joins the fetch under way, or begins one as soon as it may, for a request that came earlier or
    /// comes `here`.
    pub(super) fn join_for_unknown(
        &mut self,
        now: Moment,
        (came, here): (Instant, Instant),
        order: impl FnOnce(Order) -> bool,
    ) -> Option<Seat> {
        if self.begun == self.ended {
            let gap = self.gap.max(self.gap_for_unknown);
            let delay = self.remaining(now, here, gap, true);
            self.begin(now, here, delay, order)?;
        }
        self.is_for_unknown = true;
        self.seat(came)
    }

    fn begin(
        &mut self,
        now: Moment,
        here: Instant,
        delay: u64,
        order: impl FnOnce(Order) -> bool,
    ) -> Option<()> {
        let not_before = here + Duration::from_nanos(delay);
        if !order(Order { since: now.monotonic_nanos(), not_before }) {
            return None;
        }
        self.began = Some((now.monotonic_nanos().saturating_add(delay), not_before));
        self.begun += 1;
        Some(())
    }

    /// The fetch under way, for a request that came then.
    fn seat(&self, came: Instant) -> Option<Seat> {
        let (begins_at, begins) = self.began?;
        Some(Seat { number: self.begun, is_newer: came <= begins, begins_at })
    }

    /// How long it is until the next fetch may begin, in nanoseconds.
    fn remaining(&self, now: Moment, here: Instant, gap: u64, by_both_clocks: bool) -> u64 {
        let Some((began_at, began)) = self.began else { return 0 };
        let by_requests = began_at.saturating_add(gap).saturating_sub(now.monotonic_nanos());
        if !by_both_clocks {
            return by_requests;
        }
        let passed = u64::try_from(here.saturating_duration_since(began).as_nanos());
        by_requests.min(gap.saturating_sub(passed.unwrap_or(u64::MAX)))
    }

    /// Takes in the end of the fetch that was ordered at `since`, after so many failures in a row.
    pub(super) fn land(&mut self, since: u64, failures: u64, change: Change) {
        // The first set of a file was not requested: it was read when the service started.
        let began = self.began.map_or_else(Instant::now, |(_, began)| began);
        let began_at = self.began.map_or(since, |(began_at, _)| began_at.max(since));
        self.began = Some((began_at, began));
        self.ended = self.begun;
        self.gap = GAP_NANOS << failures.min(MOST_DOUBLINGS);
        let is_for_unknown = std::mem::take(&mut self.is_for_unknown);
        if change != Change::Nothing {
            self.fruitless = 0;
        } else if is_for_unknown {
            let follows = began_at.saturating_sub(self.fruitless_at) <= CLOSELY_NANOS;
            self.fruitless = if follows { self.fruitless + 1 } else { 1 };
            self.fruitless_at = began_at;
        }
        self.gap_for_unknown = GAP_NANOS << (self.fruitless / PATIENCE).min(MOST_FOR_UNKNOWN);
    }

    /// How many fetches have ended.
    pub(super) fn ended(&self) -> u64 {
        self.ended
    }
}

/// From the beginning of a fetch to that of the next.
const GAP_NANOS: u64 = 1_000_000_000;

/// 64 s at most while fetches fail.
const MOST_DOUBLINGS: u64 = 6;

/// 4 s at most for unknown keys.
const MOST_FOR_UNKNOWN: u64 = 2;

/// So many fetches in vain double the gap.
const PATIENCE: u64 = 4;

/// Fetches that begin no further apart follow each other closely.
const CLOSELY_NANOS: u64 = 5 * GAP_NANOS;
