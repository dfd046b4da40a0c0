//! Rate limiting: quotas, the in-memory limiter, shared limits in Redis, concurrency limits, bans, and the
//! rate limit headers.
//!
//! # The rules
//!
//! 1. A [`Quota`] admits its burst at one instant, and returns permits one by one, evenly over its window
//!    (GCRA). No time span as long as the window admits more than `burst + permits`.
//! 2. A request takes its cost when it is admitted, and nothing when it is rejected. A cost above the burst
//!    is always rejected.
//! 3. Decisions are exact: of any number of parallel requests for one key, exactly as many are admitted as
//!    there are permits, and no permit is lost.
//! 4. Every limit has its own counts: a key belongs to one limit of one endpoint. If one limit admits a
//!    request and a later one rejects it, its permits are returned ([`Limiter::refund`]). A cost that is
//!    known only later is charged ([`Limiter::charge`]), and up to one burst of it can be owed.
//! 5. Memory is fixed when the [`Limiter`] is built, at 20 bytes for each key. When more keys owe time than
//!    fit, the one nearest to its expiry is evicted and counted ([`LimiterStatistics::evicted_live`]).
//! 6. Only the monotonic clock counts: setting the wall clock changes no limit. A time that goes
//!    backwards (threads read the clock out of order) makes a decision stricter, never an error.
//! 7. Fail closed: a request is rejected if the arithmetic overflows.
//! 8. A limit that is changed while it counts ([`Limits::set_quota`](crate::operations::Limits::set_quota))
//!    keeps the used share: a key that had used 60% of the old bucket has used 60% of the new one.
//!
//! # What the client sees
//!
//! On every response under a limit `RateLimit-Policy` (all quotas of the endpoint) and `RateLimit` (what is
//! left), in the form that [`RateLimitHeaders`] chooses:
//!
//! ```text
//! RateLimit-Policy: "100/h";q=100;w=3600
//! RateLimit: "100/h";r=99;t=36
//! ```
//!
//! The headers omit limits that are not enforced ([`LimitMode`]).
//!
//! A rejection is 429 with `Retry-After` in whole seconds, rounded up: a client that waits as long, and sends
//! no other request meanwhile, is admitted. [`Decision::reset_header`] defines `t`.
//!
//! # Deployment
//!
//! The limiter counts in this process. With *n* processes behind a load balancer, a client may get *n* times
//! its quota, and a restart loses the counts; `SharedLimits` (feature `redis`) counts for all processes.
//! Limits by client IP need the right client IP: configure the trusted proxies, or every client behind them
//! shares one count.
//!
//! # Example
//!
//! ```
//! use std::num::NonZeroU32;
//! use std::time::Duration;
//! use secure_runtime::throttling::{Limiter, Quota};
//! use secure_runtime::{Clock, SystemClock};
//!
//! let number = |n| NonZeroU32::new(n).unwrap();
//! let limiter = Limiter::with_capacity_keys(100_000); // 2 MB
//! let quota = Quota::per_minute(number(10)).with_burst(number(2));
//!
//! let address = std::net::IpAddr::from([192, 0, 2, 7]);
//! let key = limiter.key(7, &address);
//! let now = SystemClock::new().now();
//! for _ in 0..2 {
//!     assert!(limiter.check(key, &quota, number(1), now).is_allowed());
//! }
//! let refused = limiter.check(key, &quota, number(1), now);
//! assert_eq!(refused.retry_after_header(), Some(Duration::from_secs(6)));
//! ```

#[cfg(not(loom))]
mod address_groups;
#[cfg(not(loom))]
mod bans;
#[cfg(not(loom))]
mod calendar;
mod concurrency;
#[cfg(not(loom))]
mod counters;
mod headers;
#[cfg(not(loom))]
mod load_shedding;
#[cfg(not(loom))]
mod log_sampling;
#[cfg(all(test, loom))]
mod loom_tests;
mod memory;
#[cfg(not(loom))]
mod mode;
mod rate;
#[cfg(feature = "redis")]
mod shared;
mod statistics;

pub use crate::support::prehashed::Hashed;
#[cfg(not(loom))]
pub(crate) use address_groups::AddressGroups;
#[cfg(not(loom))]
pub use bans::FailureStatistics;
#[cfg(not(loom))]
pub(crate) use bans::{BanEvent, BudgetKeys, Penalties};
#[cfg(not(loom))]
pub(crate) use calendar::Calendar;
#[cfg(not(loom))]
#[doc(hidden)]
pub use calendar::Period;
#[cfg(not(loom))]
pub(crate) use concurrency::InFlightNow;
pub(crate) use concurrency::{Bound, Entered, InFlight, Permit, Waiter};
#[cfg(not(loom))]
pub(crate) use counters::{Allowance, Answer, Counters};
pub use headers::{FieldValue, PolicyFields, RateLimitHeaders};
#[cfg(not(loom))]
pub use load_shedding::Priority;
#[cfg(not(loom))]
pub(crate) use load_shedding::{Load, Place};
#[cfg(not(loom))]
pub use log_sampling::KeyMark;
#[cfg(not(loom))]
pub(crate) use memory::{Change, Decided, Generations};
#[cfg(not(loom))]
pub(crate) use mode::ConfiguredModes;
#[cfg(not(loom))]
pub use mode::LimitMode;
pub use rate::{
    Decision, InvalidQuota, InvalidWindow, LimitKey, Limiter, LimiterStatistics, Quota,
};
#[cfg(feature = "redis")]
pub use shared::{
    Ask, InvalidSharedLimits, OnStoreFailure, SharedLimit, SharedLimits, SharedLimitsBuilder,
    SharedStatistics, Source, StoreUnavailable, Verdict,
};
#[cfg(feature = "redis")]
pub(crate) use shared::{Held, SharedTerms};
#[cfg(not(loom))]
pub(crate) use statistics::Outcome;
