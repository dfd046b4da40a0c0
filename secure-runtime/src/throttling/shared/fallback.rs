//! The fallback while Redis is unreachable: this instance counts alone, at its share of each quota.

use std::num::NonZeroU32;
use std::sync::OnceLock;

use super::ask::{Ask, Kind, Source, Verdict};
use super::held::Held;
use super::verdict::in_place;
use crate::support::time::Moment;
use crate::throttling::calendar::limiter::CalendarLimiter;
use crate::throttling::counters::Answer;
use crate::throttling::memory::table::{BUCKET_BYTES, SLOTS};
use crate::throttling::rate::gcra::Decision;
use crate::throttling::rate::limiter::{LimitKey, Limiter};
use crate::throttling::rate::quota::Quota;

/// The local counts.
pub(super) struct Fallback {
    limiter: Limiter,
    keys: usize,
    /// For calendar quotas, once there is one.
    calendar: OnceLock<CalendarLimiter>,
}

impl Fallback {
    pub(super) fn new(keys: usize) -> Self {
        Self { limiter: Limiter::with_capacity_keys(keys), keys, calendar: OnceLock::new() }
    }

    /// Allocates the memory for calendar quotas.
    pub(super) fn prepare_calendar(&self) -> &CalendarLimiter {
        self.calendar.get_or_init(|| {
            CalendarLimiter::with_capacity_bytes(self.keys.div_ceil(SLOTS) * BUCKET_BYTES)
        })
    }

    /// The number of keys that were evicted while they counted.
    pub(super) fn evicted(&self) -> u64 {
        let of_calendar = self.calendar.get().map_or(0, |it| it.statistics().evicted_live);
        self.limiter.statistics().evicted_live + of_calendar
    }

    /// A keyed hash of the limit and the counted client.
    #[inline]
    pub(super) fn key(&self, number: u64, whom: &[u8]) -> LimitKey {
        self.limiter.key_bytes(number, whom)
    }

