//! Rules about limits that contradict each other, or have no effect beside each other.

use super::{modes, partitions};
use crate::diagnostics::Diagnostics;
use crate::grammar::rate::{Period, Rate};
use crate::model::raw::{Quotas, RateKey, Window};

/// A rate that never rejects a request that another rate of its list admits has no effect.
pub(super) fn every_quota_binds(rate: &RateKey, diagnostics: &mut Diagnostics) {
    // A request with a cost of n is n requests of one permit at the same instant.
    let cost = rate.permits().map_or(1, |cost| cost.value);
    if rate.key == "quota" {
        return periods_bind(rate, diagnostics);
    }
    for quotas in rate.quotas() {
        let bucket = |quota: &Rate| {
            Bucket::new(quota, rate.burst.map_or(quota.permits, |burst| burst.value))
        };
        let other_window = |left: &Rate, right: &Rate| left.window_seconds != right.window_seconds;
        for (index, Window { rate: idle, span, .. }) in quotas.rates.iter().enumerate() {
            let mut others = quotas.rates.iter().enumerate();
            let binding = others.find(|(other, Window { rate: quota, .. })| {
                let (ours, theirs) = (bucket(idle), bucket(quota));
                // If two admit the same, only the second is reported.
                other_window(idle, quota)
                    && ours.never_binds_beside(theirs, cost)
                    && (*other < index || !theirs.never_binds_beside(ours, cost))
            });
            if let Some((_, Window { rate: binding, .. })) = binding {
                let message =
                    format!("`{idle}` has no effect: it admits everything that `{binding}` admits");
                diagnostics.error_at(*span, message).help(match &rate.burst {
                    // With one burst for all, only the slowest ever rejects.
                    Some(_) => format!("remove `{idle}`, or `burst`"),
                    None => format!("remove `{idle}`, or lower its number of permits"),
                });
            }
        }
    }
}

/// A quota over a long period has no effect if the shorter periods in it admit no more together.
fn periods_bind(rate: &RateKey, diagnostics: &mut Diagnostics) {
    for quotas in rate.quotas() {
        for Window { rate: long, span, .. } in &quotas.rates {
            let longest = u64::from(long.window_seconds);
            let idle = quotas.rates.iter().find(|Window { rate: short, .. }| {
                let fit = longest.div_ceil(u64::from(short.window_seconds)) + 1;
                short.window_seconds < long.window_seconds
                    && u64::from(long.permits) >= fit * u64::from(short.permits)
            });
            let within = quotas.rates.iter().find(|Window { rate: outer, .. }| {
                // A week can overlap two months.
                let is_within = outer.window_seconds > long.window_seconds
                    && (long.period, outer.period) != (Some(Period::Week), Some(Period::Month));
                is_within && outer.permits <= long.permits
            });
            if let Some(Window { rate: binding, .. }) = idle.or(within) {
                let message =
                    format!("`{long}` has no effect: it admits everything that `{binding}` admits");
                diagnostics.error_at(*span, message).help(format!("remove `{long}`"));
            }
        }
    }
}

/// An authenticated caller may send at least as many requests as an anonymous one, in each window
/// and in the long run. Otherwise a caller evades the limit by omitting the credentials.
pub(super) fn known_callers_are_not_worse_off(rates: &[RateKey], diagnostics: &mut Diagnostics) {
    let counts_callers =
        |rate: &&RateKey| !partitions::counts_all_together(rate) && modes::is_enforced(rate);
    let counting = || rates.iter().filter(counts_callers);
    let cost = |rate: &RateKey| rate.permits().map_or(1, |cost| cost.value);
    let anonymous = counting().flat_map(|it| it.anonymous.iter().map(move |list| (list, cost(it))));
    let anonymous: Vec<Pace> = anonymous.flat_map(spread).collect();
    for (known, cost) in counting().flat_map(|it| it.of_the_known().map(move |q| (q, cost(it)))) {
        let known_rates: Vec<Pace> = spread((known, cost)).collect();
        let same_window = known_rates.iter().find_map(|known| {
            let more = |it: &&Pace| {
                it.rate.window_seconds == known.rate.window_seconds && it.is_faster_than(known)
            };
            Some((*known, *anonymous.iter().find(more)?))
        });
        let slowest = |list: &[Pace]| {
            list.iter().copied().reduce(|a, b| if a.is_faster_than(&b) { b } else { a })
        };
        let in_the_long_run = slowest(&known_rates)
            .zip(slowest(&anonymous))
            .filter(|(known, anonymous)| anonymous.is_faster_than(known));
        if let Some((known_rate, anonymous)) = same_window.or(in_the_long_run) {
            let message = format!(
                "`{}` admits less than `anonymous`: `{}` against `{}`",
                known.place, known_rate.rate, anonymous.rate
            );
            diagnostics
                .error(&known.place, message)
                .help("admit at least as many authenticated requests")
                .note("a caller would get more requests without credentials");
        }
    }
}

