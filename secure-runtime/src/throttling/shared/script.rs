//! The script that decides in Redis: what is asked of it, and what it answers.

use std::sync::LazyLock;

use redis::{Cmd, Value};

use super::ask::{Ask, Kind, SharedLimit};

/// What one limit is asked, under the name of its key.
pub(super) struct Line {
    key: String,
    kind: Kind,
    /// In nanoseconds; `None` when it can never be had.
    cost: Option<u64>,
    full: u64,
    interval: u64,
    lease: u32,
}

/// What is asked in one trip.
pub(super) struct Order {
    lines: Vec<Line>,
    /// In nanoseconds since 1970, instead of Redis' own.
    time: Option<u64>,
}

/// What the script answered.
pub(super) struct Reply {
    pub(super) now_ns: u64,
    pub(super) is_admitted: bool,
    pub(super) lines: Vec<ReplyLine>,
}

/// What it says of one limit.
#[derive(Clone, Copy)]
pub(super) struct ReplyLine {
    /// The time until the bucket is full, in nanoseconds.
    pub(super) reset_ns: u64,
    pub(super) leased: u32,
    pub(super) fits: bool,
}

impl Line {
    pub(super) fn new(key: String, ask: &Ask<'_>, lease: u32) -> Self {
        let quota = &ask.limit.quota;
        let cost = quota.emission_interval_ns().checked_mul(u64::from(ask.cost.get()));
        let full = full(ask.limit);
        let cost = match ask.kind {
            Kind::Charge => Some(cost.unwrap_or(u64::MAX).min(full.saturating_mul(2))),
            Kind::Take | Kind::Peek => cost.filter(|_| ask.cost <= quota.burst()),
        };
        let interval = quota.emission_interval_ns();
        Self { key, kind: ask.kind, cost, full, interval, lease }
    }

    /// Permits for later, and nothing for now.
    pub(super) fn lease(key: String, limit: &SharedLimit, lease: u32) -> Self {
        let interval = limit.quota.emission_interval_ns();
        Self { key, kind: Kind::Take, cost: Some(0), full: full(limit), interval, lease }
    }
}

impl Order {
    pub(super) fn new(lines: Vec<Line>, time: Option<u64>) -> Self {
        Self { lines, time }
    }

    pub(super) fn limits(&self) -> usize {
        self.lines.len()
    }

    /// The order for a Redis that knows the script.
    pub(super) fn by_name(&self) -> Cmd {
        self.command("EVALSHA", &SCRIPT_NAME)
    }

    /// The order with the script, which Redis keeps.
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
        for line in &self.lines {
            command.arg(match line.kind {
                Kind::Take => "take",
                Kind::Peek => "peek",
                Kind::Charge => "charge",
            });
            match line.cost {
                Some(cost) => split(&mut command, cost),
                None => {
                    command.arg(-1).arg(0);
                }
            }
            split(&mut command, line.full);
            split(&mut command, line.interval);
            command.arg(line.lease);
        }
        command
    }
}

impl Reply {
    /// `None` for an answer that is not one of the script about so many limits.
    pub(super) fn read(value: &Value, limits: usize) -> Option<Self> {
        let Value::Array(values) = value else { return None };
        let mut numbers = values.iter().map(|value| match value {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        });
        let mut next = || numbers.next().flatten();
        let now_ns = join(next()?, next()?)?;
        let is_admitted = next()? == 1;
        let mut lines = Vec::with_capacity(limits);
        for _ in 0..limits {
            let reset_ns = join(next()?, next()?)?;
            let leased = u32::try_from(next()?).ok()?;
            lines.push(ReplyLine { reset_ns, leased, fits: next()? == 1 });
        }
        numbers.next().is_none().then_some(Self { now_ns, is_admitted, lines })
    }
}

/// Seconds and nanoseconds below a second, as two numbers that Lua holds exactly.
fn split(command: &mut Cmd, nanos: u64) {
    command.arg(nanos / SECOND).arg(nanos % SECOND);
}

fn join(seconds: u64, nanos: u64) -> Option<u64> {
    seconds.checked_mul(SECOND)?.checked_add(nanos)
}

/// What takes longer to fill than 250 years counts as that: twice as much, and the time since 1970, are
/// a number of 64 bits.
fn full(limit: &SharedLimit) -> u64 {
    limit.quota.burst_tolerance_ns().min(MOST_FULL)
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