    /// Decides all demands; if one is rejected, nothing is taken.
    pub(super) fn decide(&self, asks: &[Ask<'_>], now: Moment) -> Verdict {
        let mut answers: Vec<Answer> = asks.iter().map(|ask| self.ask(ask, now)).collect();
        let refuses = |(ask, answer): (&Ask<'_>, &Answer)| {
            matches!(ask.kind, Kind::Take | Kind::Peek) && !answer.is_allowed()
        };
        let is_admitted = !asks.iter().zip(&answers).any(refuses);
        if !is_admitted {
            for (ask, answer) in asks.iter().zip(&answers) {
                if matches!(ask.kind, Kind::Take | Kind::Observe) {
                    self.refund(ask, answer, now);
                }
            }
        }
        for (ask, answer) in asks.iter().zip(&mut answers) {
            let is_kept = match ask.kind {
                Kind::GiveBack => false,
                Kind::Observe => is_admitted && answer.is_allowed(),
                _ => is_admitted,
            };
            if !is_kept && self.give_back(ask, now) {
                let cost = match ask.kind {
                    Kind::Take | Kind::Observe => ask.whole(),
                    _ => ask.cost,
                };
                let again = self.ask(&Ask { kind: Kind::Peek, cost, taken: 0, ..*ask }, now);
                // A rejected request stays rejected, even if others have returned permits meanwhile.
                if answer.is_allowed() || !again.is_allowed() {
                    *answer = again;
                }
            }
        }
        let mut periods = Vec::new();
        let decisions = asks.iter().zip(answers).enumerate();
        let decisions = decisions.map(|(index, (ask, answer))| match answer {
            Answer::Rate(decision) => decision,
            Answer::Period(decision) => {
                periods.push((index, decision));
                in_place(ask, decision.is_allowed())
            }
        });
        let decisions: Vec<Decision> = decisions.collect();
        Verdict { is_admitted, decisions, periods, lapses: Vec::new(), source: Source::Local }
    }

    /// Returns the permits that the fallback let the request take before, if it did.
    pub(super) fn give_back(&self, ask: &Ask<'_>, now: Moment) -> bool {
        let Held::Local(answer) = &ask.held else { return false };
        self.refund(ask, answer, now);
        true
    }

    fn ask(&self, ask: &Ask<'_>, now: Moment) -> Answer {
        let key = self.key(ask.limit.family, ask.whom);
        if let Some(periods) = &ask.limit.periods {
            let (limiter, seconds) = (self.prepare_calendar(), now.unix_seconds());
            let cost = ask.cost.get();
            let whole = ask.whole().get();
            let wider = (periods.share.permits < whole && whole <= periods.permits())
                .then(|| periods.share.with_permits(whole));
            let calendar = wider.as_ref().unwrap_or(&periods.share);
            return Answer::Period(match ask.kind {
                Kind::Take | Kind::Observe => limiter.check(key, calendar, cost, seconds),
                Kind::Peek | Kind::Keep | Kind::GiveBack => {
                    limiter.peek(key, calendar, cost, seconds)
                }
                Kind::Charge => limiter.charge(key, calendar, cost, seconds),
            });
        }
        let quota = quota(ask);
        Answer::Rate(match ask.kind {
            Kind::Take | Kind::Observe => self.limiter.check(key, &quota, ask.cost, now),
            Kind::Peek | Kind::Keep | Kind::GiveBack => {
                self.limiter.peek(key, &quota, ask.cost, now)
            }
            Kind::Charge => self.limiter.charge(key, &quota, ask.cost, now),
        })
    }

    fn refund(&self, ask: &Ask<'_>, answer: &Answer, now: Moment) {
        let key = self.key(ask.limit.family, ask.whom);
        match (answer, &ask.limit.periods) {
            (Answer::Rate(decision), _) => {
                self.limiter.refund(key, decision, now);
            }
            (Answer::Period(decision), Some(periods)) => {
                self.prepare_calendar().refund(key, &periods.share, decision);
            }
            (Answer::Period(_), None) => {}
        }
    }
}

/// The share of a quota for one of a number of instances: the permits divided by the number, or a window
/// multiplied by it if there are fewer permits than instances; with a burst of at least one.
///
/// Rounded down, so that all shares together admit no more in the long run than the quota, unless there are
/// so many instances that the window would overflow.
pub(super) fn share(quota: &Quota, instances: NonZeroU32) -> Quota {
    let (permits, window) = (quota.permits().get(), quota.window_seconds().get());
    let burst = at_least_one(quota.burst().get() / instances.get());
    let (permits, window) = match permits / instances.get() {
        0 => {
            let window =
                (u64::from(window) * u64::from(instances.get())).div_ceil(u64::from(permits));
            (1, u32::try_from(window).unwrap_or(u32::MAX))
        }
        share => (share, window),
    };
    Quota::new(at_least_one(permits), at_least_one(window)).with_burst(burst)
}

/// The permits of a calendar quota for one of a number of instances; at least one.
pub(super) fn share_of_period(permits: NonZeroU32, instances: NonZeroU32) -> NonZeroU32 {
    at_least_one(permits.get() / instances.get())
}

/// The share, which is always large enough for one request that the quota would admit.
fn quota(ask: &Ask<'_>) -> Quota {
    let (share, whole) = (ask.limit.share, ask.whole());
    if whole > share.burst() && whole <= ask.limit.quota.burst() {
        share.with_burst(whole)
    } else {
        share
    }
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(permits: u32, window: u32, burst: u32, instances: u32, expected: &str) {
        let number = |number| NonZeroU32::new(number).unwrap();
        let quota = Quota::new(number(permits), number(window)).with_burst(number(burst));
        assert_eq!(share(&quota, number(instances)).to_string(), expected);
    }

    #[test]
    fn shares_add_up_to_the_quota_at_most() {
        check(100, 3600, 100, 1, "100/h");
        check(100, 3600, 100, 4, "25/h");
        check(100, 3600, 10, 3, "33/h burst 3");
        check(3, 60, 3, 4, "1/80s");
        check(5, 60, 5, 12, "1/144s");
        check(1, 1, 1, 1000, "1/1000s");
        check(1, u32::MAX, 1, u32::MAX, "1/4294967295s");
    }
}
