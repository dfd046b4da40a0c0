//! The script that decides in Redis: its arguments and its reply.

use std::sync::{Arc, LazyLock};

use redis::{Cmd, Value};

use super::ask::{Ask, Kind, SharedLimit};
use super::held::{back_of_period, until};
use super::periods::{Periods, Span};
use crate::throttling::rate::quota::Quota;

/// The arguments of one limit, with the name of its key.
pub(super) struct Line {
    key: String,
    kind: Kind,
    of: Of,
}

/// The unit of the arguments.
enum Of {
    /// All times in nanoseconds.
    Rate {
        /// `None` if the cost can never be admitted.
        cost: Option<u64>,
        full: u64,
        interval: u64,
        lease: u32,
        whole: u64,
        /// When the permits that were taken before, and may be returned, have come back by themselves: since
        /// 1970.
        until: u64,
        deepest: u64,
    },
    Period {
        cost: u32,
        /// The permits that may be returned, in the period that ends then.
        back: (u32, u64),
        periods: Arc<Periods>,
        span: Span,
    },
}

/// The arguments of one round trip.
pub(super) struct Order {
    lines: Vec<Line>,
    /// In nanoseconds since 1970, instead of Redis' clock.
    time: Option<u64>,
}

/// The reply of the script.
pub(super) enum Answered {
    Reply(Reply),
    /// Nothing was decided, because it is another period by Redis' clock, in seconds since 1970.
    OtherPeriod(u64),
}

/// What was decided.
pub(super) struct Reply {
    pub(super) now_ns: u64,
    pub(super) is_admitted: bool,
    pub(super) lines: Vec<ReplyLine>,
}

/// The reply about one limit.
#[derive(Clone, Copy)]
pub(super) struct ReplyLine {
    pub(super) found: Found,
    pub(super) leased: u32,
    pub(super) fits: bool,
}

/// The state after the request.
#[derive(Clone, Copy)]
pub(super) enum Found {
    /// The time until the bucket is full, in nanoseconds.
    Rate { reset_ns: u64 },
    /// The end of the period, in seconds since 1970, and its used permits.
    Period { end: u64, used: u64 },
}

impl Line {
    /// `unix_seconds`: the approximate time of Redis' clock.
    pub(super) fn new(key: String, ask: &Ask<'_>, lease: u32, unix_seconds: u64) -> Self {
        let SharedLimit { quota, periods, .. } = ask.limit;
        let kind = ask.kind;
        if let Some(periods) = periods {
            let (periods, span) = (Arc::clone(periods), periods.around(unix_seconds));
            let (cost, back) = (ask.cost.get(), back_of_period(ask));
            return Self { key, kind, of: Of::Period { cost, back, periods, span } };
        }
        let interval = quota.emission_interval_ns();
        let cost = interval.checked_mul(u64::from(ask.cost.get()));
        let full = full(quota);
        let cost = match kind {
            Kind::Charge => Some(cost.unwrap_or(u64::MAX).min(full.saturating_mul(2))),
            Kind::Take | Kind::Observe | Kind::Peek => cost.filter(|_| ask.cost <= quota.burst()),
            Kind::Keep | Kind::GiveBack => Some(0),
        };
        let (whole, deepest) = wholes(ask.limit);
        let until = until(ask);
        Self { key, kind, of: Of::Rate { cost, full, interval, lease, whole, until, deepest } }
    }

    /// Permits for later, and nothing for now.
    pub(super) fn lease(key: String, limit: &SharedLimit, lease: u32) -> Self {
        let (interval, full) = (limit.quota.emission_interval_ns(), full(&limit.quota));
        let (whole, deepest) = wholes(limit);
        let of = Of::Rate { cost: Some(0), full, interval, lease, whole, until: 0, deepest };
        Self { key, kind: Kind::Take, of }
    }

