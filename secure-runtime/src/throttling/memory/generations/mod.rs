//! Changes of limits while they count: used permits are carried over from the old quota to the new one.
//!
//! A change starts a new generation of the limit's keys. The first request of a key under a new generation
//! takes over the entry of an older one: a key that had used 60% of the bucket at the moment of the change
//! has used 60% of the new bucket at that moment, independent of when the request comes. No sweeper runs, and
//! the cost for a limit that never changes is two loads of a number.
//!
//! No permit is given twice: a request that is decided under a generation checks, once the permit is taken,
//! whether the generation is still current, and starts again if it is not. An older entry is read by writing
//! it, so that a thread that takes a permit from it later sees the change.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::support::time::Moment;
use crate::throttling::counters::{Allowance, Answer, Counters};
use crate::throttling::rate::limiter::LimitKey;

/// The generations of a limit, for all endpoints that count together.
#[derive(Debug, Default)]
pub(crate) struct Generations {
    /// Zero: as at startup. Else the number of the generation in the upper bits, and the index of its terms
    /// in the lower ones.
    current: AtomicU64,
    past: RwLock<Vec<Past>>,
}

/// A generation that is no longer current.
#[derive(Clone, Copy, Debug)]
struct Past {
    generation: u64,
    /// When it ended, as monotonic nanoseconds.
    ended: u64,
    /// A whole bucket then and after: nanoseconds of a rate, permits of a quota.
    whole: (u64, u64),
    /// The time from which no entry of it can matter.
    forgotten: u64,
}

/// A change of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The index of the new terms; zero for those of the startup.
    pub(crate) place: u32,
    /// A whole bucket under the old and the new terms, and the longest time for which an old entry can
    /// matter.
    pub(crate) whole: (u64, u64),
    pub(crate) lasts_ns: u64,
}

/// A decision, and the terms under which it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided {
    pub(crate) key: LimitKey,
    pub(crate) place: u32,
    pub(crate) answer: Answer,
    generation: u64,
}

/// The number of changes whose older entries are carried over. A key without a request during all of them
/// starts with a full bucket.
const REMEMBERED: usize = 64;

impl Generations {
    #[inline]
    pub(crate) fn are_none(&self) -> bool {
        self.current.load(Ordering::Acquire) == 0
    }

    /// The index of the current terms.
    pub(crate) fn place(&self) -> u32 {
        Self::split(self.current.load(Ordering::Acquire)).1
    }

    /// The changes from one generation to another, in their order; `None` if they are no longer kept.
    fn between(&self, from: u64, to: u64) -> Option<Vec<Past>> {
        let past = self.past.read().unwrap_or_else(PoisonError::into_inner);
        let first = past.iter().position(|it| it.generation == from)?;
        Some(past.iter().skip(first).take_while(|it| it.generation < to).copied().collect())
    }

    fn split(current: u64) -> (u64, u32) {
        (current >> 32, u32::try_from(current & u64::from(u32::MAX)).unwrap_or_default())
    }

    /// Begins a generation. The caller holds off other changes. `false`: there were too many.
    pub(crate) fn begin(&self, change: Change, now: Moment) -> bool {
        let mut past = self.past.write().unwrap_or_else(PoisonError::into_inner);
        let (generation, _) = Self::split(self.current.load(Ordering::Acquire));
        let Some(next) = u32::try_from(generation).ok().and_then(|it| it.checked_add(1)) else {
            return false;
        };
        let now_ns = now.monotonic_nanos();
        past.retain(|it| it.forgotten > now_ns);
        if past.len() >= REMEMBERED {
            past.remove(0);
        }
        let forgotten = now_ns.saturating_add(change.lasts_ns);
        // Older entries are carried over, and may matter for longer.
        past.iter_mut().for_each(|it| it.forgotten = it.forgotten.max(forgotten));
        past.push(Past { generation, ended: now_ns, whole: change.whole, forgotten });
        self.current.store((u64::from(next) << 32) | u64::from(change.place), Ordering::Release);
        true
    }
}

impl Past {
    /// Converts a used amount. Rounded down: no more is subtracted than is used.
    fn share(&self, arrival: u64) -> u64 {
        self.ended.saturating_add(self.part(arrival.saturating_sub(self.ended)))
    }

    fn part(&self, used: u64) -> u64 {
        let (old, new) = self.whole;
        let part = u128::from(used) * u128::from(new) / u128::from(old.max(1));
        u64::try_from(part).unwrap_or_default()
    }

    /// Converts a rate's arrival time to the next generation. Rounded up, so that no permit is gained.
    fn arrival(&self, arrival: u64) -> u64 {
        self.ended.saturating_add(self.scaled(arrival.saturating_sub(self.ended)))
    }

