//! The rate limit headers of one endpoint, built at startup as far as possible.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use actix_web::http::header::HeaderValue;

use super::live_limit::{Given, MOST};
use crate::denial::{Violated, Violation};
use crate::policy::Limit;
use crate::throttling::{Answer, Decision, PolicyFields, Quota, RateLimitHeaders};

/// The header values for the limits of an endpoint.
pub(crate) struct LimitTexts {
    names: PolicyFields,
    /// For each limit, its entry in the problem of a 429.
    violations: Box<[Violation]>,
    /// The handler, with its module.
    pub(crate) handler: &'static str,
    /// The header family.
    pub(crate) headers: RateLimitHeaders,
    policy: Option<HeaderValue>,
    /// The limits that `policy` omits, one bit for each position.
    left_out: u64,
    /// The limits that are omitted now for every client, because they are not enforced.
    omitted: AtomicU64,
    /// For each limit, the header of a request that finds a full bucket. With limits of the right size, most
    /// requests do.
    of_full_buckets: Box<[Option<HeaderValue>]>,
    /// The headers after changes of the limits, and the index of the current ones.
    changed: Given<Self>,
    place: AtomicU32,
    /// The quotas of the limits.
    quotas: Box<[Quota]>,
}

impl LimitTexts {
    /// `omitted`: the limits that are not enforced, one bit each.
    pub(crate) fn new(
        handler: &'static str,
        limits: &[Limit],
        omitted: u64,
        headers: RateLimitHeaders,
    ) -> Self {
        let names = PolicyFields::of(limits.iter().map(|limit| (limit.name(), limit.quota)));
        let name = |position| names.name(position).unwrap_or_default();
        let violations = (0..limits.len()).map(|position| Violation::new(name(position))).collect();
        let quotas = limits.iter().map(|limit| limit.quota).collect();
        let of_full_bucket = |(position, limit): (usize, &Limit)| {
            let decision = Decision::of_full_bucket(&limit.quota, limit.cost.upfront());
            static_field(&names.limit(position, &decision)?)
        };
        let (policy, of_full_buckets) = match headers {
            RateLimitHeaders::Draft10 => (
                static_field(&names.policy_of(|position| bit(position) & omitted == 0)),
                limits.iter().enumerate().map(of_full_bucket).collect(),
            ),
            RateLimitHeaders::Legacy | RateLimitHeaders::Off => (None, Box::default()),
        };
        Self {
            handler,
            policy,
            left_out: omitted,
            omitted: AtomicU64::new(omitted),
            of_full_buckets,
            names,
            violations,
            headers,
            changed: Given::new(),
            place: AtomicU32::new(0),
            quotas,
        }
    }

    /// Uses the headers of these limits from now on. The caller holds off other changes. `false`: there were
    /// too many different ones.
    pub(crate) fn change(&self, limits: &[Limit]) -> bool {
        let is_it = |it: &Self| it.quotas.iter().eq(limits.iter().map(|limit| &limit.quota));
        let is_free = |place: &u32| match place {
            0 => is_it(self),
            place => self.changed.at(*place).is_none_or(is_it),
        };
        let Some(place) = (0..=MOST).find(is_free) else { return false };
        if place > 0 && self.changed.at(place).is_none() {
            let omitted = self.omitted.load(Ordering::Relaxed);
            self.changed.put(place, Self::new(self.handler, limits, omitted, self.headers));
        }
        self.place.store(place, Ordering::Release);
        true
    }

    #[inline]
    fn now(&self) -> &Self {
        match self.place.load(Ordering::Acquire) {
            0 => self,
            place => self.changed.at(place).unwrap_or(self),
        }
    }

    /// The name of a limit.
    pub(crate) fn name(&self, position: usize) -> Option<&str> {
        self.now().names.name(position)
    }

    /// The entry of a used-up limit in the problem of a 429.
    pub(crate) fn violated(&'static self, position: usize) -> Violated {
        match self.now().violations.get(position) {
            Some(violation) => Violated::Known(violation),
            None => Violated::New(Box::new(Violation::new(""))),
        }
    }

