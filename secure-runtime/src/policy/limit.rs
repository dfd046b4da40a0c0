//! Limits: how many requests, whose are counted together, which of them, and what each takes.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use super::rule::{Expression, Rule};
use crate::principal::Principal;
use crate::throttling::{LimitMode, Period, Quota};

/// One limit of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many, in which time, how many at once.
    pub quota: Quota,
    /// Whose requests are counted together.
    pub by: Partition,
    /// Which requests are counted.
    pub audience: Audience,
    /// How many permits one request takes.
    pub cost: Cost,
    /// The name under which every endpoint that uses this limit counts together; `None`: each counts
    /// for itself.
    pub shared: Option<&'static str>,
    /// Whether an answer of 500 or above gives back what the request took.
    pub refunds: bool,
    /// Requests of which this holds are not counted. It asks what the caller was granted, and for the
    /// client's address.
    pub unless: Option<Rule>,
    /// The period of the calendar in which the permits may be used; `None`: within any window. The
    /// window of `quota` is then that of the longest period.
    pub period: Option<CalendarPeriod>,
    /// What the attribute says of requests beyond it; `None`: what the configuration says.
    pub mode: Option<LimitMode>,
}

/// A period of the calendar, by somebody's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarPeriod {
    /// How long it is.
    pub period: Period,
    /// The time zone: `UTC`, or a name of the IANA database.
    pub zone: &'static str,
}

impl Limit {
    /// The name by which a client knows it: `100/h`, `10000/month`.
    pub(crate) fn name(&self) -> String {
        match self.period {
            None => self.quota.to_string(),
            Some(CalendarPeriod { period, .. }) => {
                format!("{}/{}", self.quota.permits(), period.name())
            }
        }
    }
}
/// How many requests are served at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// At most so many.
    pub most: NonZeroU32,
    /// Whose requests are counted together.
    pub by: Partition,
    /// Who waits for one of them to end; `None`: nobody, one more is refused at once.
    pub queue: Option<Queue>,
    /// What the attribute says of requests beyond it; `None`: what the configuration says.
    pub mode: Option<LimitMode>,
}

/// The queue of a concurrency limit: requests beyond the limit wait for a free slot, first in, first out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queue {
    /// The largest number of waiting requests of one key.
    pub places: NonZeroU32,
    /// The longest wait of one request; after that it is rejected.
    pub wait: Duration,
}

impl Queue {
    /// A queue of so many requests of one key, each of which waits at most this long.
    #[must_use]
    pub const fn new(places: NonZeroU32, wait: Duration) -> Self {
        Self { places, wait }
    }
}

/// `8 at once by tenant queue 16 wait 500ms observed`
impl fmt::Display for Concurrency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at once", self.most)?;
        match self.by {
            Partition::Caller => {}
            by => write!(formatter, " by {by}")?,
        }
        if let Some(Queue { places, wait }) = self.queue {
            write!(formatter, " queue {places} wait {wait:?}")?;
        }
        self.mode.map_or(Ok(()), |mode| mode.write_of_limit(formatter))
    }
}

/// How many permits one request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Always as many.
    Permits(NonZeroU32),
    /// What an expression about the handler's arguments comes to. One is taken before the body is
    /// read, the rest once the arguments are valid.
    Arguments(Expression),
    /// What the handler says in its response. One is taken first, the rest after the response.
    Response,
}

/// Whose requests a limit counts together (its partition key).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partition {
    /// The principal if the request has one, else the client's address.
    Caller,
    /// The client's address.
    Address,
    /// The principal.
    Principal,
    /// The tenant that the principal acts for; a principal of no tenant counts by itself.
    Tenant,
    /// The API key that was sent; without one, as [`Partition::Caller`].
    ApiKey,
    /// Everybody: one count for the endpoint.
    Endpoint,
    /// What the one header line of this name says; without one, as [`Partition::Caller`].
    Header(&'static str),
    /// A claim, and those inside of it; without a text, number or Boolean there, as
    /// [`Partition::Caller`].
    Claim(&'static [&'static str]),
    /// The value of an expression of the application.
    Key(Expression),
    /// All of these together.
    Each(&'static [Partition]),
}