    fn scaled(&self, used: u64) -> u64 {
        let (old, new) = self.whole;
        let scaled = (u128::from(used) * u128::from(new)).div_ceil(u128::from(old.max(1)));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

impl Counters {
    /// Decides one request under the current terms, and takes its cost if it is admitted. `whom` is the key
    /// at startup, `terms` returns the terms at an index.
    #[inline]
    pub(crate) fn decide(
        &self,
        generations: &Generations,
        terms: impl Fn(u32) -> Allowance<'static>,
        whom: LimitKey,
        cost: NonZeroU32,
        now: Moment,
    ) -> Decided {
        if generations.are_none() {
            let answer = self.check(whom, terms(0), cost, now);
            if generations.are_none() {
                return Decided { key: whom, place: 0, answer, generation: 0 };
            }
            self.refund(whom, terms(0), &answer, now);
        }
        self.follow(generations, &terms, whom, &|key, of| self.check(key, of, cost, now), now)
    }

    /// Takes a cost even if fewer permits are left, under the current terms.
    pub(crate) fn charge_now(
        &self,
        generations: &Generations,
        terms: impl Fn(u32) -> Allowance<'static>,
        whom: LimitKey,
        cost: NonZeroU32,
        now: Moment,
    ) -> Decided {
        self.follow(generations, &terms, whom, &|key, of| self.charge(key, of, cost, now), now)
    }

    /// The entry of a key under the current terms, and their index.
    pub(crate) fn standing(
        &self,
        generations: &Generations,
        terms: impl Fn(u32) -> Allowance<'static>,
        whom: LimitKey,
        now: Moment,
    ) -> (LimitKey, u32) {
        let (generation, place) = self.stand(generations, &terms, whom, now);
        (whom.of_generation(generation), place)
    }

    /// The current generation and the index of its terms. If the key had an older entry, it has one of this
    /// generation afterwards.
    fn stand(
        &self,
        generations: &Generations,
        terms: &dyn Fn(u32) -> Allowance<'static>,
        whom: LimitKey,
        now: Moment,
    ) -> (u64, u32) {
        let (generation, place) = Generations::split(generations.current.load(Ordering::Acquire));
        if generation > 0 {
            self.carry_over(generations, generation, terms(place), whom, now);
        }
        (generation, place)
    }

    /// Returns permits that were taken. If the terms have changed since, they are converted to the current
    /// ones.
    pub(crate) fn give_back(
        &self,
        generations: &Generations,
        terms: impl Fn(u32) -> Allowance<'static>,
        whom: LimitKey,
        taken: &Decided,
        now: Moment,
    ) {
        let (generation, place) = self.stand(generations, &terms, whom, now);
        let (key, of) = (whom.of_generation(generation), terms(place));
        if generation == taken.generation {
            return self.refund(key, of, &taken.answer, now);
        }
        let Some(changes) = generations.between(taken.generation, generation) else { return };
        match (&taken.answer, of.calendar) {
            (Answer::Rate(decision), _) => {
                if let Some(arrival) = decision.alone() {
                    let share = changes.iter().fold(arrival, |arrival, past| past.share(arrival));
                    self.limiter.take_from(key, share, now.monotonic_nanos());
                }
            }
            (Answer::Period(decision), Some(calendar)) => {
                let part = |cost, past: &Past| past.part(cost);
                let share = changes.iter().fold(u64::from(decision.cost()), part);
                let share = u32::try_from(share).unwrap_or(u32::MAX);
                self.calendar.refund(key, calendar, &decision.of_cost(share));
            }
            (Answer::Period(_), None) => {}
        }
    }

    #[cold]
    fn follow(
        &self,
        generations: &Generations,
        terms: &dyn Fn(u32) -> Allowance<'static>,
        whom: LimitKey,
        act: &dyn Fn(LimitKey, Allowance<'static>) -> Answer,
        now: Moment,
    ) -> Decided {
        loop {
            let current = generations.current.load(Ordering::Acquire);
            let (generation, place) = Generations::split(current);
            let (key, of) = (whom.of_generation(generation), terms(place));
            self.carry_over(generations, generation, of, whom, now);
            let answer = act(key, of);
            if generations.current.load(Ordering::Acquire) == current {
                return Decided { key, place, answer, generation };
            }
            self.refund(key, of, &answer, now);
        }
    }

    /// Carries an older entry over, if the key has none.
    fn carry_over(
        &self,
        generations: &Generations,
        generation: u64,
        of: Allowance<'_>,
        whom: LimitKey,
        now: Moment,
    ) {
        let past = generations.past.read().unwrap_or_else(PoisonError::into_inner);
        let now_ns = now.monotonic_nanos();
        let mut older =
            past.iter().filter(|it| it.generation < generation && it.forgotten > now_ns);
        if older.clone().next().is_none() {
            return;
        }
        let key = whom.of_generation(generation);
        // Most keys had a request since the change, so the current entry is checked first.
        if self.stands(key, of, now) {
            return;
        }
        let mut newer: Vec<&Past> = Vec::new();
        while let Some(it) = older.next_back() {
            newer.push(it);
            let old_key = whom.of_generation(it.generation);
            let found = match of.calendar {
                None => self.limiter.sealed(old_key, now_ns),
                Some(calendar) => self.calendar.sealed(old_key, calendar, now.unix_seconds()),
            };
            if found == 0 {
                continue;
            }
            let since = newer.iter().rev();
            match of.calendar {
                None => {
                    let arrival = since.fold(found, |arrival, past| past.arrival(arrival));
                    self.limiter.begin_at(key, arrival, now_ns);
                }
                Some(calendar) => {
                    let used = since.fold(found, |used, past| past.scaled(used));
                    self.calendar.begin_at(key, calendar, used, now.unix_seconds());
                }
            }
            return;
        }
    }

    fn stands(&self, key: LimitKey, of: Allowance<'_>, now: Moment) -> bool {
        match of.calendar {
            None => self.limiter.stands(key, now.monotonic_nanos()),
            Some(calendar) => self.calendar.stands(key, calendar, now.unix_seconds()),
        }
    }
}

#[cfg(test)]
mod tests;
