//! The limits of one endpoint in the words a client reads, made at launch as far as they are known.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use actix_web::http::header::HeaderValue;

use super::live_limit::{Given, MOST};
use crate::denial::{Violated, Violation};
use crate::policy::Limit;
use crate::throttling::{Answer, Decision, PolicyFields, Quota, RateLimitHeaders};

/// What a client is told of an endpoint's limits.
pub(crate) struct LimitTexts {
    names: PolicyFields,
    /// For each limit, what is told of it when it is used up.
    violations: Box<[Violation]>,
    /// Whose limits they are.
    pub(crate) handler: &'static str,
    /// Which fields tell it.
    pub(crate) headers: RateLimitHeaders,
    policy: Option<HeaderValue>,
    /// The limits that `policy` leaves out, a bit each by their positions.
    left_out: u64,
    /// Limits of which nobody is told now, because none of them is enforced.
    untold: AtomicU64,
    /// For each limit, what is left of a bucket that was full: the caller has asked for nothing
    /// lately, as with limits of the right size most have not.
    of_full_buckets: Box<[Option<HeaderValue>]>,
    /// The same after changes of the limits, and which of them holds.
    changed: Given<Self>,
    place: AtomicU32,
    /// The limits that they are about.
    quotas: Box<[Quota]>,
}

impl LimitTexts {
    /// `untold`: the limits that are not enforced, a bit each.
    pub(crate) fn new(
        handler: &'static str,
        limits: &[Limit],
        untold: u64,
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
                static_field(&names.policy_of(|position| bit(position) & untold == 0)),
                limits.iter().enumerate().map(of_full_bucket).collect(),
            ),
            RateLimitHeaders::Legacy | RateLimitHeaders::Off => (None, Box::default()),
        };
        Self {
            handler,
            policy,
            left_out: untold,
            untold: AtomicU64::new(untold),
            of_full_buckets,
            names,
            violations,
            headers,
            changed: Given::new(),
            place: AtomicU32::new(0),
            quotas,
        }
    }

    /// Tells these limits from now on; whoever calls it holds off other changes. `false`: there were
    /// too many.
    pub(crate) fn change(&self, limits: &[Limit]) -> bool {
        let is_it = |it: &Self| it.quotas.iter().eq(limits.iter().map(|limit| &limit.quota));
        let is_free = |place: &u32| match place {
            0 => is_it(self),
            place => self.changed.at(*place).is_none_or(is_it),
        };
        let Some(place) = (0..=MOST).find(is_free) else { return false };
        if place > 0 && self.changed.at(place).is_none() {
            let untold = self.untold.load(Ordering::Relaxed);
            self.changed.put(place, Self::new(self.handler, limits, untold, self.headers));
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

    /// What a client is told when a limit is used up.
    pub(crate) fn violated(&'static self, position: usize) -> Violated {
        match self.now().violations.get(position) {
            Some(violation) => Violated::Known(violation),
            None => Violated::New(Box::new(Violation::new(""))),
        }
    }

    /// The `RateLimit-Policy` field of draft 10, without the limits that are not enforced: those of
    /// which nobody is told, and those of which this client is not, a bit each.
    #[inline]
    pub(crate) fn policy(&self, untold: u64) -> Option<HeaderValue> {
        let untold = untold | self.untold.load(Ordering::Relaxed);
        let now = self.now();
        if untold == now.left_out { now.policy.clone() } else { now.policy_without(untold) }
    }

    /// Whether anybody is told of the limits with these bits, from now on.
    pub(crate) fn set_untold(&self, bits: u64, is_untold: bool) {
        if is_untold {
            self.untold.fetch_or(bits, Ordering::Relaxed);
        } else {
            self.untold.fetch_and(!bits, Ordering::Relaxed);
        }
    }

    #[cold]
    fn policy_without(&self, untold: u64) -> Option<HeaderValue> {
        let policy = self.names.policy_of(|position| bit(position) & untold == 0);
        HeaderValue::try_from(policy).ok()
    }

    /// The `RateLimit` field of draft 10. `is_first`: the decision is about what every request takes.
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

/// The bit of a limit by its position. Beyond 64 there is none, and the client is told.
pub(crate) fn bit(position: usize) -> u64 {
    u32::try_from(position).ok().and_then(|position| 1_u64.checked_shl(position)).unwrap_or(0)
}

/// A field that lives as long as the program, as its endpoint does, so that cloning it touches no
/// counter that other cores touch too.
fn static_field(text: &str) -> Option<HeaderValue> {
    let is_field = !text.is_empty() && HeaderValue::from_str(text).is_ok();
    is_field.then(|| HeaderValue::from_static(text.to_owned().leak()))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;
    use crate::policy::{Audience, Cost, Partition};
    use crate::support::time::Moment;
    use crate::throttling::{Limiter, Quota};

    fn limit(permits: u32, burst: u32, cost: u32) -> Limit {
        let number = |number| NonZeroU32::new(number).unwrap();
        let quota = Quota::new(number(permits), number(60)).with_burst(number(burst));
        let (by, audience) = (Partition::Caller, Audience::Everyone);
        let cost = Cost::Permits(number(cost));
        Limit {
            quota,
            by,
            audience,
            cost,
            shared: None,
            refunds: false,
            unless: None,
            period: None,
            mode: None,
        }
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
