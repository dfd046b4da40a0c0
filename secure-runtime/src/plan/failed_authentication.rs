//! How much failed authentication an address may cause, where no endpoint has a budget of its own.

use std::num::NonZeroU32;

use crate::throttling::Quota;

/// How much failed authentication an address may cause, on all endpoints that authenticate together.
///
/// It protects the service from verifying forged credentials without end. It is no protection of
/// passwords: that is `failures = "…"` on the endpoint that takes them.
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
    /// So much for each API key that is claimed from an address, as much for all credentials from
    /// there that claim nothing, and ten times as much for the address.
    Budget(Quota),
    /// It is not counted, but where an endpoint says so.
    Off,
}

/// A hundred a minute: thousands of callers behind one address, whose tokens end once an hour, fail
/// less often, and the forged signatures that fit cost two milliseconds.
impl Default for FailedAuthentication {
    fn default() -> Self {
        const HUNDRED: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
        Self::Budget(Quota::per_minute(HUNDRED))
    }
}
