//! What decides while Redis is out of reach: this instance alone, at its share of each quota.

use std::num::NonZeroU32;

use super::super::gcra::Decision;
use super::super::limiter::{LimitKey, Limiter};
use super::super::quota::Quota;
use super::ask::{Ask, Kind};

/// The part of a quota that one of so many instances gets: the permits by their number, or a window so
/// many times as long where there are fewer permits than instances; at least one at once.
///
/// Rounded down, so that all shares together admit no more in the long run than the quota, unless so
/// many instances share it that the window has no end.
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

/// Decides all asks, or takes nothing.
pub(super) fn decide(limiter: &Limiter, asks: &[Ask<'_>], now: u64) -> (bool, Vec<Decision>) {
    let keys = asks.iter().map(|ask| limiter.key_bytes(ask.limit.number, ask.whom));
    let keys: Vec<LimitKey> = keys.collect();
    let decisions = asks.iter().zip(&keys).map(|(ask, key)| {
        let quota = quota(ask);
        match ask.kind {
            Kind::Take => limiter.check(*key, &quota, ask.cost, now),
            Kind::Peek => limiter.peek(*key, &quota, ask.cost, now),
            Kind::Charge => limiter.charge(*key, &quota, ask.cost, now),
        }
    });
    let decisions: Vec<Decision> = decisions.collect();
    let demanding = |(ask, _): &(&Ask<'_>, &Decision)| ask.kind != Kind::Charge;
    let mut demanded = asks.iter().zip(&decisions).filter(demanding);
    let is_admitted = demanded.all(|(_, decision)| decision.is_allowed());
    if !is_admitted {
        for ((ask, key), decision) in asks.iter().zip(&keys).zip(&decisions) {
            if ask.kind == Kind::Take {
                limiter.refund(*key, decision, now);
            }
        }
    }
    (is_admitted, decisions)
}

/// The share, which is never too small for one request that the quota would admit.
fn quota(ask: &Ask<'_>) -> Quota {
    let share = ask.limit.share;
    if ask.cost > share.burst() && ask.cost <= ask.limit.quota.burst() {
        share.with_burst(ask.cost)
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
