//! What a client is told about its limits.
//!
//! 1. `RateLimit-Policy` lists every limit of the endpoint, `RateLimit` describes the one nearest to
//!    exhaustion (draft-ietf-httpapi-ratelimit-headers-10 sections 3 and 4). Names are strings of
//!    RFC 9651 section 3.3.3.
//! 2. `t` of an admitted request is the time until the whole quota is available again; of a refused
//!    one the time until the same request would be admitted, which is also its `Retry-After`: the
//!    latter must not come before the former (section 5).
//! 3. Seconds are rounded up.
//! 4. No partition key is sent: a client learns of its own limits only.

use std::fmt::Write;
use std::time::Duration;

use super::{Decision, Quota};

/// Which fields tell a client about its limits.
///
/// The draft's parameters are renamed between its versions, so the version is chosen by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimitHeaders {
    /// `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10.
    #[default]
    Draft10,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (seconds from now), the
    /// de facto fields of many services.
    Legacy,
    /// None; a refused request still carries `Retry-After`.
    Off,
}

/// The value of `RateLimit-Policy`: constant for an endpoint.
pub(crate) fn policy_field<'a>(policies: impl IntoIterator<Item = (&'a str, Quota)>) -> String {
    let mut field = String::new();
    for (name, quota) in policies {
        let separator = if field.is_empty() { "" } else { ", " };
        let (permits, window) = (quota.permits(), quota.window_seconds());
        let item = write!(field, "{separator}{};q={permits};w={window}", string(name));
        debug_assert!(item.is_ok(), "a string takes whatever is written");
    }
    field
}

/// An RFC 9651 string. A limit's name consists of characters that need no escape; others are left
/// out.
pub(crate) fn string(name: &str) -> String {
    let safe =
        |character: &char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
    format!("\"{}\"", name.chars().filter(safe).collect::<String>())
}

/// The value of `RateLimit` for one decision. `name` is what [`string`] made of the limit's name.
pub(crate) fn limit_field(name: &str, decision: &Decision) -> Vec<u8> {
    let (mut remaining, mut reset) = (itoa::Buffer::new(), itoa::Buffer::new());
    let remaining = remaining.format(decision.remaining());
    let reset = reset.format(reset_seconds(decision));
    let mut field = Vec::with_capacity(name.len() + remaining.len() + reset.len() + 6);
    for part in [name, ";r=", remaining, ";t=", reset] {
        field.extend_from_slice(part.as_bytes());
    }
    field
}

/// Seconds until the quota is whole, or until a refused request would be admitted.
pub(crate) fn reset_seconds(decision: &Decision) -> u64 {
    whole_seconds(decision.retry_after().unwrap_or_else(|| decision.reset_after()))
}

/// Rounded up: who waits so long has not come too early (RFC 9110 section 10.2.3).
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
