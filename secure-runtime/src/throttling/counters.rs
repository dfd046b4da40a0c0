//! Decisions of both kinds of limits: rates, whose window moves, and calendar quotas.

use std::num::NonZeroU32;

use super::calendar::Calendar;
use super::calendar::limiter::{CalendarLimiter, PeriodDecision};
use super::log_sampling::Notices;
use super::memory::evictions::Evictions;
use super::rate::gcra::Decision;
use super::rate::limiter::{LimitKey, Limiter};
use super::rate::quota::Quota;
use super::statistics::busiest::{Busiest, is_sampled};
use super::statistics::tally::{Outcome, Tally};
use crate::support::time::Moment;

/// The counts of all limits of a program.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) limiter: Limiter,
    pub(crate) calendar: CalendarLimiter,
    pub(crate) tally: Tally,
    pub(crate) busiest: Busiest,
    pub(crate) notices: Notices,
    /// Of rates, and of calendar quotas.
    evictions: [Evictions; 2],
}

/// The decision about one request under one limit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Rate(Decision),
    Period(PeriodDecision),
}

/// The terms of a limit: its rate, or its calendar if it has one.
#[derive(Clone, Copy)]
pub(crate) struct Allowance<'a> {
    pub(crate) quota: &'a Quota,
    pub(crate) calendar: Option<&'a Calendar>,
}

impl Counters {
    /// `quota_bytes` are for calendar quotas, if there are any. `limits` is the number of rates and quotas,
    /// `bounds` that of concurrency limits.
    pub(crate) fn new(
        limiter_bytes: usize,
        quota_bytes: usize,
        limits: usize,
        bounds: usize,
    ) -> Self {
        Self {
            limiter: Limiter::with_capacity_bytes(limiter_bytes),
            calendar: CalendarLimiter::with_capacity_bytes(quota_bytes),
            tally: Tally::new(limits),
            busiest: Busiest::new(limits),
            notices: Notices::new(limits.saturating_add(bounds)),
            evictions: Default::default(),
        }
    }

    /// Counts the outcome of a limit for a request.
    #[inline]
    pub(crate) fn count(&self, limit: usize, verdict: Outcome, key: LimitKey) {
        if is_sampled(self.tally.count(limit, verdict)) {
            self.busiest.look(limit, key);
            self.log_evictions();
        }
    }

    fn log_evictions(&self) {
        let memories = [
            ("rates", "limiter_capacity_bytes", self.limiter.statistics()),
            ("quotas", "quota_capacity_bytes", self.calendar.statistics()),
        ];
        for ((memory, setting, statistics), evictions) in memories.into_iter().zip(&self.evictions)
        {
            let evicted = statistics.evicted_live;
            if evictions.is_due(evicted) {
                let fit = statistics.capacity_entries;
                tracing::warn!(
                    memory,
                    evicted,
                    fit,
                    "limits evicted keys, whose counts start again: their memory is full, raise \
                     `{setting}`"
                );
            }
        }
    }

    /// Decides one request, and takes its cost if it is admitted.
    #[inline(always)]
    pub(crate) fn check(
        &self,
        key: LimitKey,
        of: Allowance<'_>,
        cost: NonZeroU32,
        now: Moment,
    ) -> Answer {
        match of.calendar {
            None => Answer::Rate(self.limiter.check(key, of.quota, cost, now)),
            Some(calendar) => {
                Answer::Period(self.calendar.check(key, calendar, cost.get(), now.unix_seconds()))
            }
        }
    }

    /// The decision that [`check`](Self::check) would make.
    pub(crate) fn peek(
        &self,
        key: LimitKey,
        of: Allowance<'_>,
        cost: NonZeroU32,
        now: Moment,
    ) -> Answer {
        match of.calendar {
            None => Answer::Rate(self.limiter.peek(key, of.quota, cost, now)),
            Some(calendar) => {
                Answer::Period(self.calendar.peek(key, calendar, cost.get(), now.unix_seconds()))
            }
        }
    }

    /// Takes a cost even if fewer permits are left.
    pub(crate) fn charge(
        &self,
        key: LimitKey,
        of: Allowance<'_>,
        cost: NonZeroU32,
        now: Moment,
    ) -> Answer {
        match of.calendar {
            None => Answer::Rate(self.limiter.charge(key, of.quota, cost, now)),
            Some(calendar) => {
                Answer::Period(self.calendar.charge(key, calendar, cost.get(), now.unix_seconds()))
            }
        }
    }

    /// Returns the permits that a decision took.
    pub(crate) fn refund(&self, key: LimitKey, of: Allowance<'_>, answer: &Answer, now: Moment) {
        match (answer, of.calendar) {
            (Answer::Rate(decision), _) => {
                self.limiter.refund(key, decision, now);
            }
            (Answer::Period(decision), Some(calendar)) => {
                self.calendar.refund(key, calendar, decision);
            }
            (Answer::Period(_), None) => {}
        }
    }
}

impl Answer {
    /// The rejection of a request whose cost is not known yet: its retry time is that of the largest cost
    /// that is ever admitted. For a calendar quota it is the end of the period.
    pub(crate) fn of_unknown_cost(self) -> Self {
        match self {
            Self::Rate(decision) => Self::Rate(decision.until_full()),
            Self::Period(_) => self,
        }
    }

    #[inline]
    pub(crate) fn is_allowed(&self) -> bool {
        match self {
            Self::Rate(decision) => decision.is_allowed(),
            Self::Period(decision) => decision.is_allowed(),
        }
    }

    #[inline]
    pub(crate) fn remaining(&self) -> u32 {
        match self {
            Self::Rate(decision) => decision.remaining(),
            Self::Period(decision) => decision.remaining(),
        }
    }

    pub(crate) fn reset_seconds(&self) -> u64 {
        match self {
            Self::Rate(decision) => decision.reset_seconds(),
            Self::Period(decision) => decision.reset_seconds(),
        }
    }

    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::Rate(decision) => decision.retry_after_seconds(),
            Self::Period(decision) => decision.retry_after_seconds(),
        }
    }
}
