//! Settings of the builder for budgets of failed authentication: the default budget, the length of bans,
//! shadow mode.

use std::time::Duration;

use super::SecurityBuilder;
use crate::plan::FailedAuthentication;
use crate::throttling::LimitMode;

impl SecurityBuilder {
    /// An hour, the longest wait that NIST SP 800-63B section 5.2.2 suggests.
    pub(super) const LONGEST_BAN: Duration = Duration::from_secs(3600);

    /// Sets how many failed authentications a client IP may cause, counted over all endpoints without
    /// `failures` of their own. Default: 100 rejected credentials a minute; see [`FailedAuthentication`].
    ///
    /// Failures are counted only if the client IP is reliable: it comes from [trusted
    /// proxies](Self::trusted_proxies), or it is a public address and its requests show no sign of a proxy.
    /// Configure the proxies, or pass an empty list if there are none.
    pub fn failed_authentication(mut self, budget: FailedAuthentication) -> Self {
        self.failed_authentication = budget;
        self
    }

    /// Sets the longest duration of a ban, at least one second. Default: an hour.
    ///
    /// The first ban lasts one window of its budget, and each further ban twice as long as the one before.
    /// One ban is forgiven after twice this duration.
    pub fn longest_ban(mut self, duration: Duration) -> Self {
        self.longest_ban = duration;
        self
    }

    /// Sets whether bans are enforced, for all budgets of the program. Default: requests of banned clients
    /// are refused.
    ///
    /// If an attribute has a mode as well (`failures("10/min", mode = observe)`), the stricter one holds.
    /// [`limit_mode`](Self::limit_mode) does not apply to bans, so a trial of rate limits does not disable
    /// the protection against guessing. A percentage is a share of client IPs.
    ///
    /// ```
    /// use secure_runtime::{Security, throttling::LimitMode};
    ///
    /// // Shadow mode: bans are recorded and logged, and not enforced.
    /// let builder = Security::builder().failure_mode(LimitMode::Observe);
    /// # drop(builder);
    /// ```
    pub fn failure_mode(mut self, mode: LimitMode) -> Self {
        self.failure_mode = Some(mode);
        self
    }
}
