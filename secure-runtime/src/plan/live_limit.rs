//! The terms of limits and failure budgets that may change while the program runs.

use std::sync::OnceLock;

use crate::denial::Violation;
use crate::policy::Limit;
use crate::throttling::{Allowance, Calendar, Generations, Quota};

/// The terms of one limit or budget of one endpoint: those of the startup, and those that it got since.
///
/// Terms live as long as the program, so that requests need no reference count. Terms that come again are
/// reused.
pub(crate) struct Live<T> {
    launch: T,
    given: Given<T>,
    /// The index of the current terms, for all limits that count together.
    pub(crate) generations: &'static Generations,
}

pub(crate) type LiveLimit = Live<Terms>;
pub(crate) type LiveBudget = Live<&'static BudgetTerms>;

/// The terms of a limit.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) limit: &'static Limit,
    pub(crate) calendar: Option<&'static Calendar>,
}

/// The terms of a failure budget.
pub(crate) struct BudgetTerms {
    /// For each name that is claimed from an address, and for requests that claim none.
    pub(crate) quota: Quota,
    /// For an address as a whole.
    pub(crate) of_address: Quota,
    /// The entry in the problem of a 429.
    pub(crate) violation: Violation,
}

/// An append-only list that is read by index, without a lock.
pub(crate) struct Given<T>(OnceLock<Box<[OnceLock<T>]>>);

/// The largest number of different terms that a limit can have.
pub(crate) const MOST: u32 = 255;

impl<T: Copy> Live<T> {
    pub(crate) fn new(launch: T, generations: &'static Generations) -> Self {
        Self { launch, given: Given::new(), generations }
    }

    /// The terms at an index; zero are those of the startup.
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

    /// Adds terms. The caller holds off other changes.
    pub(crate) fn give(&self, place: u32, terms: T) {
        self.given.put(place, terms);
    }

    /// Whether there are terms at an index.
    pub(crate) fn has(&self, place: u32) -> bool {
        place == 0 || self.given.at(place).is_some()
    }

    /// The first index of equal terms, or the first free one; `None`: there are too many terms.
    pub(crate) fn place_of(&self, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        (0..=MOST).find(|place| !self.has(*place) || is_it(*place))
    }
}

impl BudgetTerms {
    /// The quota of an address as a whole, or of a name there.
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

    /// The value at an index, counted from one.
    pub(crate) fn at(&self, place: u32) -> Option<&T> {
        let index = usize::try_from(place.checked_sub(1)?).ok()?;
        self.0.get()?.get(index)?.get()
    }

    pub(crate) fn put(&self, place: u32, value: T) {
        let all = self.0.get_or_init(|| (0..MOST).map(|_| OnceLock::new()).collect());
        let index = place.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        if let Some(slot) = index.and_then(|index| all.get(index)) {
            // An existing value at the index is equal.
            let _ = slot.set(value);
        }
    }
}