    /// The `RateLimit-Policy` field of draft 10, without the limits that are not enforced: those omitted for
    /// every client, and those in `omitted` for this one, one bit each.
    #[inline]
    pub(crate) fn policy(&self, omitted: u64) -> Option<HeaderValue> {
        let omitted = omitted | self.omitted.load(Ordering::Relaxed);
        let now = self.now();
        if omitted == now.left_out { now.policy.clone() } else { now.policy_without(omitted) }
    }

    /// Omits the limits with these bits from now on, or includes them.
    pub(crate) fn set_omitted(&self, bits: u64, is_omitted: bool) {
        if is_omitted {
            self.omitted.fetch_or(bits, Ordering::Relaxed);
        } else {
            self.omitted.fetch_and(!bits, Ordering::Relaxed);
        }
    }

    #[cold]
    fn policy_without(&self, omitted: u64) -> Option<HeaderValue> {
        let policy = self.names.policy_of(|position| bit(position) & omitted == 0);
        HeaderValue::try_from(policy).ok()
    }

    /// The `RateLimit` field of draft 10. `is_first`: the decision is about the cost that every request takes
    /// first.
    #[inline]
    pub(crate) fn limit(
        &self,
        position: usize,
        answer: &Answer,
        is_first: bool,
    ) -> Option<HeaderValue> {
        let now = self.now();
        if let Answer::Rate(decision) = answer
            && is_first
            && decision.found_full_bucket()
        {
            return now.of_full_buckets.get(position)?.clone();
        }
        let (remaining, reset_seconds) = (answer.remaining(), answer.reset_seconds());
        let value = now.names.numbers(position, remaining, reset_seconds)?;
        HeaderValue::from_bytes(value.as_bytes()).ok()
    }
}

/// The bit of a limit by its position. Beyond 64 there is none, and the limit is always included.
pub(crate) fn bit(position: usize) -> u64 {
    u32::try_from(position).ok().and_then(|position| 1_u64.checked_shl(position)).unwrap_or(0)
}

/// A field that lives as long as the program, like its endpoint. Cloning it touches no counter that other
/// cores use.
fn static_field(text: &str) -> Option<HeaderValue> {
    let is_field = !text.is_empty() && HeaderValue::from_str(text).is_ok();
    is_field.then(|| HeaderValue::from_static(text.to_owned().leak()))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;
    use crate::policy::Cost;
    use crate::support::time::Moment;
    use crate::throttling::{Limiter, Quota};

    fn limit(permits: u32, burst: u32, cost: u32) -> Limit {
        let number = |number| NonZeroU32::new(number).unwrap();
        let quota = Quota::new(number(permits), number(60)).with_burst(number(burst));
        Limit { cost: Cost::Permits(number(cost)), ..Limit::of(quota) }
    }

    fn moment(nanos: u64) -> Moment {
        Moment::new(Duration::from_nanos(nanos), Duration::ZERO)
    }

    #[test]
    fn what_was_made_at_launch_says_what_would_be_written() {
        let limits = [limit(7, 7, 1), limit(600, 3, 2), limit(1, 5, 5), limit(9, 1, 2)];
        let texts = LimitTexts::new("handler", &limits, 0, RateLimitHeaders::Draft10);
        let mut full = 0;
        for (position, limit) in limits.iter().enumerate() {
            let limiter = Limiter::with_capacity_bytes(0);
            let key = limiter.key(0, "alice");
            for now in [5, 5, 6, 70_000_000_000, 70_000_000_000, 9_999_999_999_999] {
                let decision = limiter.check(key, &limit.quota, limit.cost.upfront(), moment(now));
                let written = texts.names.limit(position, &decision).unwrap();
                let told = texts.limit(position, &Answer::Rate(decision), true).unwrap();
                assert_eq!(told.as_bytes(), written.as_bytes(), "limit {position} at {now}");
                full += u32::from(decision.found_full_bucket());
            }
        }
        assert_eq!(full, 8, "the first of each moment that is far from the last one");
    }
}
