//! The limits of one endpoint in the words a client reads, made at launch as far as they are known.

use actix_web::http::header::HeaderValue;

use crate::policy::Limit;
use crate::throttling::{Answer, Decision, PolicyFields, RateLimitHeaders};

/// What a client is told of an endpoint's limits.
pub(crate) struct LimitTexts {
    names: PolicyFields,
    /// Which fields tell it.
    pub(crate) headers: RateLimitHeaders,
    policy: Option<HeaderValue>,
    /// For each limit, what is left of a bucket that was full: the caller has asked for nothing
    /// lately, as with limits of the right size most have not.
    of_full_buckets: Box<[Option<HeaderValue>]>,
}

impl LimitTexts {
    pub(super) fn new(limits: &[Limit], headers: RateLimitHeaders) -> Self {
        let names = PolicyFields::of(limits.iter().map(|limit| (limit.name(), limit.quota)));
        if headers != RateLimitHeaders::Draft10 {
            return Self { names, headers, policy: None, of_full_buckets: Box::default() };
        }
        let of_full_bucket = |(position, limit): (usize, &Limit)| {
            let decision = Decision::of_full_bucket(&limit.quota, limit.cost.upfront());
            static_field(&names.limit(position, &decision)?)
        };
        Self {
            policy: static_field(names.policy()),
            of_full_buckets: limits.iter().enumerate().map(of_full_bucket).collect(),
            names,
            headers,
        }
    }

    /// The name of a limit.
    pub(crate) fn name(&self, position: usize) -> Option<&str> {
        self.names.name(position)
    }

    /// The `RateLimit-Policy` field of draft 10.
    #[inline]
    pub(crate) fn policy(&self) -> Option<HeaderValue> {
        self.policy.clone()
    }

    /// The `RateLimit` field of draft 10. `is_first`: the decision is about what every request takes.
    #[inline]
    pub(crate) fn limit(
        &self,
        position: usize,
        answer: &Answer,
        is_first: bool,
    ) -> Option<HeaderValue> {
        if let Answer::Rate(decision) = answer
            && is_first
            && decision.found_full_bucket()
        {
            return self.of_full_buckets.get(position)?.clone();
        }
        let (remaining, reset_seconds) = (answer.remaining(), answer.reset_seconds());
        let value = self.names.numbers(position, remaining, reset_seconds)?;
        HeaderValue::from_bytes(value.as_bytes()).ok()
    }
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

    use super::*;
    use crate::policy::{Audience, Cost, Partition};
    use crate::throttling::{Limiter, Quota};

    fn limit(permits: u32, burst: u32, cost: u32) -> Limit {
        let number = |number| NonZeroU32::new(number).unwrap();
        let quota = Quota::new(number(permits), number(60)).with_burst(number(burst));
        let (by, audience) = (Partition::Caller, Audience::Everyone);
        Limit { quota, by, audience, cost: Cost::Permits(number(cost)), shared: None, period: None }
    }

    #[test]
    fn what_was_made_at_launch_says_what_would_be_written() {
        let limits = [limit(7, 7, 1), limit(600, 3, 2), limit(1, 5, 5), limit(9, 1, 2)];
        let texts = LimitTexts::new(&limits, RateLimitHeaders::Draft10);
        let mut full = 0;
        for (position, limit) in limits.iter().enumerate() {
            let limiter = Limiter::with_capacity_bytes(0);
            let key = limiter.key(0, "alice");
            for now in [5, 5, 6, 70_000_000_000, 70_000_000_000, 9_999_999_999_999] {
                let decision = limiter.check(key, &limit.quota, limit.cost.upfront(), now);
                let written = texts.names.limit(position, &decision).unwrap();
                let told = texts.limit(position, &Answer::Rate(decision), true).unwrap();
                assert_eq!(told.as_bytes(), written.as_bytes(), "limit {position} at {now}");
                full += u32::from(decision.found_full_bucket());
            }
        }
        assert_eq!(full, 8, "the first of each moment that is far from the last one");
    }
}
