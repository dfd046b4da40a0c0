//! The permits that a request has taken first, before its whole cost is known, and how they are returned.

use std::num::NonZeroU32;

use super::ask::{Ask, Kind, Source, Verdict};
use crate::throttling::counters::Answer;

/// The permits that a request has taken of a limit, by the store that returns them if the request is rejected
/// later.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Held {
    /// Nothing, or nothing that can be returned.
    #[default]
    Nothing,
    /// Redis, at a time of its clock: the time in which the permits come back by themselves, and the refill
    /// time of the bucket, all in nanoseconds.
    Rate { at: u64, cost: u64, whole: u64 },
    /// Redis, in the period that ends then, in seconds since 1970.
    Period { end: u64, cost: u32, permits: NonZeroU32 },
    /// This instance: leased permits, and when the first of them would have lapsed.
    Leased { cost: NonZeroU32, lapses: u64 },
    /// The fallback of this instance, while Redis was unreachable.
    Local(Answer),
}

impl Verdict {
    /// The permits that the demand at a position has taken.
    pub(crate) fn held(&self, place: usize, ask: &Ask<'_>) -> Held {
        let Some(answer) = self.answers().nth(place) else { return Held::Nothing };
        if !self.is_admitted || !answer.is_allowed() {
            return Held::Nothing;
        }
        match (self.source, answer) {
            (Source::Unlimited, _) => Held::Nothing,
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

    /// Whether the permits that a demand has taken before are returned: with the whole request, or, in shadow
    /// mode, because the rest was not left.
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

/// When the permits that the request took of a rate in Redis have come back by themselves, since 1970; zero
/// if it took none. If the bucket has become larger since, they keep their former value, so that no permit
/// that has come back by itself is returned.
pub(super) fn until(ask: &Ask<'_>) -> u64 {
    let Held::Rate { at, cost, whole } = ask.held else { return 0 };
    let share = u128::from(cost) * u128::from(ask.limit.whole) / u128::from(whole.max(1));
    at.saturating_add(u64::try_from(share).map_or(cost, |share| share.min(cost)))
}

/// The permits that the request took of a calendar quota in Redis, as a share of the current quota, and the
/// end of its period.
pub(super) fn back_of_period(ask: &Ask<'_>) -> (u32, u64) {
    let Held::Period { end, cost, permits } = ask.held else { return (0, 0) };
    let share = u64::from(cost) * u64::from(ask.limit.quota.permits().get());
    (u32::try_from(share / u64::from(permits.get())).unwrap_or_default(), end)
}
