//! What a client is told about limits: `RateLimit-Policy`, `RateLimit`, `Retry-After`.

use std::fmt;
use std::time::Duration;

use super::rate::gcra::Decision;
use super::rate::quota::Quota;

/// Which fields tell a client about limits.
///
/// The draft is not an RFC yet and has renamed its fields between versions, so the version is
/// part of the name. The two families are never mixed in one response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RateLimitHeaders {
    /// `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10 (the syntax
    /// of -11 is the same).
    #[default]
    Draft10,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining`, `X-RateLimit-Reset` (in seconds from now), as
    /// many older interfaces send them.
    Legacy,
    /// Nothing but `Retry-After` on a refusal.
    Off,
}

impl RateLimitHeaders {
    /// Name of the field with the policies, draft section 3.
    pub const POLICY: &'static str = "ratelimit-policy";
    /// Name of the field with what is left, draft section 4.
    pub const LIMIT: &'static str = "ratelimit";
    /// Name of the older field with the permits of a window.
    pub const LEGACY_LIMIT: &'static str = "x-ratelimit-limit";
    /// Name of the older field with what is left.
    pub const LEGACY_REMAINING: &'static str = "x-ratelimit-remaining";
    /// Name of the older field with the seconds until it resets.
    pub const LEGACY_RESET: &'static str = "x-ratelimit-reset";
}

/// The policies of one endpoint, in the words a client is told: built once, at launch.
///
/// A policy's name is its quota in canonical form, `"100/h"`; limits with the same quota are
/// numbered, `"100/h #2"`, so that names are unique in an endpoint (draft section 3.1). Of a quota whose
/// burst is larger than its permits, `q` is the burst and `w` the time in which all of it comes back:
/// `"60/min burst 600";q=600;w=600`. So `r` is never more than `q`.
///
/// # Examples
///
/// ```
/// use std::num::NonZeroU32;
/// use secure_runtime::throttling::{Limiter, PolicyFields, Quota};
/// use secure_runtime::{Clock, SystemClock};
///
/// let number = |n| NonZeroU32::new(n).unwrap();
/// let quota = Quota::per_hour(number(100));
/// let fields = PolicyFields::new([quota, Quota::per_second(number(10))]);
/// assert_eq!(fields.policy(), r#""100/h";q=100;w=3600, "10/s";q=10;w=1"#);
///
/// let limiter = Limiter::with_capacity_bytes(1024);
/// let decision = limiter.check(limiter.key(0, "alice"), &quota, number(1), SystemClock::new().now());
/// let value = fields.limit(0, &decision);
/// assert_eq!(value.as_deref(), Some(r#""100/h";r=99;t=36"#));
/// ```
#[derive(Clone, Debug)]
pub struct PolicyFields {
    policy: String,
    /// What it says of each.
    policies: Box<[String]>,
    names: Box<[String]>,
    /// The part of the `RateLimit` field that never changes: `"100/h";r=`.
    prefixes: Box<[String]>,
}

impl PolicyFields {
    /// The fields of these quotas, which keep their positions.
    #[must_use]
    pub fn new(quotas: impl IntoIterator<Item = Quota>) -> Self {
        Self::of(quotas.into_iter().map(|quota| (quota.to_string(), quota)))
    }

    /// The fields of limits with these names, which are ASCII without quotes.
    pub(crate) fn of(limits: impl IntoIterator<Item = (String, Quota)>) -> Self {
        let mut policies: Vec<String> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for (name, quota) in limits {
            let name = unique(&names, name);
            let (permits, window) = quota.advertised();
            policies.push(format!("\"{name}\";q={permits};w={window}"));
            names.push(name);
        }
        let prefixes = names.iter().map(|name| format!("\"{name}\";r=")).collect();
        let (policy, policies) = (policies.join(", "), policies.into());
        Self { policy, policies, names: names.into(), prefixes }
    }

