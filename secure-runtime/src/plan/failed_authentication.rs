//! [`FailedAuthentication`]: the default failure budget, for endpoints without their own.

use std::num::NonZeroU32;

use crate::throttling::Quota;

/// How many failed authentications a client IP may cause, on all endpoints that authenticate together.
///
/// It limits the work of verifying forged credentials. It does not protect passwords: for that, use `failures
/// = "…"` on the endpoint that takes them.
///
/// ```
/// use std::num::NonZeroU32;
/// use secure_runtime::Security;
/// use secure_runtime::FailedAuthentication;
/// use secure_runtime::throttling::Quota;
///
/// let quota = Quota::per_minute(NonZeroU32::new(30).unwrap());
/// let strict = FailedAuthentication::Budget(quota);
/// let builder = Security::builder().failed_authentication(strict);
/// let none = Security::builder().failed_authentication(FailedAuthentication::Off);
/// # drop((builder, none));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailedAuthentication {
    /// One budget for each API key that a client IP claims, one for all its credentials that claim none, and
    /// ten times as much for the IP as a whole.
    Budget(Quota),
    /// No default budget. Failures are counted only on endpoints with their own budget.
    Off,
}

/// A hundred a minute: thousands of callers behind one address, whose tokens expire once an hour, fail less
/// often; and verifying a hundred forged signatures takes two milliseconds.
impl Default for FailedAuthentication {
    fn default() -> Self {
        const HUNDRED: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
        Self::Budget(Quota::per_minute(HUNDRED))
    }
}