/// Which requests a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// All of them.
    Everyone,
    /// Those that end authentication without a principal, refused ones included.
    Anonymous,
    /// Those that end authentication with a principal.
    Authenticated,
    /// Those of a principal of this tier.
    Tier(&'static str),
    /// Those of a principal of this tier, or of none of the others: the smallest rate is for those
    /// of whom nothing better is known.
    LeastTier(&'static str, &'static [&'static str]),
}

impl Audience {
    /// Whether the limit counts requests of this caller; `None` is an anonymous one. `tier` is the
    /// tier that the application says it has, where it says one.
    pub(crate) fn has(self, caller: Option<&Principal>, tier: Option<&str>) -> bool {
        match (self, caller) {
            // Those with a principal do not come to the limits of the anonymous.
            (Self::Everyone | Self::Anonymous, _) => true,
            (_, None) => false,
            (Self::Authenticated, Some(_)) => true,
            (Self::Tier(name), Some(caller)) => tier.or(caller.tier()) == Some(name),
            (Self::LeastTier(_, others), Some(caller)) => {
                !tier.or(caller.tier()).is_some_and(|tier| others.contains(&tier))
            }
        }
    }

    /// The tier whose callers it counts.
    pub(crate) fn tier(self) -> Option<&'static str> {
        match self {
            Self::Tier(name) | Self::LeastTier(name, _) => Some(name),
            Self::Everyone | Self::Anonymous | Self::Authenticated => None,
        }
    }
}

impl Partition {
    /// Whether it, or a part of it, is this one.
    pub(crate) fn asks_for(self, wanted: Self) -> bool {
        match self {
            Self::Each(parts) => parts.iter().any(|part| part.asks_for(wanted)),
            part => part == wanted,
        }
    }
}

impl Cost {
    /// What is taken before anything of the body is read.
    pub(crate) fn upfront(self) -> NonZeroU32 {
        match self {
            Self::Permits(number) => number,
            Self::Arguments(_) | Self::Response => NonZeroU32::MIN,
        }
    }
}

/// As `by` writes it.
impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Caller => "caller",
            Self::Address => "address",
            Self::Principal => "principal",
            Self::Tenant => "tenant",
            Self::ApiKey => "api_key",
            Self::Endpoint => "endpoint",
            Self::Header(name) => return write!(formatter, "header({name:?})"),
            Self::Claim(names) => return write!(formatter, "claim({:?})", names.join(".")),
            Self::Key(expression) => return write!(formatter, "key({})", expression.text),
            Self::Each(parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                return write!(formatter, "({})", parts.join(", "));
            }
        };
        formatter.write_str(word)
    }
}

/// In the words of the attribute: `100/h by tenant authenticated cost 5`.
impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())?;
        match self.period {
            Some(CalendarPeriod { zone, .. }) if zone != "UTC" => write!(formatter, " {zone}")?,
            _ => {}
        }
        match self.by {
            Partition::Caller => {}
            by => write!(formatter, " by {by}")?,
        }
        match self.audience {
            Audience::Everyone => {}
            Audience::Anonymous => formatter.write_str(" anonymous")?,
            Audience::Authenticated => formatter.write_str(" authenticated")?,
            Audience::Tier(name) | Audience::LeastTier(name, _) => {
                write!(formatter, " tier {name}")?
            }
        }
        match self.cost {
            Cost::Permits(NonZeroU32::MIN) => {}
            Cost::Permits(number) => write!(formatter, " cost {number}")?,
            Cost::Arguments(expression) => write!(formatter, " cost {}", expression.text)?,
            Cost::Response => formatter.write_str(" cost response")?,
        }
        if let Some(name) = self.shared {
            write!(formatter, " shared as {name}")?;
        }
        if self.refunds {
            formatter.write_str(" refund 5xx")?;
        }
        if let Some(rule) = self.unless {
            write!(formatter, " unless {rule}")?;
        }
        self.mode.map_or(Ok(()), |mode| mode.write_of_limit(formatter))
    }
}
