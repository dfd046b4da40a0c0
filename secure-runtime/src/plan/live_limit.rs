//! What of a limit may change while the program runs.

use std::sync::OnceLock;

use crate::denial::Violation;
use crate::policy::Limit;
use crate::throttling::{Allowance, Calendar, Generations, Quota};

/// The terms of one limit or budget of one endpoint: those of the launch, and those that it was given
/// since.
///
/// Terms live as long as the program, so that a request need not share them; those that come again are
/// not made again.
pub(crate) struct Live<T> {
    launch: T,
    given: Given<T>,
    /// Whose terms hold, for all that count together.
    pub(crate) generations: &'static Generations,
}

pub(crate) type LiveLimit = Live<Terms>;
pub(crate) type LiveBudget = Live<&'static BudgetTerms>;

/// What a limit admits.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) limit: &'static Limit,
    pub(crate) calendar: Option<&'static Calendar>,
}

/// How many failures.
pub(crate) struct BudgetTerms {
    /// For each name that is claimed from an address, and for what claims none.
    pub(crate) quota: Quota,
    /// For an address, whatever is claimed.
    pub(crate) of_address: Quota,
    /// What a client is told.
    pub(crate) violation: Violation,
}

/// Values that are added and never taken away, found by their places without a lock.
pub(crate) struct Given<T>(OnceLock<Box<[OnceLock<T>]>>);

/// How many different terms a limit may have in its life.
pub(crate) const MOST: u32 = 255;

impl<T: Copy> Live<T> {
    pub(crate) fn new(launch: T, generations: &'static Generations) -> Self {
        Self { launch, given: Given::new(), generations }
    }

    /// The terms at a place; zero are those of the launch.
    #[inline]
    pub(crate) fn terms(&self, place: u32) -> T {
        match place {
            0 => self.launch,
            place => self.given.at(place).copied().unwrap_or(self.launch),
        }
    }

    pub(crate) fn now(&self) -> T {
        self.terms(self.generations.place())
    }

    /// Adds terms; whoever calls it holds off other changes.
    pub(crate) fn give(&self, place: u32, terms: T) {
        self.given.put(place, terms);
    }

    /// Whether a place has terms.
    pub(crate) fn has(&self, place: u32) -> bool {
        place == 0 || self.given.at(place).is_some()
    }

    /// The first place of terms like these, or the first without any; `None`: it was given too many.
    pub(crate) fn place_of(&self, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        (0..=MOST).find(|place| !self.has(*place) || is_it(*place))
    }
}

impl BudgetTerms {
    /// How many of whom a failure is charged to: an address as a whole, or a name there.
    pub(crate) fn quota_of(&self, is_address: bool) -> &Quota {
        if is_address { &self.of_address } else { &self.quota }
    }
}

impl Terms {
    #[inline]
    pub(crate) fn allowance(&self) -> Allowance<'static> {
        Allowance { quota: &self.limit.quota, calendar: self.calendar }
    }
}

impl<T> Given<T> {
    pub(crate) fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The value at a place, counted from one.
    pub(crate) fn at(&self, place: u32) -> Option<&T> {
        let index = usize::try_from(place.checked_sub(1)?).ok()?;
        self.0.get()?.get(index)?.get()
    }

    pub(crate) fn put(&self, place: u32, value: T) {
        let all = self.0.get_or_init(|| (0..MOST).map(|_| OnceLock::new()).collect());
        let index = place.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        if let Some(slot) = index.and_then(|index| all.get(index)) {
            // What stands there already is the same.
            let _ = slot.set(value);
        }
    }
}
