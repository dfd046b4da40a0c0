//! Rate limits, calendar quotas and concurrency limits: quota, partition key, audience, cost.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use super::rule::{Expression, Rule};
use crate::principal::Principal;
use crate::throttling::{LimitMode, Period, Quota};

/// One rate limit or calendar quota of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The permits, the window and the burst.
    pub quota: Quota,
    /// The partition key: requests with the same key are counted together.
    pub by: Partition,
    /// The audience: which requests are counted.
    pub audience: Audience,
    /// The permits that one request takes.
    pub cost: Cost,
    /// The name of a rate that several endpoints share; `None`: the endpoint has its own.
    pub shared: Option<&'static str>,
    /// Whether a response of 500 or above returns the permits of the request.
    pub refunds: bool,
    /// Requests for which this rule holds are not counted. It is about the caller's grants and the client IP.
    pub unless: Option<Rule>,
    /// The period of a calendar quota; `None`: a moving window. For a calendar quota, the window of `quota`
    /// is the longest length of the period.
    pub period: Option<CalendarPeriod>,
    /// The mode in the attribute; `None`: that of the configuration.
    pub mode: Option<LimitMode>,
}

/// A period of the calendar in a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarPeriod {
    /// Its length.
    pub period: Period,
    /// The time zone: `UTC`, or a name of the IANA database.
    pub zone: &'static str,
}

impl Limit {
    /// A limit of this quota with no option set: it counts by principal, and a request takes one permit.
    pub(crate) const fn of(quota: Quota) -> Self {
        Self {
            quota,
            by: Partition::Caller,
            audience: Audience::Everyone,
            cost: Cost::Permits(NonZeroU32::MIN),
            shared: None,
            refunds: false,
            unless: None,
            period: None,
            mode: None,
        }
    }

    /// The name that clients read in headers: `100/h`, `10000/month`.
    pub(crate) fn name(&self) -> String {
        match self.period {
            None => self.quota.to_string(),
            Some(CalendarPeriod { period, .. }) => {
                format!("{}/{}", self.quota.permits(), period.name())
            }
        }
    }
}
/// One concurrency limit: how many requests may be in flight at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// The largest number of requests in flight.
    pub most: NonZeroU32,
    /// The partition key: requests with the same key are counted together.
    pub by: Partition,
    /// The queue; `None`: requests beyond the limit are rejected at once.
    pub queue: Option<Queue>,
    /// The mode in the attribute; `None`: that of the configuration.
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

/// The permits that one request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// A constant number.
    Permits(NonZeroU32),
    /// The value of an expression about the handler's arguments. One permit is taken before the body is read,
    /// the rest once the arguments are valid.
    Arguments(Expression),
    /// The cost in the handler's response. One permit is taken first, the rest after the response.
    Response,
}

/// The partition key of a limit: requests with the same key are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partition {
    /// The principal if the request has one, else the client IP.
    Caller,
    /// The client IP.
    Address,
    /// The principal.
    Principal,
    /// The tenant of the principal. A principal without a tenant has its own count.
    Tenant,
    /// The API key of the request; without one, as [`Partition::Caller`].
    ApiKey,
    /// One count for all requests of the endpoint.
    Endpoint,
    /// The value of the header with this name, if there is exactly one line; else as [`Partition::Caller`].
    Header(&'static str),
    /// The path of a claim. If there is no text, number or Boolean at it, as [`Partition::Caller`].
    Claim(&'static [&'static str]),
    /// The value of an expression of the application.
    Key(Expression),
    /// The combination of all of these.
    Each(&'static [Partition]),
}

/// The audience of a limit: which requests it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// All of them.
    Everyone,
    /// Anonymous requests, including those whose credentials were rejected.
    Anonymous,
    /// Authenticated requests.
    Authenticated,
    /// Requests of principals of this tier.
    Tier(&'static str),
    /// Requests of principals of this tier, and of principals without a tier or with one that the limit does
    /// not list: they get the lowest rate.
    LeastTier(&'static str, &'static [&'static str]),
}

impl Audience {
    /// Whether the limit counts requests of this caller; `None` is an anonymous request. `tier` is the tier
    /// from the application, if it provides one.
    pub(crate) fn has(self, caller: Option<&Principal>, tier: Option<&str>) -> bool {
        match (self, caller) {
            // The limits of anonymous requests are not evaluated for authenticated ones.
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
    /// Whether the partition, or a part of it, is this one.
    pub(crate) fn asks_for(self, wanted: Self) -> bool {
        match self {
            Self::Each(parts) => parts.iter().any(|part| part.asks_for(wanted)),
            part => part == wanted,
        }
    }
}

impl Cost {
    /// The permits that are taken before the body is read.
    pub(crate) fn upfront(self) -> NonZeroU32 {
        match self {
            Self::Permits(number) => number,
            Self::Arguments(_) | Self::Response => NonZeroU32::MIN,
        }
    }
}

/// In the notation of `by`.
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

/// In the notation of the inventory: `100/h by tenant authenticated cost 5`.
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
