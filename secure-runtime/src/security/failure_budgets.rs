//! What a configuration says of budgets for failures: the one that is on by default, how long bans
//! last, and whether they are enforced.

use std::num::NonZeroU32;
use std::time::Duration;

use super::SecurityBuilder;
use crate::throttling::{LimitMode, Quota};

/// How much failed authentication an address may cause, on all endpoints that authenticate together.
///
/// It protects the service from verifying forged credentials without end. It is no protection of
/// passwords: that is `failures = "…"` on the endpoint that takes them.
///
/// ```
/// use std::num::NonZeroU32;
/// use secure_runtime::Security;
/// use secure_runtime::security::FailedAuthentication;
/// use secure_runtime::throttling::Quota;
///
/// let (permits, minute) = (NonZeroU32::new(30).unwrap(), NonZeroU32::new(60).unwrap());
/// let strict = FailedAuthentication::Budget(Quota::new(permits, minute));
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
        const MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
        Self::Budget(Quota::new(HUNDRED, MINUTE))
    }
}

impl SecurityBuilder {
    /// A bound of an hour, as the longest wait that NIST SP 800-63B section 5.2.2 suggests.
    pub(super) const LONGEST_BAN: Duration = Duration::from_secs(3600);

    /// Sets how much failed authentication an address may cause, on all endpoints together that have
    /// no `failures` of their own. Default: 100 refused credentials a minute; see
    /// [`FailedAuthentication`].
    ///
    /// It is counted where an address is believably one client's: what the
    /// [trusted proxies](Self::trusted_proxies) say, or else a public address whose requests show no
    /// sign of a proxy. Name the proxies, or say that there are none with an empty list.
    pub fn failed_authentication(mut self, budget: FailedAuthentication) -> Self {
        self.failed_authentication = budget;
        self
    }

    /// Sets how long a ban for failures lasts at most, a second at least. Default: an hour.
    ///
    /// The first lasts one window of its budget, each further one twice as long, and one is forgiven
    /// in twice this time.
    pub fn longest_ban(mut self, duration: Duration) -> Self {
        self.longest_ban = duration;
        self
    }

    /// Says what happens to whoever is banned for failures, for all budgets of the program. Default: they
    /// are refused.
    ///
    /// Where an attribute says something as well (`failures("10/min", mode = observe)`), the stricter of
    /// the two holds. [`limit_mode`](Self::limit_mode) says nothing of bans: whoever tries limits out does
    /// not let guessers go on. A percentage is of addresses.
    ///
    /// ```
    /// use secure_runtime::{Security, throttling::LimitMode};
    ///
    /// // Whom would today's budgets ban, the default one among them?
    /// let builder = Security::builder().failure_mode(LimitMode::Observe);
    /// # drop(builder);
    /// ```
    pub fn failure_mode(mut self, mode: LimitMode) -> Self {
        self.failure_mode = Some(mode);
        self
    }
}
