//! What of a limit may change while the program runs.

use std::sync::OnceLock;

use crate::policy::Limit;
use crate::throttling::{Allowance, Calendar, Generations};

/// The terms of one limit of one endpoint: those of the launch, and those that it was given since.
///
/// Terms live as long as the program, so that a request need not share them; those that come again are
/// not made again.
pub(crate) struct LiveLimit {
    launch: Terms,
    given: Given<Terms>,
    /// Whose terms hold, for all that count together.
    pub(crate) generations: &'static Generations,
}

/// What a limit admits.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) limit: &'static Limit,
    pub(crate) calendar: Option<&'static Calendar>,
}

/// Values that are added and never taken away, found by their places without a lock.
pub(super) struct Given<T>(OnceLock<Box<[OnceLock<T>]>>);

/// How many different terms a limit may have in its life.
pub(super) const MOST: u32 = 255;

impl LiveLimit {
    pub(super) fn new(launch: Terms, generations: &'static Generations) -> Self {
        Self { launch, given: Given::new(), generations }
    }

    /// The terms at a place; zero are those of the launch.
    #[inline]
    pub(crate) fn terms(&self, place: u32) -> Terms {
        match place {
            0 => self.launch,
            place => self.given.at(place).copied().unwrap_or(self.launch),
        }
    }

    pub(crate) fn now(&self) -> Terms {
        self.terms(self.generations.place())
    }

    /// Adds terms; whoever calls it holds off other changes.
    pub(super) fn give(&self, place: u32, terms: Terms) {
        self.given.put(place, terms);
    }

    /// Whether a place has terms.
    pub(super) fn has(&self, place: u32) -> bool {
        place == 0 || self.given.at(place).is_some()
    }
}

impl Terms {
    #[inline]
    pub(crate) fn allowance(&self) -> Allowance<'static> {
        Allowance { quota: &self.limit.quota, calendar: self.calendar }
    }
}

impl<T> Given<T> {
    pub(super) fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The value at a place, counted from one.
    pub(super) fn at(&self, place: u32) -> Option<&T> {
        let index = usize::try_from(place.checked_sub(1)?).ok()?;
        self.0.get()?.get(index)?.get()
    }

    pub(super) fn put(&self, place: u32, value: T) {
        let all = self.0.get_or_init(|| (0..MOST).map(|_| OnceLock::new()).collect());
        let index = place.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        if let Some(slot) = index.and_then(|index| all.get(index)) {
            // What stands there already is the same.
            let _ = slot.set(value);
        }
    }
}