    fn write(&self, command: &mut Cmd) {
        match &self.of {
            Of::Rate { cost, full, interval, lease, whole, until, deepest } => {
                command.arg(match self.kind {
                    Kind::Take => "take",
                    Kind::Observe => "observe",
                    Kind::Peek => "peek",
                    Kind::Charge => "charge",
                    Kind::Keep => "keep",
                    Kind::GiveBack => "back",
                });
                match cost {
                    Some(cost) => split(command, *cost),
                    None => {
                        command.arg(-1).arg(0);
                    }
                }
                split(command, *full);
                split(command, *interval);
                command.arg(*lease).arg(format!(" {whole}"));
                split(command, *until);
                split(command, *deepest);
            }
            Of::Period { cost, back, periods, span } => {
                command.arg(match self.kind {
                    Kind::Take => "period-take",
                    Kind::Observe => "period-observe",
                    Kind::Peek => "period-peek",
                    Kind::Charge => "period-charge",
                    Kind::Keep => "period-keep",
                    Kind::GiveBack => "period-back",
                });
                let Span { from, end, next_end, most_later } = *span;
                command.arg(*cost).arg(periods.permits());
                command.arg(from).arg(end).arg(next_end).arg(most_later);
                command.arg(back.0).arg(back.1);
                // Padding to the number of arguments of a rate.
                command.arg(0).arg(0).arg(0).arg(0);
            }
        }
    }
}

impl Order {
    pub(super) fn new(lines: Vec<Line>, time: Option<u64>) -> Self {
        Self { lines, time }
    }

    /// The same for a Redis whose clock shows this time.
    pub(super) fn at(&mut self, unix_seconds: u64) {
        for line in &mut self.lines {
            if let Of::Period { periods, span, .. } = &mut line.of {
                *span = periods.around(unix_seconds);
            }
        }
    }

    /// The command for a Redis that has the script cached.
    pub(super) fn by_name(&self) -> Cmd {
        self.command("EVALSHA", &SCRIPT_NAME)
    }

    /// The command with the script, which Redis caches.
    pub(super) fn in_full(&self) -> Cmd {
        self.command("EVAL", SCRIPT)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(self.lines.len());
        for line in &self.lines {
            command.arg(&line.key);
        }
        match self.time {
            Some(nanos) => command.arg(format!("{nanos:010}")),
            None => command.arg(""),
        };
        self.lines.iter().for_each(|line| line.write(&mut command));
        command
    }

    /// `None` for a reply that does not match the script and these limits.
    pub(super) fn read(&self, value: &Value) -> Option<Answered> {
        let Value::Array(values) = value else { return None };
        let mut numbers = values.iter().map(|value| match value {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        });
        let mut next = || numbers.next().flatten();
        let (now_s, now_n) = (next()?, next()?);
        let is_admitted = match next()? {
            2 => return Some(Answered::OtherPeriod(now_s)),
            verdict => verdict == 1,
        };
        let mut lines = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            let (one, other) = (next()?, next()?);
            let found = match line.of {
                Of::Rate { .. } => Found::Rate { reset_ns: join(one, other)? },
                Of::Period { .. } => Found::Period { end: one, used: other },
            };
            let leased = u32::try_from(next()?).ok()?;
            lines.push(ReplyLine { found, leased, fits: next()? == 1 });
        }
        let reply = Reply { now_ns: join(now_s, now_n)?, is_admitted, lines };
        numbers.next().is_none().then_some(Answered::Reply(reply))
    }
}

/// Seconds and the nanoseconds below a second, as two numbers that Lua represents exactly.
fn split(command: &mut Cmd, nanos: u64) {
    command.arg(nanos / SECOND).arg(nanos % SECOND);
}

fn join(seconds: u64, nanos: u64) -> Option<u64> {
    seconds.checked_mul(SECOND)?.checked_add(nanos)
}

/// A refill time above 250 years counts as 250 years: twice as much, plus the time since 1970, fits into 64
/// bits.
fn full(quota: &Quota) -> u64 {
    quota.burst_tolerance_ns().min(MOST_FULL)
}

/// The bucket of which the used permits are a share, and its largest debt: another bucket of the largest size
/// that an endpoint has.
fn wholes(limit: &SharedLimit) -> (u64, u64) {
    let largest = limit.largest_bucket_ns().min(MOST_FULL);
    (limit.whole.min(MOST_FULL), largest.saturating_mul(2))
}

const SCRIPT: &str = include_str!("decide.lua");
const SECOND: u64 = 1_000_000_000;
const MOST_FULL: u64 = 250 * 365 * 24 * 60 * 60 * SECOND;

/// The SHA-1 by which Redis names a script; nothing relies on it.
static SCRIPT_NAME: LazyLock<String> = LazyLock::new(|| {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, SCRIPT.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
});
