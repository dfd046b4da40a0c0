//! What a request has taken of a limit at its first look, and what it takes to give that back.

use std::num::NonZeroU32;

use super::super::answer::Answer;
use super::ask::{Ask, Kind, Source, Verdict};

/// What a request has taken of a limit, by who must give it back if the request is refused later.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Held {
    /// Nothing, or nothing that can be given back.
    #[default]
    Nothing,
    /// By Redis, at a time of its clock: the time in which that comes back by itself, and the bucket of
    /// which it is a share, all in nanoseconds.
    Rate { at: u64, cost: u64, whole: u64 },
    /// By Redis, of the period that ends then, in seconds since 1970.
    Period { end: u64, cost: u32, permits: NonZeroU32 },
    /// By this instance: permits that were in hand, and when the first of them would have lapsed.
    Leased { cost: NonZeroU32, lapses: u64 },
    /// By this instance alone, while Redis was gone.
    Local(Answer),
}

impl Verdict {
    /// What the ask at a place has taken.
    pub(crate) fn held(&self, place: usize, ask: &Ask<'_>) -> Held {
        let Some(answer) = self.answers().nth(place) else { return Held::Nothing };
        if !self.is_admitted || !answer.is_allowed() {
            return Held::Nothing;
        }
        match (self.source, answer) {
            (Source::Nobody, _) => Held::Nothing,
            (Source::Local, answer) => Held::Local(answer),
            (Source::Leased, _) => {
                let lapses = self.lapses.get(place).copied().flatten();
                lapses.map_or(Held::Nothing, |lapses| Held::Leased { cost: ask.cost, lapses })
            }
            (Source::Shared, Answer::Rate(decision)) => {
                let (at, cost) = decision.taken();
                Held::Rate { at, cost, whole: ask.limit.whole }
            }
            (Source::Shared, Answer::Period(decision)) => {
                let (end, cost) = (decision.end_seconds(), ask.cost.get());
                Held::Period { end, cost, permits: ask.limit.quota.permits() }
            }
        }
    }

    /// Whether what an ask has taken before is given back: with the whole request, or, where the limit is
    /// observed, because the rest was not there.
    pub(super) fn gives_back(&self, place: usize, ask: &Ask<'_>) -> bool {
        match ask.kind {
            Kind::GiveBack => true,
            Kind::Observe if self.is_admitted => {
                self.decisions.get(place).is_some_and(|it| !it.is_allowed())
            }
            _ => !self.is_admitted,
        }
    }
}

/// When time has given back what Redis let the request take of a rate, since 1970; zero if it took nothing.
/// Of a bucket that was made larger since it is worth what it was, so that nothing is given that has come
/// back by itself.
pub(super) fn until(ask: &Ask<'_>) -> u64 {
    let Held::Rate { at, cost, whole } = ask.held else { return 0 };
    let share = u128::from(cost) * u128::from(ask.limit.whole) / u128::from(whole.max(1));
    at.saturating_add(u64::try_from(share).map_or(cost, |share| share.min(cost)))
}

/// What Redis let the request take of a quota of the calendar, as a share of what the quota is now, and the
/// end of its period.
pub(super) fn back_of_period(ask: &Ask<'_>) -> (u32, u64) {
    let Held::Period { end, cost, permits } = ask.held else { return (0, 0) };
    let share = u64::from(cost) * u64::from(ask.limit.quota.permits().get());
    (u32::try_from(share / u64::from(permits.get())).unwrap_or_default(), end)
}