fn spread((quotas, cost): (&Quotas, u32)) -> impl Iterator<Item = Pace> {
    quotas.rates.iter().map(move |window| Pace { rate: window.rate, cost })
}

/// The number of requests admitted in the long run.
#[derive(Clone, Copy)]
struct Pace {
    rate: Rate,
    cost: u32,
}

impl Pace {
    fn is_faster_than(&self, other: &Self) -> bool {
        let per = |one: &Self, two: &Self| {
            u128::from(one.rate.permits)
                * u128::from(two.rate.window_seconds)
                * u128::from(two.cost)
        };
        per(self, other) > per(other, self)
    }
}

/// A quota as the limiter enforces it: the generic cell rate algorithm, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// The time until one permit is refilled.
    interval: u128,
    /// The time until an empty bucket is full.
    tolerance: u128,
}

impl Bucket {
    /// Rounds as the runtime's `Quota` does.
    fn new(rate: &Rate, burst: u32) -> Self {
        let window = u128::from(rate.window_seconds) * 1_000_000_000;
        let interval = window.div_ceil(u128::from(rate.permits));
        Self { interval, tolerance: interval * u128::from(burst) }
    }

    /// Whether every sequence of requests that `other` admits alone is admitted by this one.
    ///
    /// The densest of those sequences has its n-th request at `max(0, n·cost·T' - τ')`, where T'
    /// and τ' are the other's interval and tolerance: no n requests in a row of any sequence take
    /// less time. This bucket admits it if `n·cost·T <= τ + that time` for every n. Up to the last
    /// n whose time is zero the left side grows, so that n decides; from there on both sides grow
    /// by a constant, so the next n decides if the left side does not grow faster.
    fn never_binds_beside(self, other: Self, cost: u32) -> bool {
        let cost = u128::from(cost);
        let (ours, theirs) = (self.interval * cost, other.interval * cost);
        let at_once = other.tolerance.checked_div(theirs).unwrap_or(0);
        if at_once == 0 {
            // One that admits nothing is another mistake.
            return false;
        }
        let next = at_once + 1;
        at_once * ours <= self.tolerance
            && ours <= theirs
            && next * ours + other.tolerance <= self.tolerance + next * theirs
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Tries every sequence of requests and waits: whether this bucket ever refuses what the other
    /// one admits. The state is how far both arrival times are ahead of now.
    fn binds_in_some_sequence(ours: Bucket, theirs: Bucket, cost: u128) -> bool {
        let mut seen = BTreeSet::from([(0, 0)]);
        let mut open = vec![(0_u128, 0_u128)];
        while let Some((mine, other)) = open.pop() {
            let mut next = vec![(mine.saturating_sub(1), other.saturating_sub(1))];
            let after = (mine + cost * ours.interval, other + cost * theirs.interval);
            if after.1 <= theirs.tolerance {
                if after.0 > ours.tolerance {
                    return true;
                }
                next.push(after);
            }
            open.extend(next.into_iter().filter(|state| seen.insert(*state)));
        }
        false
    }

    fn bucket(interval: u128, burst: u128) -> Bucket {
        Bucket { interval, tolerance: interval * burst }
    }

    fn idle(idle: &str, beside: &str) -> bool {
        let quota = |text: &str| {
            let rate: Rate = text.parse().unwrap();
            Bucket::new(&rate, rate.permits)
        };
        quota(idle).never_binds_beside(quota(beside), 1)
    }

    #[test]
    fn a_shorter_window_binds_by_its_burst_and_a_longer_one_by_its_pace() {
        assert!(idle("100/min", "10/h"));
        assert!(!idle("10/h", "100/min"));
        assert!(!idle("10/s", "1000/h") && !idle("1000/h", "10/s"));
        assert!(idle("3600/h", "60/min") && !idle("60/min", "3600/h"));
        assert!(idle("100/h", "100/d"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn a_quota_is_idle_exactly_if_no_sequence_shows_it(
            ours in (1_u128..8, 1_u128..8),
            theirs in (1_u128..8, 1_u128..8),
            cost in 1_u32..4,
        ) {
            let (ours, theirs) = (bucket(ours.0, ours.1), bucket(theirs.0, theirs.1));
            // A rate that admits nothing is another mistake.
            prop_assume!(u128::from(cost) * theirs.interval <= theirs.tolerance);
            let binds = binds_in_some_sequence(ours, theirs, u128::from(cost));
            prop_assert_eq!(ours.never_binds_beside(theirs, cost), !binds);
        }
    }
}