    /// The value of `RateLimit-Policy`: every policy with its permits `q` and its window `w` in
    /// seconds (draft section 3). Empty without quotas: the field is not sent then.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The same of some of the policies, by their positions.
    pub(crate) fn policy_of(&self, is_told: impl Fn(usize) -> bool) -> String {
        let told = self.policies.iter().enumerate().filter(|(position, _)| is_told(*position));
        told.map(|(_, policy)| policy.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The name of a policy, for `violated-policies` in a problem (draft section 5.1).
    #[must_use]
    pub fn name(&self, position: usize) -> Option<&str> {
        self.names.get(position).map(String::as_str)
    }

    /// The value of `RateLimit` for a decision under the quota at `position` (draft section 4):
    /// permits left `r`, and [`Decision::reset_header`] as `t`. `None` for a position that does not exist.
    #[must_use]
    #[inline]
    pub fn limit(&self, position: usize, decision: &Decision) -> Option<FieldValue> {
        self.numbers(position, decision.remaining(), decision.reset_seconds())
    }

    /// The same, for numbers that are known already.
    #[inline]
    pub(crate) fn numbers(
        &self,
        position: usize,
        remaining: u32,
        reset_seconds: u64,
    ) -> Option<FieldValue> {
        let prefix = self.prefixes.get(position)?;
        let mut value = FieldValue::new();
        value.put_number_before(reset_seconds);
        value.put_before(b";t=");
        value.put_number_before(u64::from(remaining));
        value.put_before(prefix.as_bytes());
        Some(value)
    }
}

/// A name that is not taken yet.
fn unique(taken: &[String], name: String) -> String {
    let free = |candidate: &String| !taken.contains(candidate);
    if free(&name) {
        return name;
    }
    (2_u32..).map(|number| format!("{name} #{number}")).find(free).unwrap_or(name)
}

impl Decision {
    /// `t` of `RateLimit`, and `X-RateLimit-Reset`: whole seconds, rounded up.
    ///
    /// * After a rejection: the time until the same request would be admitted. The draft's "until
    ///   additional quota is made available" (-10 section 4.1.2) would, for a request of several permits,
    ///   be a time at which it is rejected again. Equal to `Retry-After`, which section 6 does not want
    ///   earlier.
    /// * Otherwise: the time until the whole burst is available again. Within that time no more than `r`
    ///   are sure to be admitted (-11 section 4.1.2), and both versions let a server choose a later one.
    ///   The time of the next single permit would suggest to a client that `r` permits come back every few
    ///   seconds. `r` never exceeds the burst, which the endpoint admits at one instant, so the ratio of
    ///   `r` to `t` exposes nothing (section 8.5).
    /// * For a request that can never be admitted, because it costs more than the burst: as if admitted.
    #[must_use]
    #[inline]
    pub fn reset_header(&self) -> Duration {
        Duration::from_secs(self.reset_seconds())
    }

    /// The value of `Retry-After` (RFC 9110 section 10.2.3): whole seconds, rounded up, at least one.
    ///
    /// `None` for a request that was admitted, and for one that can never be.
    #[must_use]
    #[inline]
    pub fn retry_after_header(&self) -> Option<Duration> {
        self.retry_after_seconds().map(Duration::from_secs)
    }

    #[inline]
    pub(super) fn reset_seconds(&self) -> u64 {
        self.retry_after_seconds().unwrap_or_else(|| whole_seconds(self.reset_after()))
    }

    #[inline]
    pub(super) fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after().map(|wait| whole_seconds(wait).max(1))
    }
}

#[inline]
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}

/// A field value in a buffer of its own: nothing is allocated.
///
/// It is written from its end, as the digits of a number come.
#[derive(Clone, Copy)]
pub struct FieldValue {
    bytes: [u8; FIELD_BYTES],
    start: usize,
}

/// The longest value: a name of 3 numbers and words (`4294967295/4294967295s burst 4294967295`,
/// 39 bytes), quoted and numbered (14), and 2 numbers and parameters (36).
const FIELD_BYTES: usize = 96;

impl FieldValue {
    /// A number as a field value: `Retry-After` and the older fields.
    #[must_use]
    #[inline]
    pub fn number(number: u64) -> Self {
        let mut value = Self::new();
        value.put_number_before(number);
        value
    }

    /// The value, which is ASCII.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// The value as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    const fn new() -> Self {
        Self { bytes: [0; FIELD_BYTES], start: FIELD_BYTES }
    }

    /// Leaves the value as it is when `text` does not fit, which no quota makes happen.
    #[inline]
    fn put_before(&mut self, text: &[u8]) {
        let start = self.start.saturating_sub(text.len());
        if let Some(room) = self.bytes.get_mut(start..self.start)
            && room.len() == text.len()
        {
            room.copy_from_slice(text);
            self.start = start;
        }
    }

    #[inline]
    fn put_number_before(&mut self, number: u64) {
        let (mut rest, mut start) = (number, self.start);
        let room = self.bytes.get_mut(..start).unwrap_or_default();
        for digit in room.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            start -= 1;
            if rest == 0 {
                self.start = start;
                return;
            }
        }
    }
}

impl std::ops::Deref for FieldValue {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}
